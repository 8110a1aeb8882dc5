namespace SimCLR

open System
open System.Globalization
open System.Text

/// A cell of a table.
[<RequireQualifiedAccess>]
type TableCell =
    | Text of string
    /// Mean and deviation of so many values, fractions where percent are shown; so many others failed.
    | Mean of mean: float * sd: float * count: int * percent: bool * failures: int
    /// No value, and why.
    | Failed of reason: string

/// A table of results.
type Table =
    {
        Title: string
        Columns: string list
        Rows: TableCell list list
    }

[<RequireQualifiedAccess>]
module Table =

    /// Mean and sample deviation (n - 1; 0 for one value).
    let private meanAndSd values =
        let mean = List.average values
        let squares = values |> List.sumBy (fun x -> (x - mean) * (x - mean))

        let sd =
            if values.Length < 2 then
                0.0
            else
                sqrt (squares / float (values.Length - 1))

        mean, sd

    let private summarize (metric: Metric) (cells: CellResult list) =
        let values =
            cells
            |> List.choose (fun cell ->
                match cell.Result with
                | Ok outcome -> Some(metric.Get outcome)
                | Error _ -> None)

        match
            values,
            cells
            |> List.tryPick (fun cell ->
                match cell.Result with
                | Error f -> Some f.Reason
                | Ok _ -> None)
        with
        | [], Some reason -> TableCell.Failed reason
        | [], None -> TableCell.Text ""
        | values, _ ->
            // NaN: the outcome has no such figure.
            match values |> List.filter (Double.IsNaN >> not) with
            | [] -> TableCell.Text "–"
            | known ->
                let mean, sd = meanAndSd known
                TableCell.Mean(mean, sd, known.Length, metric.Unit = "%", cells.Length - values.Length)

    let private group axis (results: Results) =
        results.Cells |> List.groupBy (fun cell -> Results.coordinate axis cell.Cell)

    let private heading (metric: Metric) =
        match metric.Unit with
        | "" -> metric.Name
        | unit -> $"{metric.Name} ({unit})"

    /// One row per value of an axis and one column per metric: mean and deviation over all else, such as seeds.
    let summary axis metrics results =
        {
            Title = $"By {axis}"
            Columns = axis :: List.map heading metrics
            Rows =
                [
                    for value, cells in group axis results ->
                        TableCell.Text(string value)
                        :: [ for metric in metrics -> summarize metric cells ]
                ]
        }

    /// Rows by one axis, columns by another, one metric: mean and deviation over all else.
    let pivot rowAxis columnAxis (metric: Metric) (results: Results) =
        let columns = group columnAxis results |> List.map fst

        {
            Title = $"{heading metric} by {rowAxis} and {columnAxis}"
            Columns = rowAxis :: [ for value in columns -> $"{columnAxis} {value}" ]
            Rows =
                [
                    for value, cells in group rowAxis results ->
                        TableCell.Text(string value)
                        :: [
                            for column in columns ->
                                cells
                                |> List.filter (fun cell -> Results.coordinate columnAxis cell.Cell = column)
                                |> summarize metric
                        ]
                ]
        }

    let private number (digits: int) (x: float) =
        x.ToString($"F{digits}", CultureInfo.InvariantCulture)

    /// The text of a cell, with that sign between mean and deviation.
    let private show plusMinus cell =
        match cell with
        | TableCell.Text text -> text
        | TableCell.Failed reason -> $"failed: {reason}"
        | TableCell.Mean(mean, sd, count, percent, _) ->
            let scale, digits =
                if percent then 100.0, 1
                elif abs mean >= 100.0 then 1.0, 0
                else 1.0, 2

            let text = number digits (mean * scale)

            if count > 1 then
                text + plusMinus + number digits (sd * scale)
            else
                text

    /// What to say of runs that failed beside others that did not.
    let private remark cell =
        match cell with
        | TableCell.Mean(_, _, _, _, failures) when failures > 0 -> $" ({failures} failed)"
        | _ -> ""

    /// The text of a cell: 56.3 ± 0.4.
    let cellText cell = show " ± " cell + remark cell

    let private lines (table: Table) =
        table.Columns :: [ for row in table.Rows -> row |> List.map cellText ]

    let private widths (lines: string list list) =
        lines |> List.transpose |> List.map (List.map String.length >> List.max)

    /// Columns aligned with spaces, for a terminal.
    let toText table =
        let all = lines table
        let widths = widths all

        let line cells =
            List.zip cells widths
            |> List.mapi (fun i (cell: string, width) -> if i = 0 then cell.PadRight width else cell.PadLeft width)
            |> String.concat "   "

        let rule =
            widths |> List.map (fun width -> String('─', width)) |> String.concat "───"

        table.Title :: line all.Head :: rule :: List.map line all.Tail
        |> String.concat "\n"

    /// GitHub's Markdown.
    let toMarkdown table =
        let row (cells: string list) =
            "| " + (cells |> List.map _.Replace("|", "\\|") |> String.concat " | ") + " |"

        let rule =
            "|"
            + String.concat "|" (table.Columns |> List.mapi (fun i _ -> if i = 0 then "---" else "---:"))
            + "|"

        match lines table with
        | head :: rows -> row head :: rule :: List.map row rows |> String.concat "\n"
        | [] -> ""

    /// Comma-separated values: means and deviations in columns of their own, to 12 digits.
    let toCsv table =
        let quote (text: string) =
            if text |> Seq.exists (fun c -> c = ',' || c = '"' || c = '\n') then
                "\"" + text.Replace("\"", "\"\"") + "\""
            else
                text

        let exact (x: float) =
            x.ToString("G12", CultureInfo.InvariantCulture)

        let isMean column =
            table.Rows
            |> List.exists (fun row ->
                match List.item column row with
                | TableCell.Mean _ -> true
                | _ -> false)

        let header =
            table.Columns
            |> List.mapi (fun i name ->
                if isMean i then
                    [ name; name + " sd"; name + " n" ]
                else
                    [ name ])

        let cell column value =
            match value with
            | TableCell.Mean(mean, sd, count, percent, _) ->
                let scale = if percent then 100.0 else 1.0
                [ exact (scale * mean); exact (scale * sd); string count ]
            | other when isMean column -> [ cellText other; ""; "0" ]
            | other -> [ cellText other ]

        let line = List.concat >> List.map quote >> String.concat ","

        line header :: [ for row in table.Rows -> line (List.mapi cell row) ]
        |> String.concat "\n"

    /// LaTeX with booktabs.
    let toLatex table =
        let escape (text: string) =
            (StringBuilder(), text)
            ||> Seq.fold (fun builder c ->
                match c with
                | '%'
                | '&'
                | '#'
                | '_'
                | '$'
                | '{'
                | '}' -> builder.Append('\\').Append c
                | '\\' -> builder.Append "\\textbackslash{}"
                | '~' -> builder.Append "\\textasciitilde{}"
                | '^' -> builder.Append "\\textasciicircum{}"
                | _ -> builder.Append c)
            |> string

        let cell value =
            match value with
            | TableCell.Mean _ -> "$" + show " \\pm " value + "$" + remark value
            | other -> escape (cellText other)

        let row cells = String.concat " & " cells + " \\\\"
        let columns = "l" + String('r', table.Columns.Length - 1)

        [
            $"\\begin{{tabular}}{{{columns}}}"
            "\\toprule"
            row (List.map escape table.Columns)
            "\\midrule"
            yield! [ for cells in table.Rows -> row (List.map cell cells) ]
            "\\bottomrule"
            "\\end{tabular}"
        ]
        |> String.concat "\n"
