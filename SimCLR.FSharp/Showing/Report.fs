namespace SimCLR

open System
open System.IO
open SimCLR.Core.Runtime
open Giraffe.ViewEngine
open Plotly.NET

/// What a sweep came to, as one page.
type Report =
    {
        Title: string
        /// A line or more under the title.
        Subtitle: string
        Results: Results
        Tables: Table list
        Plots: (string * GenericChart) list
        /// What an encoder makes of test images.
        Embedding: Embedding option
        /// A PNG of what the views do.
        ViewSheet: string option
        /// Names and values.
        Provenance: (string * string) list
        /// After so many seconds a browser loads the page again: the sweep is in progress.
        Refresh: int option
    }

/// The report of a sweep: one HTML page that opens without a network.
[<RequireQualifiedAccess>]
module Report =

    /// The columns of a sweep's table: the probe before and after, and the quantities of the paper's Table 5.
    let columns =
        [
            Metric.linearTop1Untrained
            Metric.linearTop1
            Metric.knnTop1
            Metric.finalLoss
            Metric.entropy
            Metric.contrastiveTop1
            Metric.imagesPerSecond
        ]

    /// Columns that say nothing of what a setting is worth: a ranking, which has a column for every axis, leaves them out.
    let private ofTraining =
        set
            [
                for metric in [ Metric.entropy; Metric.contrastiveTop1; Metric.imagesPerSecond ] -> metric.Name
            ]

    /// Of all trainings together, with how it was found.
    let private energy (known: Provenance list) =
        let energies = known |> List.map _.Energy
        let methods = energies |> List.map _.Method |> List.distinct |> String.concat "; "
        $"{energies |> List.sumBy _.WattHours:F1} Wh ({methods})"

    /// Values that are told each.
    [<Literal>]
    let private mostValues = 4

    /// What all trainings have, or what most have first, each with how many have it.
    let private told (values: string list) =
        match values |> List.countBy id |> List.sortByDescending snd with
        | [ value, _ ] -> value
        | several ->
            let shown =
                several
                |> List.truncate mostValues
                |> List.map (fun (value, count) -> $"{value} ({count})")

            let others = several |> List.skip shown.Length |> List.sumBy snd

            String.concat
                "; "
                (shown
                 @ [
                     if others > 0 then
                         $"others ({others})"
                 ])

    let private provenance store (results: Results) =
        let stored = results.Cells |> List.filter _.Stored |> List.length

        // Runs that differ in what is measured share a training.
        let known =
            results.Cells
            |> List.map _.Cell.Run
            |> List.distinctBy Run.trainingHash
            |> List.choose (fun run -> Store.tryProvenance run store)

        let line name value = name, told (List.map value known)

        [
            "Runs", $"{results.Cells.Length}, {stored} of them from the store"
            "Store", store.Folder

            if not known.IsEmpty then
                line "Machine" _.Machine
                line "Device" (fun p -> $"{p.Device}, {p.Threads} threads, {p.Precision}")
                line "Versions" _.Versions
                line "Commit" _.Commit
                line "Script's commit" _.ScriptCommit
                "Energy", energy known

                if known |> List.exists _.InitialWeights.IsSome then
                    line "Began with" (_.InitialWeights >> Option.defaultValue "random weights")
            "Written", DateTimeOffset.Now.ToString "yyyy-MM-dd HH:mm zzz"
        ]

    /// Of points that are drawn: a ranking. Else by each axis a summary; by one axis intervals and paired differences too, by two the probe in a square and the best of each row.
    let private tables columns (results: Results) =
        // Who reads such a row must know.
        let columns =
            if
                columns |> List.forall (fun column -> column.Name <> Metric.collapsedAt.Name)
                && Results.outcomes results
                   |> List.exists (fun (_, outcome) -> not (Double.IsNaN(Metric.collapsedAt.Get outcome)))
            then
                columns @ [ Metric.collapsedAt ]
            else
                columns

        let axes =
            match Results.varied results with
            | [] -> results.Axes |> List.filter ((<>) Grid.SeedAxis)
            | varied -> varied

        // Two seeds say too little of their deviation.
        let hasIntervals =
            results.Cells |> List.distinctBy (_.Cell.Run.Seed) |> List.length > 2

        let measured = Results.outcomes results |> List.map snd |> Metric.measuredOf

        [
            if Results.isSampled results then
                Table.ranking (columns |> List.filter (fun column -> not (ofTraining.Contains column.Name))) results

                if not measured.IsEmpty then
                    { Table.ranking measured results with
                        Title = "Measured, by validation accuracy"
                    }
            else
                for axis in axes do
                    Table.summary axis columns results

                    if not measured.IsEmpty then
                        { Table.summary axis measured results with
                            Title = $"Measured, by {axis}"
                        }

            match Results.varied results with
            | _ when Results.isSampled results -> ()
            | [ axis ] when hasIntervals ->
                Table.intervals axis (ReportPlots.leading results) results
                Table.differences axis (ReportPlots.leading results).Head results
            | rows :: others :: _ ->
                Table.pivot rows others (ReportPlots.leading results).Head results
                Table.best rows Metric.linearTop1 results
            | _ -> ()
        ]

    let internal standardTables results = tables columns results

    /// Tables and plots of a sweep, with those columns.
    let ofColumns columns title store (results: Results) =
        let names = String.Join(", ", results.Axes)

        {
            Title = title
            Subtitle = $"{results.Cells.Length} runs over {names}"
            Results = results
            Tables = tables columns results
            Plots = ReportPlots.ofResults results
            Embedding = None
            ViewSheet = None
            Provenance = provenance store results
            Refresh = None
        }

    /// Tables and plots of a sweep.
    let ofResults title store results = ofColumns columns title store results

    /// The report with a table for each comparison, under which its verdict stands.
    let beside comparisons report =
        { report with
            Tables = report.Tables @ List.map Comparison.table comparisons
        }

    let private runView (cell: CellResult) =
        let ending =
            match cell.Result with
            | Ok outcome ->
                let failures =
                    [
                        for label, failure in outcome.Failures ->
                            $"; {label} failed: {failure.Reason}. {failure.Detail}"
                    ]
                    |> String.concat ""

                if Double.IsNaN outcome.LinearTop1 then
                    $"""RankMe {outcome.Figure "RankMe h":F1}{failures}"""
                else
                    $"linear {Statistics.percent outcome.LinearTop1} %%{failures}"
            | Error failure -> $"failed: {failure.Reason}. {failure.Detail}"

        details
            []
            [
                summary [] [ str $"{Grid.label cell.Cell}: {ending}" ]
                p
                    []
                    [
                        str "Hash "
                        code [] [ str (Run.hash cell.Cell.Run) ]
                        str ", of its training "
                        code [] [ str (Run.trainingHash cell.Cell.Run) ]
                    ]
                pre [] [ code [] [ str (Run.toCode cell.Cell.Run) ] ]
            ]

    let private embeddingView (shown: Embedding) =
        [
            Page.note
                $"Test images as {shown.Run} represents them, and the same encoder untrained. Maps show neighbourhoods; t-SNE's distances and sizes of groups mean little."
            if not shown.Classes.IsEmpty then
                Page.legend shown.Classes
            Page.chartsView shown.Maps
            h3 [] [ str "Nearest neighbours" ]
            Page.note
                "The first image of each class, framed dark, then its nearest neighbours by cosine similarity: green of the same class, red of another."
            div
                [ _class "plots" ]
                [
                    for caption, path in shown.Retrievals ->
                        figure [] [ Page.image caption path; figcaption [] [ str caption ] ]
                ]
        ]

    /// What bands and error bars mean.
    let private spreads =
        "Bands and error bars: one sample deviation over seeds, and none where there is one seed; where a mean is over other axes, from the "
        + "smallest to the largest of the settings' means."

    /// Titles and contents of the page's sections.
    let private sections report =
        [
            "Summary", Cards.view report.Results @ List.map Page.tableView report.Tables

            if not report.Plots.IsEmpty then
                "Plots", [ Page.note spreads; Page.chartsView report.Plots ]

            match report.Embedding with
            | Some shown -> "Representations", embeddingView shown
            | None -> ()

            match report.ViewSheet with
            | Some path ->
                "Views",
                [
                    Page.note "A row per image: the image, then pairs of its two views."
                    Page.image "Views of training images" path
                ]
            | None -> ()

            "Runs", List.map runView report.Results.Cells
            "Provenance", [ Page.entries report.Provenance ]
        ]

    /// One self-contained page: it opens without a network.
    let toHtml report =
        Page.html report.Refresh report.Title report.Subtitle (sections report)

    /// One file for each table, and none left of a report that had more.
    let private writeCsv folder (tables: Table list) =
        let path i = Path.Combine(folder, $"table-{i}.csv")

        for i, table in List.indexed tables do
            AtomicFile.WriteText(path (i + 1), Table.toCsv table + "\n")

        Seq.initInfinite (fun i -> path (tables.Length + 1 + i))
        |> Seq.takeWhile File.Exists
        |> List.ofSeq
        |> List.iter File.Delete

    /// Writes report.html, the tables as table.md and table.tex, each as table-1.csv and so on, and provenance.md into a folder; the path of the page.
    let write folder report =
        Directory.CreateDirectory folder |> ignore
        let path name = Path.Combine(folder, name)
        AtomicFile.WriteText(path "report.html", toHtml report)

        let tables ending (render: Table -> string) =
            AtomicFile.WriteText(
                path $"table.{ending}",
                (report.Tables |> List.map render |> String.concat "\n\n") + "\n"
            )

        tables "md" (fun table -> $"## {table.Title}\n\n{Table.toMarkdown table}")
        tables "tex" (fun table -> $"%% {table.Title}\n{Table.toLatex table}")
        writeCsv folder report.Tables

        AtomicFile.WriteText(
            path "provenance.md",
            report.Provenance
            |> List.map (fun (name, value) -> $"- {name}: {value}\n")
            |> String.concat ""
        )

        path "report.html"
