namespace SimCLR

open System.Globalization
open System.Text

/// A cell of a table. Numbers are in the unit in which they are shown, with so many digits after the point.
[<RequireQualifiedAccess>]
type TableCell =
    | Text of string
    /// Mean and sample deviation over so many seeds of one setting, without a deviation for one seed; so many other runs failed.
    | Mean of mean: float * sd: float option * count: int * digits: int * failures: int
    /// Mean of so many settings' means, and the smallest and the largest of these; so many other runs failed.
    | Range of mean: float * smallest: float * largest: float * settings: int * digits: int * failures: int
    /// Mean over so many seeds and half the width of its 95 % confidence interval, which one seed has none of.
    | Interval of mean: float * halfWidth: float option * count: int * digits: int
    /// No value, and why.
    | Failed of reason: string

/// Cells of a table: what a metric comes to over the runs that share it.
[<RequireQualifiedAccess>]
module TableCell =

    /// Nothing is known.
    let missing = TableCell.Text "–"

    let private digits (metric: Metric) mean =
        if metric.Unit = "%" then 1
        elif abs mean >= 100.0 then 0
        else 2

    /// A metric's mean: with a deviation over seeds or a range over settings.
    let ofSpread metric failures (spread: Spread) =
        let digits = digits metric spread.Mean

        match spread with
        | Spread.Seeds estimate -> TableCell.Mean(estimate.Mean, estimate.Sd, estimate.Count, digits, failures)
        | Spread.Settings(mean, smallest, largest, count) ->
            TableCell.Range(mean, smallest, largest, count, digits, failures)

    /// The same with a confidence interval in place of the deviation.
    let ofInterval metric (spread: Spread) =
        match spread with
        | Spread.Seeds estimate ->
            TableCell.Interval(estimate.Mean, estimate.HalfWidth, estimate.Count, digits metric spread.Mean)
        | Spread.Settings _ -> ofSpread metric 0 spread

    /// What to say of runs that failed beside others that did not.
    let private remark cell =
        match cell with
        | TableCell.Mean(_, _, _, _, failures)
        | TableCell.Range(_, _, _, _, _, failures) when failures > 0 -> Some $"{failures} failed"
        | _ -> None

    /// Its number, and what stands behind it: with that sign between mean and deviation.
    let private show plusMinus cell =
        match cell with
        | TableCell.Text text -> text
        | TableCell.Failed reason -> $"failed: {reason}"
        | TableCell.Mean(mean, spread, _, digits, _)
        | TableCell.Interval(mean, spread, _, digits) ->
            Statistics.text digits mean
            + (spread
               |> Option.map (fun x -> plusMinus + Statistics.text digits x)
               |> Option.defaultValue "")
        | TableCell.Range(mean, smallest, largest, _, digits, _) ->
            let text = Statistics.text digits
            $"{text mean} ({text smallest} to {text largest})"

    let private remarked text cell =
        match remark cell with
        | Some words -> $"{text} ({words})"
        | None -> text

    /// In words: "56.3 ± 0.4" over seeds, "56.3 (51.0 to 58.2)" over settings, "56.3" of one seed.
    let text cell = remarked (show " ± " cell) cell

    /// What its parts mean, for a reader of the table.
    let legend cell =
        match cell with
        | TableCell.Mean(_, Some _, _, _, _) -> Some "a ± b: mean and sample deviation over seeds."
        | TableCell.Interval(_, Some _, _, _) -> Some "a ± b: mean and half its 95 % confidence interval over seeds."
        | TableCell.Range _ -> Some "a (b to c): mean over settings, the smallest and the largest of their means."
        | _ -> None

    /// Text that LaTeX prints as it stands.
    let escapeLatex (text: string) =
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

    /// In LaTeX.
    let latex cell =
        match cell with
        | TableCell.Mean _
        | TableCell.Interval _ -> remarked ("$" + show " \\pm " cell + "$") cell
        | _ -> escapeLatex (text cell)

    /// Names of the columns that a column of cells has in a file, in order.
    let private partNames =
        [ ""; "sd"; "half width"; "smallest"; "largest"; "n"; "settings"; "remark" ]

    /// Its numbers to 12 digits, by name.
    let private parts isNumeric cell =
        let exact (x: float) =
            x.ToString("G12", CultureInfo.InvariantCulture)

        let optional name =
            Option.map (fun x -> name, exact x) >> Option.toList

        [
            match cell with
            | TableCell.Mean(mean, sd, count, _, _) ->
                "", exact mean
                yield! optional "sd" sd
                "n", string count
            | TableCell.Interval(mean, halfWidth, count, _) ->
                "", exact mean
                yield! optional "half width" halfWidth
                "n", string count
            | TableCell.Range(mean, smallest, largest, settings, _, _) ->
                "", exact mean
                "smallest", exact smallest
                "largest", exact largest
                "settings", string settings
            | TableCell.Failed _ -> "remark", text cell
            | TableCell.Text _ when cell = missing && isNumeric -> ()
            | TableCell.Text words -> "", words

            yield! remark cell |> Option.map (fun words -> "remark", words) |> Option.toList
        ]

    /// A column for a file: the names of its parts, and the parts of each cell. Columns of numbers hold nothing else: what is not known is
    /// empty, and what failed stands in a part "remark".
    let columns name (cells: TableCell list) =
        let isNumeric =
            cells
            |> List.exists (function
                | TableCell.Text _ -> false
                | _ -> true)

        let parts = [ for cell in cells -> Map(parts isNumeric cell) ]

        let names =
            partNames
            |> List.filter (fun part -> part = "" || parts |> List.exists (Map.containsKey part))

        [ for part in names -> $"{name} {part}".TrimEnd() ],
        [
            for known in parts -> [ for part in names -> known |> Map.tryFind part |> Option.defaultValue "" ]
        ]
