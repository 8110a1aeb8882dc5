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

/// What a grid came to.
type Results =
    {
        Axes: string list
        Cells: CellResult list
    }

[<RequireQualifiedAccess>]
module Results =

    /// The cells that have an outcome.
    let outcomes (results: Results) =
        [
            for cell in results.Cells do
                match cell.Result with
                | Ok outcome -> cell.Cell, outcome
                | Error _ -> ()
        ]

    /// The coordinate of a cell on an axis.
    let coordinate axis (cell: Cell) =
        match cell.Coordinates |> List.tryFind (fun (name, _) -> name = axis) with
        | Some(_, value) -> value
        | None ->
            let names = cell.Coordinates |> List.map fst |> String.concat ", "
            invalidArg (nameof axis) $"There is no axis '{axis}'; the grid has: {names}."

    /// The coordinates of a cell without the seed.
    let setting (cell: Cell) =
        cell.Coordinates |> List.filter (fst >> (<>) Grid.SeedAxis)

    /// The axes but the seeds that have two values or more.
    let varied (results: Results) =
        results.Axes
        |> List.filter (fun axis ->
            axis <> Grid.SeedAxis
            && (results.Cells |> List.distinctBy (fun cell -> coordinate axis cell.Cell)).Length > 1)

    /// Only the cells that fit.
    let where predicate (results: Results) =
        { results with
            Cells = results.Cells |> List.filter (fun cell -> predicate cell.Cell)
        }

    /// Only the cells with that coordinate on an axis.
    let at axis value results =
        results |> where (fun cell -> coordinate axis cell = value)

    /// The values of an axis in the grid's order, each with its cells.
    let groupBy axis (results: Results) =
        [
            for value, cells in results.Cells |> List.groupBy (fun cell -> coordinate axis cell.Cell) ->
                value, { results with Cells = cells }
        ]

    /// A metric's values as they are shown, where outcomes have one.
    let values metric results =
        outcomes results
        |> List.map (snd >> Metric.shown metric)
        |> List.filter Double.IsFinite

    /// The metric as it is shown: mean, deviation and interval over all runs. None where no run has it.
    let estimate metric results =
        match values metric results with
        | [] -> None
        | values -> Some(Statistics.estimate values)

    /// The setting with the highest mean of a metric over its seeds, and those runs. None where no run has it.
    let best metric (results: Results) =
        results.Cells
        |> List.groupBy (_.Cell >> setting)
        |> List.choose (fun (place, cells) ->
            let group = { results with Cells = cells }

            estimate metric group
            |> Option.map (fun estimate -> estimate.Mean, (place, group)))
        |> function
            | [] -> None
            | known -> Some(known |> List.maxBy fst |> snd)

    /// The best setting at each value of an axis.
    let bestBy axis metric results =
        [
            for value, group in groupBy axis results do
                match best metric group with
                | Some(place, runs) -> value, place, runs
                | None -> ()
        ]

    /// How much higher a metric, as it is shown, is at a value of an axis than at another: one difference for each pair of runs that
    /// agree in all other coordinates, the seed among them. Pairs of which one lacks the metric are left out.
    let differences axis fromValue toValue metric (results: Results) =
        let known value =
            [
                for cell, outcome in outcomes (at axis value results) do
                    let x = Metric.shown metric outcome

                    if Double.IsFinite x then
                        cell.Coordinates |> List.filter (fst >> (<>) axis), x
            ]
            |> Map

        let first, second = known fromValue, known toValue

        [
            for KeyValue(place, x) in first do
                match second |> Map.tryFind place with
                | Some y -> y - x
                | None -> ()
        ]
