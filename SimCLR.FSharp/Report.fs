namespace SimCLR

open System
open System.IO
open Giraffe.ViewEngine
open Plotly.NET

/// What a sweep came to, as one page.
type Report =
    {
        Title: string
        /// A sentence or two under the title.
        Subtitle: string
        Results: Results
        Tables: Table list
        Plots: (string * GenericChart) list
        /// A PNG of what the views do.
        ViewSheet: string option
        /// Names and values.
        Provenance: (string * string) list
    }

[<RequireQualifiedAccess>]
module Report =

    let private resource (kind: Type) (ending: string) =
        let assembly = kind.Assembly
        let name = assembly.GetManifestResourceNames() |> Array.find _.EndsWith(ending)
        use stream = assembly.GetManifestResourceStream name
        use reader = new StreamReader(stream)
        reader.ReadToEnd()

    /// The columns of a sweep's table: the probe before and after, and the quantities of the paper's Table 5.
    let columns =
        [
            Outcome.linearTop1Untrained
            Outcome.linearTop1
            Outcome.knnTop1
            Outcome.finalLoss
            Outcome.entropy
            Outcome.contrastiveTop1
            Outcome.imagesPerSecond
        ]

    /// The axes other than the seeds.
    let private mainAxes (results: Results) =
        results.Axes |> List.filter ((<>) Grid.SeedAxis)

    /// Of all runs together, with how it was found.
    let private energy store (results: Results) =
        let known =
            results.Cells
            |> List.choose (fun cell -> Store.tryProvenance cell.Cell.Run store)
            |> List.map _.Energy

        let methods = known |> List.map _.Method |> List.distinct |> String.concat "; "
        $"{known |> List.sumBy _.WattHours:F1} Wh ({methods})"

    let private provenance store (results: Results) =
        let stored = results.Cells |> List.filter _.Stored |> List.length

        let described =
            results.Cells
            |> List.tryPick (fun cell -> Store.tryProvenance cell.Cell.Run store)

        [
            "Runs", $"{results.Cells.Length}, {stored} of them from the store"
            "Store", store.Folder
            match described with
            | Some p ->
                "Machine", p.Machine
                "Device", $"{p.Device}, {p.Threads} threads, {p.Precision}"
                "Versions", p.Versions
                "Commit", p.Commit
                "Energy", energy store results
            | None -> ()
            "Written", DateTimeOffset.Now.ToString "yyyy-MM-dd HH:mm zzz"
        ]

    /// Tables and plots of a sweep: one of each per axis, and a heat map where there are two.
    let ofResults title store (results: Results) =
        let axes = mainAxes results
        let any = not (List.isEmpty (Results.outcomes results))

        let plots =
            if not any then
                []
            else
                [
                    for axis in axes do
                        $"Before and after pretraining, by {axis}", Plot.beforeAndAfter axis results
                        $"Linear probe by {axis}", Plot.metric axis Outcome.linearTop1 results
                        $"k-NN by {axis}", Plot.metric axis Outcome.knnTop1 results
                        $"Contrastive accuracy by {axis}", Plot.metric axis Outcome.contrastiveTop1 results
                    match axes with
                    | rows :: columns :: _ ->
                        $"Linear probe by {rows} and {columns}", Plot.heatMap rows columns Outcome.linearTop1 results
                    | _ -> ()
                    "Loss", Plot.curves (axes |> List.tryHead |> Option.defaultValue Grid.SeedAxis) results
                ]

        let names = String.Join(", ", results.Axes)

        {
            Title = title
            Subtitle = $"{results.Cells.Length} runs over {names}"
            Results = results
            Tables =
                [
                    for axis in axes do
                        Table.summary axis columns results

                        match Results.outcomes results |> List.map snd |> Outcome.measuredOf with
                        | [] -> ()
                        | measured ->
                            { Table.summary axis measured results with
                                Title = $"Measured, by {axis}"
                            }
                    match axes with
                    | rows :: others :: _ -> Table.pivot rows others Outcome.linearTop1 results
                    | _ -> ()
                ]
            Plots = plots
            ViewSheet = None
            Provenance = provenance store results
        }

    let private tableView (table: Table) =
        let cell value =
            match value with
            | TableCell.Failed _ -> td [ _class "failed" ] [ str (Table.cellText value) ]
            | _ -> td [] [ str (Table.cellText value) ]

        div
            [ _class "scroll" ]
            [
                h3 [] [ str table.Title ]
                Giraffe.ViewEngine.HtmlElements.table
                    []
                    [
                        thead [] [ tr [] [ for column in table.Columns -> th [] [ str column ] ] ]
                        tbody [] [ for row in table.Rows -> tr [] (List.map cell row) ]
                    ]
            ]

    let private cards results =
        match Results.outcomes results with
        | [] -> []
        | outcomes ->
            let best, outcome = outcomes |> List.maxBy (snd >> _.LinearTop1)
            let points x = $"{100.0 * x:F1}%%"

            let card (value: string) (label: string) =
                div [ _class "card" ] [ b [] [ str value ]; span [] [ str label ] ]

            [
                div
                    [ _class "cards" ]
                    [
                        card (points outcome.LinearTop1) $"best linear probe ({Grid.label best})"
                        card (points outcome.LinearTop1Untrained) "the same encoder, untrained"
                        card (sprintf "%+.1f" (100.0 * Outcome.linearGain.Get outcome)) "points gained by pretraining"
                        card $"{outcomes |> List.averageBy (snd >> _.ImagesPerSecond):N0}" "images per second"
                    ]
            ]

    let private runView (cell: CellResult) =
        let ending =
            match cell.Result with
            | Ok outcome -> $"linear {100.0 * outcome.LinearTop1:F1}%%"
            | Error failure -> $"failed: {failure.Reason}. {failure.Detail}"

        details
            []
            [
                summary [] [ str $"{Grid.label cell.Cell}: {ending}" ]
                p [] [ str "Hash "; code [] [ str (Run.hash cell.Cell.Run) ] ]
                pre [] [ code [] [ str (Run.toCode cell.Cell.Run) ] ]
            ]

    let private part title content =
        section [] (h2 [] [ str title ] :: content)

    let private chartView (title: string, chart: GenericChart) =
        let html =
            chart
            |> Chart.withDisplayOptionsStyle (PlotlyJSReference = NoReference)
            |> GenericChart.toChartHTML

        div [] [ h3 [] [ str title ]; rawText html ]

    /// One self-contained page: it opens without a network.
    let toHtml report =
        let sheet =
            match report.ViewSheet with
            | Some path ->
                let data = Convert.ToBase64String(File.ReadAllBytes path)

                [
                    part
                        "Views"
                        [
                            p [] [ str "A row per image: the image, then pairs of its two views." ]
                            img
                                [
                                    _class "sheet"
                                    _alt "Views of training images"
                                    _src $"data:image/png;base64,{data}"
                                ]
                        ]
                ]
            | None -> []

        html
            [ _lang "en" ]
            [
                head
                    []
                    [
                        meta [ _charset "utf-8" ]
                        meta [ _name "viewport"; _content "width=device-width, initial-scale=1" ]
                        title [] [ str report.Title ]
                        style [] [ rawText (resource typeof<Report> "Report.css") ]
                        script [] [ rawText (resource typeof<GenericChart> ".min.js") ]
                    ]
                body
                    []
                    [
                        main
                            []
                            [
                                header [] [ h1 [] [ str report.Title ]; p [] [ str report.Subtitle ] ]
                                part "Summary" (cards report.Results @ List.map tableView report.Tables)
                                if not report.Plots.IsEmpty then
                                    part "Plots" [ div [ _class "plots" ] (List.map chartView report.Plots) ]
                                yield! sheet
                                part "Runs" (List.map runView report.Results.Cells)
                                part
                                    "Provenance"
                                    [
                                        dl
                                            []
                                            [
                                                for name, value in report.Provenance do
                                                    dt [] [ str name ]
                                                    dd [] [ str value ]
                                            ]
                                    ]
                            ]
                    ]
            ]
        |> RenderView.AsString.htmlDocument

    /// Writes report.html, table.md and table.csv into a folder; the path of the page.
    let write folder report =
        Directory.CreateDirectory folder |> ignore
        let path name = Path.Combine(folder, name)
        File.WriteAllText(path "report.html", toHtml report)

        let tables ending (render: Table -> string) =
            File.WriteAllText(path $"table.{ending}", (report.Tables |> List.map render |> String.concat "\n\n") + "\n")

        tables "md" (fun table -> $"## {table.Title}\n\n{Table.toMarkdown table}")
        tables "csv" Table.toCsv
        path "report.html"
