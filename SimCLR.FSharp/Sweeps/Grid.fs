namespace SimCLR

open System.Globalization

/// A coordinate on an axis of a grid.
[<RequireQualifiedAccess>]
type AxisValue =
    | Number of float
    | Text of string

    override value.ToString() =
        match value with
        | Number x -> x.ToString("R", CultureInfo.InvariantCulture)
        | Text text -> text

/// A run and where it stands in its grid.
type Cell =
    {
        /// Axis names and coordinates, in the grid's order.
        Coordinates: (string * AxisValue) list
        Run: Run
    }

/// Runs with named axes.
type Grid = { Axes: string list; Cells: Cell list }

/// A choice to vary: its name, and what each of its values does to a run.
[<NoEquality; NoComparison>]
type Axis =
    {
        Name: string
        Points: (AxisValue * (Run -> Run)) list
    }

[<RequireQualifiedAccess>]
module Axis =

    let private coordinate (value: obj) =
        match value with
        | :? float as x -> AxisValue.Number x
        | :? int as i -> AxisValue.Number(float i)
        | :? int64 as i -> AxisValue.Number(float i)
        | :? string as text -> AxisValue.Text text
        | other -> AxisValue.Text(Code.line other)

    /// Values that a setter such as Run.temperature sets; anything but a number or a text is named by its code.
    let over name (set: 'T -> Run -> Run) (values: 'T list) =
        {
            Name = name
            Points = [ for value in values -> coordinate (box value), set value ]
        }

    /// Values, each with its label.
    let labelled name (set: 'T -> Run -> Run) (values: (string * 'T) list) =
        {
            Name = name
            Points = [ for label, value in values -> AxisValue.Text label, set value ]
        }

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
            invalidArg (nameof axis) $"Axis '{axis.Name}' has no values; give it one or more."

        if List.contains axis.Name grid.Axes then
            invalidArg (nameof axis) $"The grid has an axis '{axis.Name}' already; give this one another name."

        // A run that is there twice would count twice in every mean.
        for value, count in axis.Points |> List.countBy fst do
            if count > 1 then
                invalidArg (nameof axis) $"Axis '{axis.Name}' has the value {value} {count} times; give it once."

    /// Every run with every value of an axis.
    let along (axis: Axis) grid =
        check axis grid

        {
            Axes = grid.Axes @ [ axis.Name ]
            Cells =
                [
                    for cell in grid.Cells do
                        for coordinate, change in axis.Points ->
                            {
                                Coordinates = cell.Coordinates @ [ axis.Name, coordinate ]
                                Run = change cell.Run
                            }
                ]
        }

    /// Every run with every value of an axis: numbers, or values that print well.
    let vary name (set: 'T -> Run -> Run) (values: 'T list) grid = along (Axis.over name set values) grid

    /// Every run with every value of an axis, each with its label.
    let varyBy name (set: 'T -> Run -> Run) (values: (string * 'T) list) grid =
        along (Axis.labelled name set values) grid

    /// Every run with every combination of the axes' values; the first axis varies slowest.
    let cross axes grid =
        axes |> List.fold (fun grid axis -> along axis grid) grid

    /// Every run with the axes' first values, then with their second values, and so on: choices that change together.
    let zip (axes: Axis list) grid =
        axes |> List.iter (fun axis -> check axis grid)
        let names = axes |> List.map _.Name

        match axes |> List.map _.Points.Length |> List.distinct with
        | [ _ ] when List.distinct names = names -> ()
        | [ _ ] -> invalidArg (nameof axes) "Two of the zipped axes have the same name; give each its own."
        | _ ->
            let lengths =
                [ for axis in axes -> $"'{axis.Name}' has {axis.Points.Length}" ]
                |> String.concat ", "

            invalidArg (nameof axes) $"Zipped axes need the same number of values, but {lengths}."

        {
            Axes = grid.Axes @ names
            Cells =
                [
                    for cell in grid.Cells do
                        for points in axes |> List.map _.Points |> List.transpose ->
                            {
                                Coordinates = cell.Coordinates @ List.zip names (List.map fst points)
                                Run = points |> List.fold (fun run (_, change) -> change run) cell.Run
                            }
                ]
        }

    /// The cells of both grids, which have the same axes; a cell of both is there once.
    let union (first: Grid) (second: Grid) =
        let show (grid: Grid) = String.concat ", " grid.Axes

        if List.sort first.Axes <> List.sort second.Axes then
            invalidArg
                (nameof second)
                $"A union needs grids of the same axes, not of [{show first}] and [{show second}]."

        let ordered (cell: Cell) =
            { cell with
                Coordinates =
                    first.Axes
                    |> List.map (fun axis -> cell.Coordinates |> List.find (fst >> (=) axis))
            }

        let cells = first.Cells @ List.map ordered second.Cells |> List.distinct

        for coordinates, count in cells |> List.countBy _.Coordinates do
            if count > 1 then
                let place =
                    coordinates
                    |> List.map (fun (name, value) -> $"{name} {value}")
                    |> String.concat ", "

                invalidArg
                    (nameof second)
                    $"The two grids have different runs at {place}; vary what differs on an axis."

        { Axes = first.Axes; Cells = cells }

    /// Every run with every seed.
    let seeds (seeds: int list) grid =
        grid |> vary SeedAxis Run.seed [ for seed in seeds -> int64 seed ]

    /// Only the cells whose run fits.
    let where predicate grid =
        { grid with
            Cells = grid.Cells |> List.filter (fun cell -> predicate cell.Run)
        }

    /// The runs, in order.
    let runs grid = grid.Cells |> List.map _.Run

    /// Number of runs.
    let size grid = List.length grid.Cells

    /// The coordinates in words: "temperature 0.1, seed 0".
    let label (cell: Cell) =
        cell.Coordinates
        |> List.map (fun (name, value) -> $"{name} {value}")
        |> String.concat ", "

    /// All that is wrong with the grid's runs, with their coordinates; none for a grid that can start.
    let problems grid =
        if List.isEmpty grid.Cells then
            [ "The grid has no runs: 'where' has dropped them all." ]
        else
            [
                for cell in grid.Cells do
                    for problem in Run.problems cell.Run ->
                        if List.isEmpty cell.Coordinates then
                            problem
                        else
                            $"{label cell}: {problem}"
            ]
            |> List.distinct

    /// The grid, or all that is wrong with its runs.
    let validate grid =
        match problems grid with
        | [] -> Ok grid
        | wrong -> Error wrong
