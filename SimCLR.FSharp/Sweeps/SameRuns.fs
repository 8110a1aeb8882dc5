/// Runs that stand at several coordinates of a grid: they would count several times in every mean, and a table would show as an effect what is none.
module internal SimCLR.SameRuns

/// Values of an axis that make one run of all that is equal in the other coordinates: the axis, those coordinates, the values.
let private withoutEffect (cells: Cell list) =
    [
        for axis in cells.Head.Coordinates |> List.map fst do
            for place, same in cells |> List.groupBy (Cell.without axis) do
                let values =
                    [
                        for cell in same do
                            for name, value in cell.Coordinates do
                                if name = axis && value <> AxisValue.None then
                                    value
                    ]

                if values.Length > 1 then
                    axis, place, values
    ]

/// Two of the cells that differ in coordinates, none of which is None.
let private apart (cells: Cell list) =
    List.allPairs cells cells
    |> List.tryFind (fun (a, b) ->
        let differences =
            List.zip a.Coordinates b.Coordinates |> List.filter (fun (a, b) -> a <> b)

        not differences.IsEmpty
        && differences
           |> List.forall (fun ((_, a), (_, b)) -> a <> AxisValue.None && b <> AxisValue.None))

let private listed (values: AxisValue list) =
    match List.rev values with
    | last :: others -> (others |> List.rev |> List.map string |> String.concat ", ") + $" and {last}"
    | [] -> ""

/// A line for each axis, and the values of it, that change nothing; and for every run that is at two places for another reason.
let problems (cells: Cell list) =
    let groups =
        cells
        |> List.groupBy (_.Run >> Run.hash)
        |> List.map snd
        |> List.filter (fun cells -> cells.Length > 1)
        |> List.map (fun cells -> cells, withoutEffect cells)

    [
        for (axis, values), places in
            groups
            |> List.collect snd
            |> List.groupBy (fun (axis, _, values) -> axis, values) do
            let where =
                match places with
                | [ (_, [], _) ] -> ""
                | [ (_, place, _) ] -> $" at {Cell.words place}"
                | (_, place, _) :: others -> $" at {Cell.words place}, the first of {others.Length + 1} such places"
                | [] -> ""

            $"Axis '{axis}' changes nothing between {listed values}{where}: they are the same run. Vary it only where it has an effect, with Grid.varyWhere."

        for cells, found in groups do
            match apart cells with
            | Some(a, b) when found.IsEmpty ->
                $"The same run is at {Cell.words a.Coordinates} and at {Cell.words b.Coordinates}; make one axis of those that differ, so that it has one place."
            | _ -> ()
    ]
