namespace SimCLR

open System
open Plotly.NET
open Plotly.NET.LayoutObjects
open SimCLR.ChartStyle

/// Charts of results.
[<RequireQualifiedAccess>]
module Plot =

    /// Whether values are numbers, over which a line makes sense, but for cells without a value, which are a level beside it.
    let private areNumeric values =
        List.exists (number >> Option.isSome) values && not (List.exists isWord values)

    /// Whether the values of an axis are numbers, over which a line makes sense.
    let isNumeric axisName results = valuesOf axisName results |> areNumeric

    let private axisOf name values =
        match List.choose number values with
        | _ when not (areNumeric values) -> axis name (Some StyleParam.AxisType.Category) None
        | numbers ->
            let kind =
                if isLogarithmic numbers then
                    Some StyleParam.AxisType.Log
                else
                    None

            axis name kind (Some [ for x in numbers -> x :> IConvertible ])

    /// The mean as a line, its spread as a band around it: the deviation over seeds, or from the smallest to the largest setting.
    let private band i name (points: (float * Spread) list) =
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
    let private along axisName metric results =
        [
            for value in valuesOf axisName results do
                match number value, Results.at axisName value results |> Results.spread metric with
                | Some x, Some spread -> x, spread
                | _ -> ()
        ]

    /// A line along a numeric axis, and the mean of the runs without a value there as a level from end to end.
    let private lineAndLevel i axisName ends name metric results =
        [
            match along axisName metric results with
            | [] -> ()
            | points -> yield! band i name points

            match Results.at axisName AxisValue.None results |> Results.values metric with
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
    let private endsOf axisName results =
        match valuesOf axisName results |> List.choose number with
        | [] -> []
        | numbers -> [ List.min numbers; List.max numbers ]

    /// Columns with their spread, those that have one.
    let private columns i axisName (metric: Metric) results =
        let groups =
            [
                for value in valuesOf axisName results do
                    match Results.at axisName value results |> Results.spread metric with
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

    /// Metrics of one unit along an axis: means with their deviation over seeds, or, where other axes vary, with the range of their settings. Lines
    /// with bands along numbers, columns along words.
    let metrics axisName (title: string) (metrics: Metric list) results =
        if isNumeric axisName results then
            [
                for i, metric in List.indexed metrics do
                    yield! lineAndLevel i axisName (endsOf axisName results) metric.Name metric results
            ]
        else
            [ for i, metric in List.indexed metrics -> columns i axisName metric results ]
        |> Chart.combine
        |> styled (axisOf axisName (valuesOf axisName results)) (axis title None None)

    /// A metric along an axis, as above; along numbers every run is a dot too.
    let metric axisName (metric: Metric) results =
        let dots =
            [
                for value in valuesOf axisName results do
                    match number value with
                    | Some x -> yield! [ for y in Results.at axisName value results |> Results.values metric -> x, y ]
                    | None -> ()
            ]

        [
            metrics axisName (Metric.heading metric) [ metric ] results

            if not dots.IsEmpty then
                Chart.Point(xy = dots, Name = "runs", MarkerColor = colour 1, Opacity = 0.8)
                |> Chart.withMarkerStyle (Size = 6)
        ]
        |> Chart.combine
        |> styled (axisOf axisName (valuesOf axisName results)) (axis (Metric.heading metric) None None)

    /// Linear probe before and after training and k-NN, along an axis.
    let accuracies axisName results =
        metrics axisName "top-1 (%)" [ Outcome.linearTop1; Outcome.knnTop1; Outcome.linearTop1Untrained ] results

    /// A metric along an axis of numbers, a line with its spread as a band for each value of another axis.
    let lineBy otherAxis axisName (metric: Metric) results =
        [
            for i, value in List.indexed (valuesOf otherAxis results) do
                yield!
                    Results.at otherAxis value results
                    |> lineAndLevel i axisName (endsOf axisName results) $"{otherAxis} {value}" metric
        ]
        |> Chart.combine
        |> styled (axisOf axisName (valuesOf axisName results)) (axis (Metric.heading metric) None None)

    /// Loss of every run against the epoch, coloured by an axis, with the loss of a model that guesses.
    let curves axisName (results: Results) =
        let name (cell: Cell) =
            if List.contains axisName results.Axes then
                $"{axisName} {Results.coordinate axisName cell}"
            else
                "loss"

        let groups = Results.outcomes results |> List.groupBy (fst >> name)

        let lines =
            [
                for i, (value, cells) in List.indexed groups do
                    for j, (cell, outcome) in List.indexed cells ->
                        Chart.Line(
                            x = [ for point in outcome.Curve -> point.Epoch ],
                            y = [ for point in outcome.Curve -> point.Loss ],
                            Name = value,
                            ShowLegend = (j = 0),
                            LineColor = colour i,
                            LineWidth = 1.6,
                            Text = Grid.label cell
                        )
            ]

        let chance =
            [
                for i, (batch, runs) in
                    Results.outcomes results
                    |> List.groupBy (fun (cell, _) -> cell.Run.BatchSize)
                    |> List.indexed do
                    let level = log (2.0 * float batch - 1.0)
                    let epochs = runs |> List.map (fun (cell, _) -> cell.Run.Epochs) |> List.max

                    Chart.Line(
                        x = [ 0.0; float epochs ],
                        y = [ level; level ],
                        Name = (if i = 0 then "guessing" else $"guessing, batch {batch}"),
                        ShowLegend = (i = 0),
                        LineColor = grey,
                        LineDash = StyleParam.DrawingStyle.Dot,
                        LineWidth = 1.5
                    )
            ]

        lines @ chance
        |> Chart.combine
        |> styled (axis "epoch" None None) (axis "loss" None None)

    /// Named curves through points (x, y).
    let lines xTitle yTitle (curves: (string * (float * float) list) list) =
        [
            for i, (name, points) in List.indexed curves ->
                Chart.Line(xy = points, Name = name, LineColor = colour i, LineWidth = 2.2)
        ]
        |> Chart.combine
        |> styled (axis xTitle None None) (axis yTitle None None)

    /// A metric by two axes, its number in every cell: the mean over all else. The first row is the topmost.
    let heatMap rowAxis columnAxis (metric: Metric) results =
        let rows, columns = valuesOf rowAxis results, valuesOf columnAxis results

        let means =
            [
                for row in rows ->
                    [
                        for column in columns ->
                            results
                            |> Results.at rowAxis row
                            |> Results.at columnAxis column
                            |> Results.spread metric
                            |> Option.map _.Mean
                    ]
            ]

        let words title values =
            let axis = axis title (Some StyleParam.AxisType.Category) None
            axis |> LinearAxis.style (ShowGrid = false, TickVals = values)

        let digits = if metric.Unit = "%" then 1 else 2

        Chart.Heatmap(
            zData = [ for row in means -> [ for mean in row -> Option.defaultValue nan mean ] ],
            X = List.map string columns,
            Y = List.map string rows,
            ColorScale = sequential,
            XGap = 3,
            YGap = 3
        )
        |> GenericChart.mapTrace (Trace2DStyle.Heatmap(TextTemplate = $"%%{{z:.{digits}f}}"))
        |> Chart.withColorBarStyle (
            Thickness = 12.,
            OutlineWidth = 0.,
            TitleText = Metric.heading metric,
            Title = Title.init (Text = Metric.heading metric, Side = StyleParam.Side.Right)
        )
        |> styled
            (words columnAxis [ for value in columns -> string value :> IConvertible ])
            (words rowAxis [ for value in rows -> string value :> IConvertible ]
             |> LinearAxis.style (AutoRange = StyleParam.AutoRange.Reversed))

    /// Every run a line through its coordinates on the axes and its metrics, which all runs have; the darker, the higher the first metric.
    let parallelCoordinates axes metrics results =
        ParallelCoordinates.chart axes metrics results

    /// Images as points in the plane, coloured by class; the page has the legend.
    let internal map (classes: string list) (labels: int list) (points: (float * float) list) =
        let short (x: float) = Math.Round(x, 3)

        [
            for label, members in List.zip labels points |> List.groupBy fst |> List.sortBy fst ->
                Chart.Point(
                    xy = [ for _, (x, y) in members -> short x, short y ],
                    Name = classes[label],
                    MarkerColor = Color.fromString (classColour classes.Length label),
                    Opacity = 0.75
                )
                |> Chart.withMarkerStyle (Size = 5)
                |> GenericChart.mapTrace (Trace2DStyle.Scatter(HoverInfo = StyleParam.HoverInfo.Name))
        ]
        |> Chart.combine
        |> styled (bare ()) (bare ())
        |> Chart.withLayoutStyle (ShowLegend = false)
        |> Chart.withMargin (Margin.init (Left = 5, Right = 5, Top = 5, Bottom = 5))
