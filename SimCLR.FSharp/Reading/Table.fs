namespace SimCLR

open System

/// A table of results.
type Table =
    {
        Title: string
        Columns: string list
        Rows: TableCell list list
        /// Sentences that stand under it: what its numbers mean, what was chosen and how, a verdict.
        Notes: string list
    }

/// Tables of results, and how they are written: text, Markdown, LaTeX, CSV.
[<RequireQualifiedAccess>]
module Table =

    /// A table with the legend of its cells.
    let make title columns rows =
        {
            Title = title
            Columns = columns
            Rows = rows
            Notes = rows |> List.concat |> List.choose TableCell.legend |> List.distinct
        }

    /// The table with more sentences under it.
    let noting notes table =
        { table with
            Notes = table.Notes @ notes
        }

    /// Why a cell has no value of a metric, where it or the metric's measurement failed.
    let private failureOf (metric: Metric) (cell: CellResult) =
        let isOf (label: string) =
            label = metric.Of || (metric.Of = "" && metric.Name.StartsWith $"{label} ")

        match cell.Result with
        | Error failure -> Some failure.Reason
        | Ok outcome when Double.IsNaN(metric.Get outcome) ->
            outcome.Failures
            |> List.tryPick (fun (label, failure) -> if isOf label then Some failure.Reason else None)
        | Ok _ -> None

    /// A metric over some runs, with what became of those that do not have it.
    let internal summarize (metric: Metric) (results: Results) =
        let failures = results.Cells |> List.choose (failureOf metric)

        match Results.spread metric results, failures with
        | Some spread, _ -> TableCell.ofSpread metric failures.Length spread
        | None, reason :: _ -> TableCell.Failed reason
        // The outcomes have no such figure, or there are none.
        | None, [] ->
            if results.Cells.IsEmpty then
                TableCell.Text ""
            else
                TableCell.missing

    /// One row per value of an axis, one column per metric.
    let private byAxis title axis metrics cell results =
        make
            title
            (axis :: List.map Metric.heading metrics)
            [
                for value, group in Results.groupBy axis results ->
                    TableCell.Text(string value) :: [ for metric in metrics -> cell metric group ]
            ]

    /// One row per value of an axis and one column per metric: mean and deviation over seeds, or, where other axes vary, mean and range over
    /// their settings.
    let summary axis metrics results =
        byAxis $"By {axis}" axis metrics summarize results

    /// The same with 95 % confidence intervals (Student's) over seeds in place of deviations.
    let intervals axis metrics results =
        let cell metric group =
            Results.spread metric group
            |> Option.map (TableCell.ofInterval metric)
            |> Option.defaultValue TableCell.missing

        byAxis $"By {axis}: mean and 95 %% confidence interval" axis metrics cell results

    /// Rows by one axis, columns by another, one metric: mean and deviation over seeds, or, where further axes vary, mean and range.
    let pivot rowAxis columnAxis (metric: Metric) (results: Results) =
        let columns = Results.groupBy columnAxis results |> List.map fst

        make
            $"{Metric.heading metric} by {rowAxis} and {columnAxis}"
            (rowAxis :: [ for value in columns -> $"{columnAxis} {value}" ])
            [
                for value, group in Results.groupBy rowAxis results ->
                    TableCell.Text(string value)
                    :: [
                        for column in columns -> group |> Results.slice columnAxis column |> summarize metric
                    ]
            ]

    /// The setting with the highest validation accuracy at each value of an axis, that accuracy, and a metric, which did not choose, beside it.
    let best axis (metric: Metric) (results: Results) =
        let others =
            results.Axes |> List.filter (fun name -> name <> axis && name <> Grid.SeedAxis)

        let choices = Results.bestBy axis results

        let cells (place, runs) =
            [
                for other in others do
                    TableCell.Text(place |> List.find (fst >> (=) other) |> snd |> string)

                summarize Results.chooser runs
                summarize metric runs
            ]

        make
            $"Best by {axis}, chosen on validation images"
            (axis :: others @ List.map Metric.heading [ Results.chooser; metric ])
            [
                for value, choice in choices ->
                    TableCell.Text(string value)
                    :: match choice with
                       | Ok chosen -> cells chosen
                       | Error _ -> List.replicate (others.Length + 2) TableCell.missing
            ]
        |> noting (
            choices
            |> List.choose (fun (value, choice) ->
                match choice with
                | Ok _ -> None
                | Error reason -> Some $"{axis} {value}: {reason}")
        )

    /// Rows of a ranking that are shown.
    let private mostRanks = 100

    /// A row for every setting, the best on validation images first: its coordinates, that accuracy, the test accuracy, which did not rank, and what else
    /// is asked for. Settings without a validation accuracy come last.
    let ranking (metrics: Metric list) (results: Results) =
        let axes = Results.varied results

        let metrics =
            Results.chooser
            :: Metric.linearTop1
            :: (metrics |> List.filter (fun metric -> metric.Name <> Metric.linearTop1.Name))

        let settings =
            [
                for _, cells in results.Cells |> List.groupBy (_.Cell >> Results.setting) do
                    let group = { results with Cells = cells }
                    let validation = Results.spread Results.chooser group
                    cells.Head.Cell, group, validation |> Option.map _.Mean |> Option.defaultValue -infinity
            ]
            |> List.sortByDescending (fun (_, _, validation) -> validation)

        make
            "Settings, the best on validation images first"
            ("rank" :: axes @ List.map Metric.heading metrics)
            [
                for i, (cell, group, _) in settings |> List.truncate mostRanks |> List.indexed ->
                    [
                        TableCell.Text(string (i + 1))
                        for axis in axes do
                            TableCell.Text(string (Results.coordinate axis cell))
                        for metric in metrics do
                            summarize metric group
                    ]
            ]
        |> noting
            [
                if settings.Length > mostRanks then
                    $"The first {mostRanks} of {settings.Length} settings; runs.csv has all."
            ]

    /// How much a metric differs from its value at the first coordinate of an axis, between runs that agree in all else, the seed among
    /// it: mean and 95 % confidence interval over seeds, deviation, number of pairs; or, where other axes vary, mean and range of their
    /// settings' differences.
    let differences axis (metric: Metric) results =
        match Results.groupBy axis results |> List.map fst with
        | [] -> wrongValue "There are no results to compare."
        | first :: others ->
            let unit = if metric.Unit = "%" then "points" else metric.Unit

            let cells value =
                match Results.differences axis first value metric results with
                | None -> List.replicate 3 TableCell.missing
                | Some(Spread.Seeds estimate) ->
                    [
                        TableCell.Interval(estimate.Mean, estimate.HalfWidth, estimate.Count, 2)
                        estimate.Sd
                        |> Option.map (Statistics.text 2 >> TableCell.Text)
                        |> Option.defaultValue TableCell.missing
                        TableCell.Text(string estimate.Count)
                    ]
                | Some(Spread.Settings(mean, smallest, largest, count)) ->
                    [
                        TableCell.Range(mean, smallest, largest, count, 2, 0)
                        TableCell.missing
                        TableCell.missing
                    ]

            make
                $"{metric.Name}, paired differences from {axis} {first}"
                [ axis; $"difference ({unit})"; "sd"; "pairs" ]
                [ for value in others -> TableCell.Text(string value) :: cells value ]

    /// The text of a cell: 56.3 ± 0.4.
    let cellText cell = TableCell.text cell

    let private lines (table: Table) =
        table.Columns :: [ for row in table.Rows -> row |> List.map cellText ]

    let private widths (lines: string list list) =
        lines |> List.transpose |> List.map (List.map String.length >> List.max)

    /// Columns aligned with spaces, for a terminal, and the notes.
    let toText table =
        let all = lines table
        let widths = widths all

        let line cells =
            List.zip cells widths
            |> List.mapi (fun i (cell: string, width) -> if i = 0 then cell.PadRight width else cell.PadLeft width)
            |> String.concat "   "

        let rule =
            widths |> List.map (fun width -> String('─', width)) |> String.concat "───"

        table.Title :: line all.Head :: rule :: List.map line all.Tail @ table.Notes
        |> String.concat "\n"

    /// GitHub's Markdown; the notes follow as paragraphs.
    let toMarkdown table =
        let row (cells: string list) =
            "| " + (cells |> List.map _.Replace("|", "\\|") |> String.concat " | ") + " |"

        let rule =
            "|"
            + String.concat "|" (table.Columns |> List.mapi (fun i _ -> if i = 0 then "---" else "---:"))
            + "|"

        match lines table with
        | head :: rows ->
            (row head :: rule :: List.map row rows)
            @ [ for note in table.Notes -> $"\n{note}" ]
            |> String.concat "\n"
        | [] -> ""

    /// Comma-separated values: one header, one line per row, every number in a column of its own, to 12 digits; what is not known is empty.
    let toCsv table =
        let quote (text: string) =
            if text |> Seq.exists (fun c -> c = ',' || c = '"' || c = '\n') then
                "\"" + text.Replace("\"", "\"\"") + "\""
            else
                text

        let headers, columns =
            table.Columns
            |> List.mapi (fun i name -> TableCell.columns name [ for row in table.Rows -> row[i] ])
            |> List.unzip

        let line = List.concat >> List.map quote >> String.concat ","

        line headers
        :: [
            for i in 0 .. table.Rows.Length - 1 -> line [ for column in columns -> column[i] ]
        ]
        |> String.concat "\n"

    /// LaTeX with booktabs; the notes follow as comments.
    let toLatex table =
        let row cells = String.concat " & " cells + " \\\\"
        let columns = "l" + String('r', table.Columns.Length - 1)

        [
            $"\\begin{{tabular}}{{{columns}}}"
            "\\toprule"
            row (List.map TableCell.escapeLatex table.Columns)
            "\\midrule"
            yield! [ for cells in table.Rows -> row (List.map TableCell.latex cells) ]
            "\\bottomrule"
            "\\end{tabular}"
            yield! [ for note in table.Notes -> $"%% {note}" ]
        ]
        |> String.concat "\n"
