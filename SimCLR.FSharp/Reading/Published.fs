namespace SimCLR

open System

/// Figures of a published table or plot: a number at each of its coordinates.
[<RequireQualifiedAccess>]
type Published =
    {
        /// "Table 5 of SimCLR": which one.
        Source: string
        /// What is measured there, with its unit.
        Measure: string
        /// Names of the axes, as a sweep names its own.
        Axes: string list
        /// Coordinates, one per axis, and the number.
        Values: (AxisValue list * PublishedNumber) list
        /// A sentence on what must be known of the numbers; empty for most.
        Remark: string
    }

/// Published tables, sliced as results are.
[<RequireQualifiedAccess>]
module Published =

    let internal along source measure axis values =
        {
            Published.Source = source
            Published.Measure = measure
            Published.Axes = [ axis ]
            Published.Values =
                [
                    for coordinate, value in values -> [ coordinate ], PublishedNumber.Exactly value
                ]
            Published.Remark = ""
        }

    let internal over source measure rowAxis columnAxis columns rows =
        {
            Published.Source = source
            Published.Measure = measure
            Published.Axes = [ rowAxis; columnAxis ]
            Published.Values =
                [
                    for row, values in rows do
                        for column, value in List.zip columns values -> [ row; column ], PublishedNumber.Exactly value
                ]
            Published.Remark = ""
        }

    let private index axis (published: Published) =
        match published.Axes |> List.tryFindIndex ((=) axis) with
        | Some i -> i
        | None ->
            let names = String.concat ", " published.Axes
            wrongValue $"{published.Source} has no axis '{axis}'; it has: {names}."

    /// Only the figures at that coordinate of an axis, which is then no axis any more.
    let slice axis (value: AxisValue) (published: Published) =
        let i = index axis published

        { published with
            Published.Source = $"{published.Source}, {axis} {value}"
            Published.Axes = List.removeAt i published.Axes
            Published.Values =
                [
                    for coordinates, number in published.Values do
                        if coordinates[i] = value then
                            List.removeAt i coordinates, number
                ]
        }

    /// How much higher the figures are at a value of an axis than at another, which is then no axis any more: what pretraining adds to
    /// training on the labels alone, say.
    let difference axis (value: AxisValue) (from: AxisValue) (published: Published) =
        let i = index axis published

        let known = published.Values |> Map

        { published with
            Published.Source = $"{published.Source}, {axis} {value} less {from}"
            Published.Measure = $"points of {published.Measure}"
            Published.Axes = List.removeAt i published.Axes
            Published.Values =
                [
                    for coordinates, number in published.Values do
                        if coordinates[i] = value then
                            match known |> Map.tryFind (List.updateAt i from coordinates) with
                            | Some lower ->
                                List.removeAt i coordinates,
                                PublishedNumber.Exactly(Math.Round(number.Value - lower.Value, 10))
                            | None -> ()
                ]
        }

    /// The numbers on an axis multiplied: a small sweep's batches and epochs stand for the paper's, and the source says so.
    let scaled axis (factor: float) (published: Published) =
        let i = index axis published

        let change (coordinates: AxisValue list) =
            match coordinates[i] with
            | AxisValue.Number x -> List.updateAt i (AxisValue.Number(x * factor)) coordinates
            | _ -> coordinates

        { published with
            Published.Source = $"{published.Source}, {axis} times {factor}"
            Published.Values = [ for coordinates, number in published.Values -> change coordinates, number ]
        }
