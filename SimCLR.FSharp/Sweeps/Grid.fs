namespace SimCLR

/// Runs with named axes.
type Grid = { Axes: string list; Cells: Cell list }

/// Grids of runs: made from one run, varied along axes, filtered.
[<RequireQualifiedAccess>]
module Grid =

    /// The name of the axis that Grid.seeds makes.
    [<Literal>]
    let SeedAxis = "seed"

    /// One run, no axis.
    let from run =
        {
            Axes = []
            Cells = [ { Coordinates = []; Run = run } ]
        }

    let private check (axis: Axis) (grid: Grid) =
        if List.isEmpty axis.Points then
            wrongValue $"Axis '{axis.Name}' has no values; give it one or more."

        if List.contains axis.Name grid.Axes then
            wrongValue $"The grid has an axis '{axis.Name}' already; give this one another name."

    let private alongWhere fits (axis: Axis) grid =
        check axis grid

        // A run that is there twice would count twice in every mean.
        for value, count in axis.Points |> List.countBy fst do
            if count > 1 then
                wrongValue $"Axis '{axis.Name}' has the value {value} {count} times; give it once."

        let at coordinate (cell: Cell) run =
            {
                Coordinates = cell.Coordinates @ [ axis.Name, coordinate ]
                Run = run
            }

        {
            Axes = grid.Axes @ [ axis.Name ]
            Cells =
                [
                    for cell in grid.Cells do
                        if fits cell.Run then
                            for coordinate, change in axis.Points do
                                at coordinate cell (change cell.Run)
                        else
                            at AxisValue.None cell cell.Run
                ]
        }

    /// Every run with every value of an axis.
    let along (axis: Axis) grid = alongWhere (fun _ -> true) axis grid

    /// Every run with every value of an axis: numbers, or values that print well.
    let vary name (set: 'T -> Run -> Run) (values: 'T list) grid = along (Axis.over name set values) grid

    /// Every run with every value of an axis, each with its label.
    let varyBy name (set: 'T -> Run -> Run) (values: (string * 'T) list) grid =
        along (Axis.labelled name set values) grid

    /// Every run that fits with every value of an axis; a run that does not fit stays as it is, once, at AxisValue.None, which is shown as "–".
    /// So the temperature is varied of those losses that have one.
    let varyWhere (fits: Run -> bool) name (set: 'T -> Run -> Run) (values: 'T list) grid =
        alongWhere fits (Axis.over name set values) grid

    /// The same, each value with its label.
    let varyByWhere (fits: Run -> bool) name (set: 'T -> Run -> Run) (values: (string * 'T) list) grid =
        alongWhere fits (Axis.labelled name set values) grid

    /// Every run with every combination of the axes' values; the first axis varies slowest.
    let cross axes grid =
        axes |> List.fold (fun grid axis -> along axis grid) grid

    /// Every run with the axes' first values, then with their second values, and so on: choices that change together. An axis may repeat a
    /// value, as long as no two places have the same values on all axes.
    let zip (axes: Axis list) grid =
        axes |> List.iter (fun axis -> check axis grid)
        let names = axes |> List.map _.Name

        match axes |> List.map _.Points.Length |> List.distinct with
        | [] -> wrongValue "There are no axes to zip; give one or more."
        | [ _ ] when List.distinct names = names -> ()
        | [ _ ] -> wrongValue "Two of the zipped axes have the same name; give each its own."
        | _ ->
            let lengths =
                [ for axis in axes -> $"'{axis.Name}' has {axis.Points.Length}" ]
                |> String.concat ", "

            wrongValue $"Zipped axes need the same number of values, but {lengths}."

        let places =
            [
                for points in axes |> List.map _.Points |> List.transpose ->
                    List.zip names (List.map fst points), List.map snd points
            ]

        for place, count in places |> List.countBy fst do
            if count > 1 then
                wrongValue $"The zipped axes have {Cell.words place} {count} times; give it once."

        {
            Axes = grid.Axes @ names
            Cells =
                [
                    for cell in grid.Cells do
                        for place, changes in places ->
                            {
                                Coordinates = cell.Coordinates @ place
                                Run = changes |> List.fold (fun run change -> change run) cell.Run
                            }
                ]
        }

    /// Every run at every point, which has a value for each of the axes.
    let internal atPoints (axes: RandomAxis list) (points: AxisValue list list) grid =
        let along i (axis: RandomAxis) : Axis =
            {
                Name = axis.Name
                Points = [ for point in points -> point[i], axis.Set point[i] ]
            }

        zip (List.mapi along axes) grid

    /// Every run at so many points that are drawn from the axes, all different (random search; Bergstra and Bengio 2012). The seed decides them, on
    /// every machine alike, and the points of a smaller count are the first of a larger one.
    let sample count (seed: int) (axes: RandomAxis list) grid =
        atPoints axes (Sampling.points count seed axes) grid

    /// The cells of both grids; a cell of both is there once. On an axis that its grid does not have, a cell is at AxisValue.None.
    let union (first: Grid) (second: Grid) =
        let axes = List.distinct (first.Axes @ second.Axes)

        let placed (cell: Cell) =
            let known = Map cell.Coordinates

            { cell with
                Coordinates =
                    [
                        for axis in axes -> axis, known |> Map.tryFind axis |> Option.defaultValue AxisValue.None
                    ]
            }

        let cells = first.Cells @ second.Cells |> List.map placed |> List.distinct

        for coordinates, count in cells |> List.countBy _.Coordinates do
            if count > 1 then
                wrongValue
                    $"The two grids have different runs at {Cell.words coordinates}; vary what differs on an axis."

        { Axes = axes; Cells = cells }

    /// Every run with every seed.
    let seeds (seeds: int list) grid =
        grid |> vary SeedAxis Run.withSeed [ for seed in seeds -> int64 seed ]

    /// Only the cells whose run fits.
    let where predicate grid =
        { grid with
            Cells = grid.Cells |> List.filter (fun cell -> predicate cell.Run)
        }

    /// Every run changed; settings stay as they are called.
    let map (change: Run -> Run) grid =
        { grid with
            Cells = [ for cell in grid.Cells -> { cell with Run = change cell.Run } ]
        }

    /// The runs, in order.
    let runs grid = grid.Cells |> List.map _.Run

    /// Number of runs.
    let size grid = List.length grid.Cells

    /// The coordinates in words: "temperature 0.1, seed 0".
    let label (cell: Cell) = Cell.words cell.Coordinates

    /// All that is wrong with the grid, its runs with their coordinates; none for a grid that can start. An axis that changes nothing is wrong, and
    /// one that fits nowhere.
    let problems grid =
        if List.isEmpty grid.Cells then
            [ "The grid has no runs: 'where' has dropped them all." ]
        else
            [
                for axis in grid.Axes do
                    if
                        grid.Cells
                        |> List.forall (fun cell -> List.contains (axis, AxisValue.None) cell.Coordinates)
                    then
                        $"Axis '{axis}' fits none of the runs; leave it out, or see what Grid.varyWhere asks of them."

                yield! SameRuns.problems grid.Cells

                for cell in grid.Cells do
                    for problem in Run.problems cell.Run do
                        if List.isEmpty cell.Coordinates then
                            problem
                        else
                            $"{label cell}: {problem}"
            ]
            |> List.distinct

    /// The grid, or all that is wrong with it.
    let validate grid =
        match problems grid with
        | [] -> Ok grid
        | wrong -> Error wrong
