namespace SimCLR

open System
open System.Threading

/// What a search looks at: a figure of validation images, so that nothing is chosen by the test images.
[<NoEquality; NoComparison>]
type ValidationMetric = private { Get: Outcome -> float }

/// Figures that a search may choose by: none of test images.
[<RequireQualifiedAccess>]
module ValidationMetric =

    /// Accuracy of the linear probe on the validation images that its strength is chosen on.
    let linearTop1 = { Get = _.LinearValidationTop1 }

    /// A figure that the runs' monitor measures, as of its last look: ValidationMetric.monitored "validation k-NN top-1". Raises WrongValueException for another.
    let monitored (figure: string) =
        if not (figure.StartsWith Monitored.Prefix) then
            wrongValue
                $"'{figure}' is not measured of validation images by a monitor; these figures begin with '{Monitored.Prefix}', for example 'validation k-NN top-1'."

        {
            Get = fun outcome -> outcome.Figure figure
        }

    /// Higher is better; -infinity where a run failed or has no such figure, so that it counts as the worst.
    let score metric (result: Result<Outcome, Failure>) =
        match result with
        | Ok outcome when Double.IsFinite(metric.Get outcome) -> metric.Get outcome
        | _ -> -infinity

/// Which cells to execute next, by the results so far; none: the search is over. It is a pure function, and stored cells are free, so that a search
/// that was interrupted goes on when it is started again: it asks the same questions and gets the same answers.
type Search = Results -> Cell list

/// Searches that choose by validation figures.
[<RequireQualifiedAccess>]
module Search =

    let private none: Results = { Axes = []; Cells = [] }

    /// The cells that a search asks for first.
    let first (search: Search) : Grid =
        match search none with
        | [] -> { Axes = []; Cells = [] }
        | cell :: _ as cells ->
            {
                Axes = List.map fst cell.Coordinates
                Cells = cells
            }

    /// Results by the coordinates of their cells, which no other cell of a search has: a preset may have executed a run otherwise than it was asked for.
    let private byPlace (results: Results) =
        Map [ for result in results.Cells -> result.Cell.Coordinates, result ]

    /// Asks a search, has the cells executed, which is told the results so far, and asks again, until it is over or a cell stays without result.
    let internal drive (execute: Results -> Grid -> Results) (search: Search) : Results =
        let rec go (results: Results) =
            match search results with
            | [] -> results
            | asked ->
                let next: Grid =
                    {
                        Axes = List.map fst asked.Head.Coordinates
                        Cells = asked
                    }

                let known = byPlace results

                match asked |> List.tryFind (fun cell -> known.ContainsKey cell.Coordinates) with
                | Some cell ->
                    invalidOp
                        $"The search asks for {Grid.label cell} again; a search asks for what is not among the results, and for nothing once it is over."
                | None ->
                    let answered = execute results next

                    let all: Results =
                        {
                            Axes = next.Axes
                            Cells = results.Cells @ answered.Cells
                        }

                    if answered.Cells.Length < asked.Length then all else go all

        go none

    /// Carries a search out: executes the cells that it asks for, those that are not stored, until it asks for none. Cancelling ends it with the
    /// results so far.
    let execute (cancellation: CancellationToken) (search: Search) executor =
        search
        |> drive (fun _ grid ->
            let runs =
                if Grid.size grid = 1 then
                    "a run"
                else
                    $"{Grid.size grid} runs"

            Executor.note executor $"The search asks for {runs}."
            Execution.execute cancellation executor grid)

    /// The same, to its end.
    let run (search: Search) executor =
        execute CancellationToken.None search executor

    /// The cells of results as a grid, for reports.
    let grid (results: Results) : Grid =
        {
            Axes = results.Axes
            Cells = results.Cells |> List.map _.Cell
        }

    /// What of cells has no result yet.
    let private missing (known: Map<_, CellResult>) cells =
        cells |> List.filter (fun cell -> not (known.ContainsKey cell.Coordinates))

    /// Mean score of cells that all have a result; the worst of all where one of them failed.
    let private meanScore metric (known: Map<_, CellResult>) (cells: Cell list) =
        cells
        |> List.averageBy (fun cell -> ValidationMetric.score metric known[cell.Coordinates].Result)

    /// The name of the axis that Search.halving makes.
    [<Literal>]
    let EpochsAxis = "epochs"

    /// Successive halving (Jamieson and Talwalkar 2016): every setting of the grid at the first number of epochs, the best of each `keep` at the second,
    /// of those the best of each `keep` at the third, and so on, one at least. Each is a training of its own whose learning rate falls over just
    /// those epochs. The best have the highest validation accuracy of the linear probe, as a mean over their seeds, which stay together.
    let halving keep (epochs: int list) (grid: Grid) : Search =
        if keep < 2 then
            wrongValue $"keep is {keep}; use 2 or more, so that one of so many goes on."

        if epochs.IsEmpty || List.sort (List.distinct epochs) <> epochs then
            let given = epochs |> List.map string |> String.concat "; "
            wrongValue $"The epochs are [ {given} ]; give one number or more, the smallest first."

        /// The coordinates of a cell without its seed and its rung.
        let setting (cell: Cell) =
            Results.setting cell |> List.filter (fst >> (<>) EpochsAxis)

        let rungs =
            [
                for count in epochs ->
                    (Grid.vary EpochsAxis Run.shortened [ count ] grid).Cells
                    |> List.groupBy setting
            ]

        fun results ->
            let known = byPlace results

            let rec climb (kept: Set<_>) rungs =
                match rungs with
                | [] -> []
                | rung :: later ->
                    let rung = rung |> List.filter (fst >> kept.Contains)

                    match rung |> List.collect snd |> missing known with
                    | [] ->
                        // Scored first: a sort asks for its keys at every comparison.
                        let best =
                            [
                                for setting, cells in rung -> setting, meanScore ValidationMetric.linearTop1 known cells
                            ]
                            |> List.sortByDescending snd
                            |> List.truncate (max 1 (rung.Length / keep))

                        climb (set (List.map fst best)) later
                    | cells -> cells

            climb (set (List.map fst rungs.Head)) rungs

    /// Points that are drawn before the first is chosen.
    let private drawnFirst = 10

    /// A search by a tree-structured Parzen estimator (Bergstra et al. 2011): the first ten points are those of Grid.sample with that seed, each
    /// further one is where good results have been dense, until there are so many. A point's score is the mean of the metric over the cells of the
    /// start, such as its seeds.
    let tpe seed count (axes: RandomAxis list) metric (start: Grid) : Search =
        if start.Cells.IsEmpty then
            wrongValue "The start has no runs; give it one or more, for example Grid.from Run.shapes."

        let drawn = Sampling.points (min drawnFirst count) seed axes

        let at point =
            (Grid.atPoints axes [ point ] start).Cells

        let placed (cell: Cell) =
            [
                for axis in axes -> cell.Coordinates |> List.find (fst >> (=) axis.Name) |> snd
            ]

        fun results ->
            let known = byPlace results

            let tried =
                drawn @ [ for result in results.Cells -> placed result.Cell ] |> List.distinct

            match tried |> List.collect at |> missing known with
            | [] when tried.Length >= count -> []
            | [] ->
                [ for point in tried -> point, at point |> meanScore metric known ]
                |> Parzen.next seed axes
                |> at
            | cells -> cells
