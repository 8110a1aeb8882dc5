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
    /// Mean of so many values and half the width of its 95 % confidence interval, as they are shown; NaN for one value.
    | Interval of mean: float * halfWidth: float * count: int
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
                let mean, sd = Statistics.meanAndSd known
                TableCell.Mean(mean, sd, known.Length, metric.Unit = "%", cells.Length - values.Length)

    /// One row per value of an axis and one column per metric: mean and deviation over all else, such as seeds.
    let summary axis metrics results =
        {
            Title = $"By {axis}"
            Columns = axis :: List.map Metric.heading metrics
            Rows =
                [
                    for value, group in Results.groupBy axis results ->
                        TableCell.Text(string value)
                        :: [ for metric in metrics -> summarize metric group.Cells ]
                ]
        }

    /// Rows by one axis, columns by another, one metric: mean and deviation over all else.
    let pivot rowAxis columnAxis (metric: Metric) (results: Results) =
        let columns = Results.groupBy columnAxis results |> List.map fst

        {
            Title = $"{Metric.heading metric} by {rowAxis} and {columnAxis}"
            Columns = rowAxis :: [ for value in columns -> $"{columnAxis} {value}" ]
            Rows =
                [
                    for value, group in Results.groupBy rowAxis results ->
                        TableCell.Text(string value)
                        :: [
                            for column in columns -> (Results.at columnAxis column group).Cells |> summarize metric
                        ]
                ]
        }

    let private number (digits: int) (x: float) =
        x.ToString($"F{digits}", CultureInfo.InvariantCulture)

    let private interval (estimate: Estimate) =
        TableCell.Interval(estimate.Mean, Option.defaultValue nan estimate.HalfWidth, estimate.Count)

    /// The same as the summary, with 95 % confidence intervals (Student's) of the means in place of deviations.
    let intervals axis metrics results =
        {
            Title = $"By {axis}: mean and 95 %% confidence interval"
            Columns = axis :: List.map Metric.heading metrics
            Rows =
                [
                    for value, group in Results.groupBy axis results ->
                        TableCell.Text(string value)
                        :: [
                            for metric in metrics ->
                                match Results.estimate metric group with
                                | Some estimate -> interval estimate
                                | None -> TableCell.Text "–"
                        ]
                ]
        }

    /// The setting with the highest mean of a metric at each value of an axis.
    let best axis (metric: Metric) (results: Results) =
        let others =
            results.Axes |> List.filter (fun name -> name <> axis && name <> Grid.SeedAxis)

        {
            Title = $"Best {metric.Name} by {axis}"
            Columns = axis :: others @ [ Metric.heading metric ]
            Rows =
                [
                    for value, place, runs in Results.bestBy axis metric results ->
                        [
                            yield TableCell.Text(string value)

                            for other in others do
                                yield TableCell.Text(place |> List.find (fst >> (=) other) |> snd |> string)

                            yield summarize metric runs.Cells
                        ]
                ]
        }

    /// How much a metric differs from its value at the first coordinate of an axis, between runs that agree in all else, the seed among
    /// it: mean and 95 % confidence interval, deviation, number of pairs.
    let differences axis (metric: Metric) results =
        match Results.groupBy axis results |> List.map fst with
        | [] -> invalidArg (nameof results) "There are no results to compare."
        | first :: others ->
            let unit = if metric.Unit = "%" then "points" else metric.Unit

            {
                Title = $"{metric.Name}, paired differences from {axis} {first}"
                Columns = [ axis; $"difference ({unit}), 95 %% interval"; "sd"; "pairs" ]
                Rows =
                    [
                        for value in others ->
                            match Results.differences axis first value metric results with
                            | [] -> [ TableCell.Text(string value); yield! List.replicate 3 (TableCell.Text "–") ]
                            | pairs ->
                                let estimate = Statistics.estimate pairs

                                [
                                    TableCell.Text(string value)
                                    interval estimate
                                    TableCell.Text(number 1 estimate.Sd)
                                    TableCell.Text(string estimate.Count)
                                ]
                    ]
            }

    /// The text of a cell, with that sign between mean and deviation.
    let private show plusMinus cell =
        match cell with
        | TableCell.Text text -> text
        | TableCell.Failed reason -> $"failed: {reason}"
        | TableCell.Interval(mean, halfWidth, _) ->
            let digits = if abs mean >= 100.0 then 1 else 2
            let text = number digits mean

            if Double.IsNaN halfWidth then
                text
            else
                text + plusMinus + number digits halfWidth
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

        /// What the second of a column's numbers is; None: it has words only.
        let spread column =
            table.Rows
            |> List.tryPick (fun row ->
                match List.item column row with
                | TableCell.Mean _ -> Some "sd"
                | TableCell.Interval _ -> Some "half width"
                | _ -> None)

        let header =
            table.Columns
            |> List.mapi (fun i name ->
                match spread i with
                | Some what -> [ name; $"{name} {what}"; name + " n" ]
                | None -> [ name ])

        let cell column value =
            match value with
            | TableCell.Mean(mean, sd, count, percent, _) ->
                let scale = if percent then 100.0 else 1.0
                [ exact (scale * mean); exact (scale * sd); string count ]
            | TableCell.Interval(mean, halfWidth, count) when Double.IsNaN halfWidth -> [ exact mean; ""; string count ]
            | TableCell.Interval(mean, halfWidth, count) -> [ exact mean; exact halfWidth; string count ]
            | other when (spread column).IsSome -> [ cellText other; ""; "0" ]
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
            | TableCell.Mean _
            | TableCell.Interval _ -> "$" + show " \\pm " value + "$" + remark value
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
