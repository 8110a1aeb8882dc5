namespace SimCLR

open System
open Plotly.NET
open Plotly.NET.LayoutObjects
open SimCLR.ChartStyle
open SimCLR.AxisChart

/// Charts of results.
[<RequireQualifiedAccess>]
module Plot =

    /// Whether the values of an axis are numbers, over which a line makes sense.
    let isNumeric axisName results = AxisChart.isNumeric axisName results

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
                    | Some x ->
                        yield!
                            [
                                for y in Results.slice axisName value results |> Results.values metric -> x, y
                            ]
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

    /// Metrics of one unit of every run as dots along an axis, on a logarithmic one where its numbers span a decade.
    let scatter axisName (title: string) (metrics: Metric list) results =
        let values = valuesOf axisName results

        let place value : IConvertible =
            match number value with
            | Some x when isNumeric axisName results -> x
            | _ -> string value

        let dots i (metric: Metric) =
            let points =
                [
                    for value in values do
                        for y in Results.slice axisName value results |> Results.values metric -> place value, y
                ]

            Chart.Point(
                x = List.map fst points,
                y = List.map snd points,
                Name = metric.Name,
                MarkerColor = colour i,
                Opacity = 0.85
            )
            |> Chart.withMarkerStyle (Size = 8)

        metrics
        |> List.mapi dots
        |> Chart.combine
        |> styled (axisOf axisName values) (axis title None None)

    /// Linear probe before and after training and k-NN, along an axis.
    let accuracies axisName results =
        metrics axisName "top-1 (%)" [ Metric.linearTop1; Metric.knnTop1; Metric.linearTop1Untrained ] results

    /// A metric along an axis of numbers, a line with its spread as a band for each value of another axis.
    let lineBy otherAxis axisName (metric: Metric) results =
        [
            for i, value in List.indexed (valuesOf otherAxis results) do
                yield!
                    Results.slice otherAxis value results
                    |> lineAndLevel i axisName (endsOf axisName results) $"{otherAxis} {value}" metric
        ]
        |> Chart.combine
        |> styled (axisOf axisName (valuesOf axisName results)) (axis (Metric.heading metric) None None)

    /// More entries of a legend stand beside the chart.
    let private fewEntries = 6

    let private hasMany axisName (results: Results) =
        List.contains axisName results.Axes
        && (valuesOf axisName results).Length > fewEntries

    /// A figure of every run's training against the epoch, coloured by an axis; points without it are left out.
    let private traces figure axisName (results: Results) =
        let isBeside = hasMany axisName results

        let name (cell: Cell) =
            if not (List.contains axisName results.Axes) then figure
            elif isBeside then string (Results.coordinate axisName cell)
            else $"{axisName} {Results.coordinate axisName cell}"

        let groups = Results.outcomes results |> List.groupBy (fst >> name)

        // Names have no order that shades could show: each colour twice, the second time dashed.
        let isFew =
            groups.Length <= colours
            || groups.Length <= 2 * colours && not (isNumeric axisName results)

        [
            for i, (value, cells) in List.indexed groups do
                for j, (cell, outcome) in List.indexed cells ->
                    Chart.Line(
                        xy =
                            [
                                for point in outcome.Curve do
                                    match point.Figures |> Map.tryFind figure with
                                    | Some value -> point.Epoch, value
                                    | None -> ()
                            ],
                        Name = value,
                        ShowLegend = (isFew && j = 0),
                        // Of more than there are colours, from the first to the last.
                        LineColor =
                            (if isFew then
                                 colour i
                             else
                                 shade (float i / float (groups.Length - 1))),
                        LineDash =
                            (if isFew && i >= colours then
                                 StyleParam.DrawingStyle.Dash
                             else
                                 StyleParam.DrawingStyle.Solid),
                        LineWidth = (if isFew then 1.6 else 1.0),
                        Text = Grid.label cell
                    )
        ]

    let private against figure axisName results chart =
        let chart = chart |> styled (axis "epoch" None None) (axis figure None None)

        if hasMany axisName results then
            legendBeside axisName chart
        else
            chart

    /// A figure that was measured while training, of every run against the epoch, coloured by an axis.
    let monitored figure axisName results =
        traces figure axisName results
        |> Chart.combine
        |> against figure axisName results

    /// NT-Xent of a model that guesses; other losses have other levels, or none.
    let private guessing (run: Run) =
        match run.Method, run.Loss with
        | Method.SimClr, Loss.NtXent settings when settings.Normalize ->
            let batch = float run.BatchSize

            Some(
                log (
                    if settings.Negatives = Negatives.OneView then
                        batch
                    else
                        2.0 * batch - 1.0
                )
            )
        | _ -> None

    /// Loss of every run against the epoch, coloured by an axis, with that of a model that guesses, where it is NT-Xent.
    let curves axisName (results: Results) =
        let chance =
            [
                for i, (level, runs) in
                    [
                        for cell, _ in Results.outcomes results do
                            match guessing cell.Run with
                            | Some level -> level, cell.Run
                            | None -> ()
                    ]
                    |> List.groupBy fst
                    |> List.indexed do
                    let run = snd runs.Head
                    let epochs = runs |> List.map (fun (_, run) -> run.Epochs) |> List.max

                    Chart.Line(
                        x = [ 0.0; float epochs ],
                        y = [ level; level ],
                        Name =
                            (if i = 0 then
                                 "NT-Xent when guessing"
                             else
                                 $"NT-Xent when guessing, batch {run.BatchSize}"),
                        ShowLegend = (i = 0),
                        LineColor = grey,
                        LineDash = StyleParam.DrawingStyle.Dot,
                        LineWidth = 1.5
                    )
            ]

        traces "loss" axisName results @ chance
        |> Chart.combine
        |> against "loss" axisName results

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
                            |> Results.slice rowAxis row
                            |> Results.slice columnAxis column
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
