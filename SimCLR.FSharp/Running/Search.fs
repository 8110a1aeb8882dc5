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

    /// Whether a cell is among those results: by its coordinates, as a preset may have executed its run otherwise than it was asked for.
    let private isKnown (results: Results) =
        let known = set [ for result in results.Cells -> result.Cell.Coordinates ]
        fun (cell: Cell) -> known.Contains cell.Coordinates

    /// The cells that a search asks for first.
    let first (search: Search) : Grid =
        match search none with
        | [] -> { Axes = []; Cells = [] }
        | cell :: _ as cells ->
            {
                Axes = List.map fst cell.Coordinates
                Cells = cells
            }

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

                match asked |> List.tryFind (isKnown results) with
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
    let private missing results cells =
        cells |> List.filter (isKnown results >> not)

    /// Mean score of cells that all have a result; the worst of all where one of them failed.
    let private meanScore metric (results: Results) (cells: Cell list) =
        let places = set [ for cell in cells -> cell.Coordinates ]

        results.Cells
        |> List.filter (fun result -> places.Contains result.Cell.Coordinates)
        |> List.averageBy (fun result -> ValidationMetric.score metric result.Result)

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
            let rec climb kept rungs =
                match rungs with
                | [] -> []
                | rung :: later ->
                    let rung = rung |> List.filter (fun (setting, _) -> List.contains setting kept)

                    match rung |> List.collect snd |> missing results with
                    | [] ->
                        let best =
                            rung
                            |> List.sortByDescending (snd >> meanScore ValidationMetric.linearTop1 results)
                            |> List.truncate (max 1 (rung.Length / keep))

                        climb (List.map fst best) later
                    | cells -> cells

            climb (List.map fst rungs.Head) rungs

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
            let tried =
                drawn @ [ for result in results.Cells -> placed result.Cell ] |> List.distinct

            match tried |> List.collect at |> missing results with
            | [] when tried.Length >= count -> []
            | [] ->
                [ for point in tried -> point, at point |> meanScore metric results ]
                |> Parzen.next seed axes
                |> at
            | cells -> cells
