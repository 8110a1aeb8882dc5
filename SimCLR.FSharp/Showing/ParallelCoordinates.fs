/// Runs as lines through upright axes. Plotly's own chart of this kind needs WebGL, which not every browser has.
module internal SimCLR.ParallelCoordinates

open Plotly.NET
open Plotly.NET.LayoutObjects
open SimCLR.ChartStyle

/// An upright axis of parallel coordinates: its name, each run's place between 0 and 1, and the places that are named.
let private upright name (values: float list) (ticks: (string * float) list) =
    let low, high = List.min values, List.max values

    let place x =
        if high > low then (x - low) / (high - low) else 0.5

    name, [| for x in values -> place x |], [ for text, x in ticks -> text, place x ]

/// Heights that are nearer to each other have one name.
let private nearest = 0.09

let private uprightAxis name results =
    let values = valuesOf name results

    let at =
        match List.choose number values with
        | numbers when numbers.Length < values.Length ->
            let places = values |> List.mapi (fun i value -> value, float i) |> dict
            fun value -> places[value]
        | numbers when isLogarithmic numbers -> number >> Option.get >> log10
        | _ -> number >> Option.get

    let name, heights, ticks =
        upright
            name
            [ for cell, _ in Results.outcomes results -> at (Results.coordinate name cell) ]
            [ for value in values -> string value, at value ]

    // Names that would lie on each other are left out, but for the ends'.
    let apart =
        ([], List.sortBy snd ticks)
        ||> List.fold (fun kept (text, place) ->
            match kept with
            | (_, last) :: _ when place < 1.0 && (place - last < nearest || place > 1.0 - nearest) -> kept
            | _ -> (text, place) :: kept)

    name, heights, apart

let private uprightMetric (metric: Metric) results =
    let values =
        [ for _, outcome in Results.outcomes results -> Metric.shown metric outcome ]

    upright (Metric.heading metric) values [ for x in [ List.min values; List.max values ] -> Statistics.text 1 x, x ]

/// Every run a line through its coordinates on the axes and its metrics, which all runs have; the darker, the higher the first metric.
let chart axes (metrics: Metric list) results =
    let uprights =
        [ for name in axes -> uprightAxis name results ]
        @ [ for metric in metrics -> uprightMetric metric results ]

    let _, heights, _ = uprights[List.length axes]

    let names =
        [
            for i, (_, _, ticks) in List.indexed uprights do
                for text, y in ticks ->
                    Annotation.init (
                        X = float i,
                        Y = y,
                        Text = text,
                        ShowArrow = false,
                        XAnchor = StyleParam.XAnchorPosition.Left,
                        XShift = 4,
                        BGColor = Color.fromString "rgba(255,255,255,0.8)"
                    )
        ]

    [
        for run, (cell, outcome) in
            Results.outcomes results
            |> List.indexed
            |> List.sortBy (fun (i, _) -> heights[i]) ->
            Chart.Line(
                xy = [ for i, (_, places, _) in List.indexed uprights -> float i, places[run] ],
                Name = $"{Grid.label cell}: {Statistics.text 1 (Metric.shown metrics.Head outcome)}",
                LineColor = shade heights[run],
                LineWidth = 1.6
            )
            |> GenericChart.mapTrace (Trace2DStyle.Scatter(HoverInfo = StyleParam.HoverInfo.Name))
    ]
    |> Chart.combine
    |> styled
        (LinearAxis.init (
            TickVals = [ for i in 0 .. uprights.Length - 1 -> float i ],
            TickText = [ for name, _, _ in uprights -> name ],
            ShowGrid = true,
            GridColor = grey,
            Range = StyleParam.Range.ofMinMax (-0.03, float uprights.Length - 0.7),
            ZeroLine = false,
            Side = StyleParam.Side.Top
        ))
        (LinearAxis.init (ShowTickLabels = false, ShowGrid = false, ZeroLine = false))
    |> Chart.withLayoutStyle (ShowLegend = false)
    |> Chart.withAnnotations names
    |> Chart.withMargin (Margin.init (Left = 40, Right = 50, Top = 40, Bottom = 15))
