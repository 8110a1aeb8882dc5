namespace SimCLR

open System

/// A cell and what became of it.
type CellResult =
    {
        Cell: Cell
        Result: Result<Outcome, Failure>
        /// It was in the store already.
        Stored: bool
    }

/// What a grid came to. It prints as a line for each of its first cells.
[<StructuredFormatDisplay("{Summary}")>]
type Results =
    {
        Axes: string list
        Cells: CellResult list
    }

    /// Its first cells in a line each, to look at.
    member results.Summary =
        let shown = 20

        let line (cell: CellResult) =
            match cell.Result with
            | Ok outcome ->
                $"linear {Statistics.percent outcome.LinearTop1} %%, validation {Statistics.percent outcome.LinearValidationTop1} %%, k-NN {Statistics.percent outcome.KnnTop1} %%, loss {Statistics.text 3 outcome.FinalLoss}"
            | Error failure -> $"failed: {failure.Reason}"

        let names = String.concat ", " results.Axes

        [
            $"{results.Cells.Length} runs over {names}"
            for cell in List.truncate shown results.Cells do
                $"  {Cell.words cell.Cell.Coordinates}: {line cell}"
            if results.Cells.Length > shown then
                $"  and {results.Cells.Length - shown} more"
        ]
        |> String.concat Environment.NewLine

/// Results of a grid: chosen, sliced, and read off by metrics.
[<RequireQualifiedAccess>]
module Results =

    /// All runs of a store that have been taken to their end, with the fields in which they differ as axes: to look at what is there without the grids that it
    /// comes from. Fields that differ in the same way, as those of both views, are one axis.
    let ofStore (warn: string -> unit) store : Results =
        let runs =
            [|
                for run, outcome in Store.all warn store -> run, outcome, Map(Run.paths run)
            |]

        let value path (leaves: Map<string, string>) =
            match leaves |> Map.tryFind path with
            | None -> AxisValue.None
            | Some text ->
                match
                    Double.TryParse(text, Globalization.NumberStyles.Float, Globalization.CultureInfo.InvariantCulture)
                with
                | true, number -> AxisValue.Number number
                | _ -> AxisValue.Text text

        let axes =
            [
                for path in
                    runs
                    |> Seq.collect (fun (run, _, _) -> Run.paths run |> List.map fst)
                    |> Seq.distinct do
                    let values = [| for _, _, leaves in runs -> value path leaves |]

                    if (Array.distinct values).Length > 1 then
                        (if path = "Seed" then Grid.SeedAxis else path), values
            ]
            |> List.distinctBy snd

        {
            Axes = List.map fst axes
            Cells =
                [
                    for i, (run, outcome, _) in Array.indexed runs ->
                        {
                            Cell =
                                {
                                    Coordinates = [ for axis, values in axes -> axis, values[i] ]
                                    Run = run
                                }
                            Result = Ok outcome
                            Stored = true
                        }
                ]
        }

    /// The cells that have an outcome.
    let outcomes (results: Results) =
        [
            for cell in results.Cells do
                match cell.Result with
                | Ok outcome -> cell.Cell, outcome
                | Error _ -> ()
        ]

    /// The figures that monitors have measured while runs trained, by their whole names.
    let internal monitored results =
        [
            for cell, outcome in outcomes results do
                if cell.Run.Monitor.IsSome then
                    for point in outcome.Curve do
                        yield! point.Figures |> Map.keys |> Seq.filter _.StartsWith(Monitored.Prefix)
        ]
        |> List.distinct

    /// The coordinate of a cell on an axis.
    let coordinate axis (cell: Cell) =
        match cell.Coordinates |> List.tryFind (fun (name, _) -> name = axis) with
        | Some(_, value) -> value
        | None ->
            let names = cell.Coordinates |> List.map fst |> String.concat ", "
            wrongValue $"There is no axis '{axis}'; the grid has: {names}."

    /// The coordinates of a cell without the seed.
    let setting (cell: Cell) =
        cell.Coordinates |> List.filter (fst >> (<>) Grid.SeedAxis)

    /// The axes but the seeds that have two values or more.
    let varied (results: Results) =
        results.Axes
        |> List.filter (fun axis ->
            axis <> Grid.SeedAxis
            && (results.Cells |> List.distinctBy (fun cell -> coordinate axis cell.Cell)).Length > 1)

    /// Whether the settings are points that were drawn, as a random search does, and no grid: on one of several axes most have a value of their own.
    let isSampled (results: Results) =
        let axes = varied results

        let settings =
            results.Cells |> List.distinctBy (fun cell -> setting cell.Cell) |> List.length

        let counts =
            [
                for axis in axes ->
                    results.Cells
                    |> List.distinctBy (fun cell -> coordinate axis cell.Cell)
                    |> List.length
            ]

        axes.Length > 1
        && 2 * List.max counts > settings
        && List.fold (fun product count -> product * float count) 1.0 counts > 2.0 * float settings

    /// Only the cells that fit.
    let where predicate (results: Results) =
        { results with
            Cells = results.Cells |> List.filter (fun cell -> predicate cell.Cell)
        }

    /// Only the cells with that coordinate on an axis.
    let slice axis value results =
        results |> where (fun cell -> coordinate axis cell = value)

    /// The values of an axis in the grid's order, each with its cells.
    let groupBy axis (results: Results) =
        [
            for value, cells in results.Cells |> List.groupBy (fun cell -> coordinate axis cell.Cell) ->
                value, { results with Cells = cells }
        ]

    /// A metric as it is shown, of every run that has it.
    let private figures metric results =
        [
            for cell, outcome in outcomes results do
                let x = Metric.shown metric outcome

                if Double.IsFinite x then
                    cell, x
        ]

    /// A metric's values as they are shown, where outcomes have one.
    let values metric results = figures metric results |> List.map snd

    /// The metric as it is shown: over seeds where all runs are of one setting, else over settings. None where no run has it.
    let spread metric results =
        figures metric results
        |> List.map (fun (cell, x) -> setting cell, x)
        |> Statistics.spread

    /// The metric by seed, as it is shown: the mean over the settings that have it. Seeds that one of these settings lacks are left out.
    let bySeed metric results =
        let known = figures metric results
        let settings = known |> List.distinctBy (fst >> setting) |> List.length

        known
        |> List.groupBy (fun (cell, _) -> cell.Run.Seed)
        |> List.filter (fun (_, figures) -> figures.Length = settings)
        |> List.map (fun (seed, figures) -> seed, figures |> List.averageBy snd)
        |> Map

    /// What chooses: the linear probe on images held out of training. What was chosen is then judged on the test images.
    let chooser = Metric.linearValidationTop1

    /// Why nothing is chosen where settings have a test accuracy alone.
    let private unchosen count all =
        $"Nothing is chosen: {count} of {all} settings have no validation accuracy (outcomes taken over from version 0.1 and linear probes by SGD have none), "
        + "and test images must not choose. The linear probe by L-BFGS gives one (Evaluation.Probe, or an --out in a new folder for outcomes taken over)."

    /// The setting with the highest mean validation accuracy over its seeds, and its runs; or, in words, why none is chosen. Failed runs and
    /// probes are left out; settings with a test accuracy alone leave all unchosen.
    let best (results: Results) =
        let settings =
            [
                for place, cells in results.Cells |> List.groupBy (_.Cell >> setting) do
                    let group = { results with Cells = cells }

                    if (spread Metric.linearTop1 group).IsSome then
                        place, group, spread chooser group
            ]

        match settings |> List.filter (fun (_, _, validation) -> validation.IsNone) with
        | _ when settings.IsEmpty -> Error "Nothing is chosen: no run has a linear probe."
        | [] ->
            let place, group, _ =
                settings |> List.maxBy (fun (_, _, validation) -> validation.Value.Mean)

            Ok(place, group)
        | without -> Error(unchosen without.Length settings.Length)

    /// The best setting at each value of an axis.
    let bestBy axis results =
        [ for value, group in groupBy axis results -> value, best group ]

    /// How much higher a metric, as it is shown, is at a value of an axis than at another: over the pairs of runs that agree in all other
    /// coordinates, the seed among them. None without such a pair; pairs of which one lacks the metric are left out.
    let differences axis fromValue toValue metric (results: Results) =
        let known value =
            [
                for cell, x in figures metric (slice axis value results) ->
                    (setting cell |> List.filter (fst >> (<>) axis), cell.Run.Seed), x
            ]
            |> Map

        let first, second = known fromValue, known toValue

        [
            for KeyValue(place, x) in first do
                match second |> Map.tryFind place with
                | Some y -> fst place, y - x
                | None -> ()
        ]
        |> Statistics.spread
