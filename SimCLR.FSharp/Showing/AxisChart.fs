/// A metric along an axis of a sweep, as lines or columns.
module internal SimCLR.AxisChart

open System
open Plotly.NET
open SimCLR.ChartStyle

/// Whether values are numbers, over which a line makes sense, but for cells without a value, which are a level beside it.
let areNumeric values =
    List.exists (number >> Option.isSome) values && not (List.exists isWord values)

/// Whether the values of an axis are numbers, over which a line makes sense.
let isNumeric axisName results = valuesOf axisName results |> areNumeric

let private mostTicks = 12

/// Share of an axis that ticks are apart, so that one can read them.
let private leastGap = 0.05

/// Of numbers, from the smallest on, those that are not too near to the one before.
let internal apart place numbers =
    let sorted = numbers |> List.distinct |> List.sort

    match sorted with
    | [] -> []
    | first :: rest ->
        let gap = leastGap * (place (List.last sorted) - place first)

        (first, rest)
        ||> List.scan (fun last x -> if place x - place last >= gap then x else last)
        |> List.distinct

let axisOf name values =
    match List.choose number values with
    | _ when not (areNumeric values) -> axis name (Some StyleParam.AxisType.Category) None
    | numbers ->
        let kind =
            if isLogarithmic numbers then
                Some StyleParam.AxisType.Log
            else
                None

        // Ticks of many values would lie on each other.
        let ticks =
            if numbers.Length > mostTicks then
                None
            else
                Some(
                    seq
                        [
                            for x in apart (if kind.IsSome then log10 else id) numbers -> x :> IConvertible
                        ]
                )

        axis name kind ticks

/// The mean as a line, its spread as a band around it: the deviation over seeds, or from the smallest to the largest setting.
let band i name (points: (float * Spread) list) =
    let ends =
        [
            for x, spread in points do
                match spread.Ends with
                | Some(low, high) -> x, low, high
                | None -> ()
        ]

    [
        if not ends.IsEmpty then
            Chart.Line(
                xy =
                    [ for x, _, high in ends -> x, high ]
                    @ List.rev [ for x, low, _ in ends -> x, low ],
                Name = $"{name}, spread",
                ShowLegend = false,
                LineWidth = 0.
            )
            |> GenericChart.mapTrace (
                Trace2DStyle.Scatter(
                    Fill = StyleParam.Fill.ToSelf,
                    FillColor = pale i,
                    HoverInfo = StyleParam.HoverInfo.Skip
                )
            )
        Chart.Line(
            xy = [ for x, spread in points -> x, spread.Mean ],
            Name = name,
            ShowMarkers = true,
            LineColor = colour i,
            MarkerColor = colour i,
            LineWidth = 2.5
        )
    ]

/// A metric along a numeric axis.
let along axisName metric results =
    [
        for value in valuesOf axisName results do
            match number value, Results.slice axisName value results |> Results.spread metric with
            | Some x, Some spread -> x, spread
            | _ -> ()
    ]

/// A line along a numeric axis, and the mean of the runs without a value there as a level from end to end.
let lineAndLevel i axisName ends name metric results =
    [
        match along axisName metric results with
        | [] -> ()
        | points -> yield! band i name points

        match Results.slice axisName AxisValue.None results |> Results.values metric with
        | [] -> ()
        | values ->
            let mean = List.average values

            Chart.Line(
                xy = [ for x in ends -> x, mean ],
                Name = $"{name}, {axisName} {AxisValue.None}",
                LineColor = colour i,
                LineDash = StyleParam.DrawingStyle.Dot,
                LineWidth = 1.5
            )
    ]

/// The lowest and the highest number of an axis.
let endsOf axisName results =
    match valuesOf axisName results |> List.choose number with
    | [] -> []
    | numbers -> [ List.min numbers; List.max numbers ]

/// Columns with their spread, those that have one.
let columns i axisName (metric: Metric) results =
    let groups =
        [
            for value in valuesOf axisName results do
                match Results.slice axisName value results |> Results.spread metric with
                | Some spread -> string value, spread
                | None -> ()
        ]

    let chart =
        Chart.Column(
            values = [ for _, spread in groups -> spread.Mean ],
            Keys = List.map fst groups,
            Name = metric.Name,
            MarkerColor = colour i,
            MultiText = [ for _, spread in groups -> Statistics.text 1 spread.Mean ],
            TextPosition = StyleParam.TextPosition.Inside
        )

    // Not a number: no bar is drawn.
    let lengths length =
        [
            for _, spread in groups -> spread.Ends |> Option.map (length spread.Mean) |> Option.defaultValue nan
        ]

    if groups |> List.forall (fun (_, spread) -> spread.Ends.IsNone) then
        chart
    else
        chart
        |> Chart.withYErrorStyle (
            Array = lengths (fun mean (_, high) -> high - mean),
            Arrayminus = lengths (fun mean (low, _) -> mean - low),
            Symmetric = false,
            Color = ink,
            Thickness = 1.2
        )
