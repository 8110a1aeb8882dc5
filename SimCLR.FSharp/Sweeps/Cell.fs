namespace SimCLR

/// A run and where it stands in its grid.
type Cell =
    {
        /// Axis names and coordinates, in the grid's order.
        Coordinates: (string * AxisValue) list
        Run: Run
    }

[<RequireQualifiedAccess>]
module internal Cell =

    /// Coordinates in words: "temperature 0.1, seed 0".
    let words (coordinates: (string * AxisValue) list) =
        coordinates
        |> List.map (fun (name, value) -> $"{name} {value}")
        |> String.concat ", "

    /// The coordinates but for one axis.
    let without axis (cell: Cell) =
        cell.Coordinates |> List.filter (fst >> (<>) axis)
