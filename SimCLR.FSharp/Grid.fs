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

[<RequireQualifiedAccess>]
module Grid =

    /// The name of the axis that Grid.seeds makes.
    [<Literal>]
    let SeedAxis = "seed"

    /// One run, no axis.
    let from run = { Axes = []; Cells = [ { Coordinates = []; Run = run } ] }

    let private extend name (values: (AxisValue * (Run -> Run)) list) grid =
        if List.isEmpty values then
            invalidArg (nameof values) $"Axis '{name}' has no values; give it one or more."

        if List.contains name grid.Axes then
            invalidArg (nameof name) $"The grid has an axis '{name}' already; give this one another name."

        { Axes = grid.Axes @ [ name ]
          Cells =
            [ for cell in grid.Cells do
                  for coordinate, change in values ->
                      { Coordinates = cell.Coordinates @ [ name, coordinate ]
                        Run = change cell.Run } ] }

    let private coordinate (value: obj) =
        match value with
        | :? float as x -> AxisValue.Number x
        | :? int as i -> AxisValue.Number(float i)
        | :? int64 as i -> AxisValue.Number(float i)
        | other -> AxisValue.Text(string other)

    /// Every run with every value of an axis: numbers, or values that print well.
    let vary name (set: 'T -> Run -> Run) (values: 'T list) grid =
        grid |> extend name [ for value in values -> coordinate (box value), set value ]

    /// Every run with every value of an axis, each with its label.
    let varyBy name (set: 'T -> Run -> Run) (values: (string * 'T) list) grid =
        grid |> extend name [ for label, value in values -> AxisValue.Text label, set value ]

    /// Every run with every seed.
    let seeds (seeds: int list) grid =
        grid |> vary SeedAxis Run.seed [ for seed in seeds -> int64 seed ]

    /// Only the cells whose run fits.
    let where predicate grid =
        { grid with Cells = grid.Cells |> List.filter (fun cell -> predicate cell.Run) }

    /// The runs, in order.
    let runs grid = grid.Cells |> List.map _.Run

    /// Number of runs.
    let size grid = List.length grid.Cells

    /// The coordinates in words: "temperature 0.1, seed 0".
    let label (cell: Cell) =
        cell.Coordinates |> List.map (fun (name, value) -> $"{name} {value}") |> String.concat ", "

    /// All that is wrong with the grid's runs, with their coordinates; none for a grid that can start.
    let problems grid =
        if List.isEmpty grid.Cells then
            [ "The grid has no runs: 'where' has dropped them all." ]
        else
            [ for cell in grid.Cells do
                  for problem in Run.problems cell.Run ->
                      if List.isEmpty cell.Coordinates then problem else $"{label cell}: {problem}" ]
            |> List.distinct
