namespace SimCLR

open Plotly.NET
open Plotly.NET.LayoutObjects

/// Charts of results.
[<RequireQualifiedAccess>]
module Plot =

    /// Okabe and Ito's colours, told apart by colour-blind readers too.
    let private palette =
        [
            "#0072B2"
            "#E69F00"
            "#009E73"
            "#D55E00"
            "#CC79A7"
            "#56B4E9"
            "#8C6D31"
            "#444444"
        ]

    let private colour i =
        Color.fromString (List.item (i % palette.Length) palette)

    let private grey = Color.fromString "#888888"

    let private ink = Color.fromString "#333333"

    let private axis (title: string) kind ticks =
        LinearAxis.init (
            Title = Title.init (Text = title),
            ShowGrid = true,
            GridColor = Color.fromString "#e6e6e6",
            ZeroLine = false,
            ?AxisType = kind,
            ?TickVals = ticks,
            ?TickText = ticks
        )

    /// The page gives the width; Plotly.NET would fix one.
    let private fluid (chart: GenericChart) =
        chart
        |> GenericChart.mapLayout (fun layout ->
            layout.RemoveProperty "width" |> ignore
            layout)

    /// The look that all charts share; the page gives the width.
    let private styled xTitle xKind xTicks yTitle chart =
        chart
        |> Chart.withXAxis (axis xTitle xKind xTicks)
        |> Chart.withYAxis (axis yTitle None None)
        |> Chart.withLayout (
            Layout.init (
                PaperBGColor = Color.fromString "rgba(0,0,0,0)",
                PlotBGColor = Color.fromString "rgba(0,0,0,0)",
                Font =
                    Font.init (Family = StyleParam.FontFamily.Custom "system-ui, sans-serif", Size = 13., Color = ink),
                Margin = Margin.init (Left = 60, Right = 20, Top = 20, Bottom = 50),
                AutoSize = true,
                Height = 380,
                HoverMode = StyleParam.HoverMode.Closest
            )
        )
        |> Chart.withLegendStyle (Orientation = StyleParam.Orientation.Horizontal, Y = 1.12)
        |> Chart.withConfig (Config.init (Responsive = true, DisplayModeBar = false))
        |> fluid

    let private scale (metric: Metric) value =
        if metric.Unit = "%" then 100.0 * value else value

    let private heading (metric: Metric) =
        if metric.Unit = "" then
            metric.Name
        else
            $"{metric.Name} ({metric.Unit})"

    /// Outcomes by their coordinate on an axis, in the grid's order.
    let private grouped axisName results =
        Results.outcomes results
        |> List.groupBy (fst >> Results.coordinate axisName)
        |> List.map (fun (value, cells) -> value, List.map snd cells)

    let private mean (values: float list) = List.average values

    let private deviation values =
        match values with
        | [ _ ] -> 0.0
        | _ ->
            let centre = mean values

            sqrt (
                (values |> List.sumBy (fun x -> (x - centre) ** 2.0))
                / float (values.Length - 1)
            )

    /// Numbers that span more than a decade are shown on a logarithmic axis, words as categories.
    let private axisKind values =
        let numbers =
            values
            |> List.choose (function
                | AxisValue.Number x -> Some x
                | AxisValue.Text _ -> None)

        if numbers.Length < List.length values then
            Some StyleParam.AxisType.Category
        elif
            List.forall (fun x -> x > 0.0) numbers
            && List.max numbers >= 10.0 * List.min numbers
        then
            Some StyleParam.AxisType.Log
        else
            None

    /// A metric along an axis: every run a dot, the mean a line with the deviation over the others, such as seeds.
    let metric axisName (metric: Metric) results =
        let groups = grouped axisName results

        let label (value: AxisValue) : System.IConvertible =
            match value with
            | AxisValue.Number x -> x
            | AxisValue.Text text -> text

        let valuesOf outcomes =
            outcomes |> List.map (metric.Get >> scale metric)

        let dots =
            [
                for value, outcomes in groups do
                    for y in valuesOf outcomes -> label value, y
            ]

        [
            Chart.Line(
                x = [ for value, _ in groups -> label value ],
                y = [ for _, outcomes in groups -> mean (valuesOf outcomes) ],
                Name = "mean ± sd",
                LineColor = colour 0,
                LineWidth = 2.5
            )
            |> Chart.withYErrorStyle (
                Array = [ for _, outcomes in groups -> deviation (valuesOf outcomes) ],
                Color = colour 0,
                Thickness = 1.5
            )
            Chart.Point(xy = dots, Name = "runs", MarkerColor = colour 1, Opacity = 0.8)
            |> Chart.withMarkerStyle (Size = 7)
        ]
        |> Chart.combine
        |> styled
            axisName
            (axisKind (List.map fst groups))
            (Some [ for value, _ in groups -> label value ])
            (heading metric)

    /// Linear probe before and after training, along an axis.
    let beforeAndAfter axisName results =
        let groups = grouped axisName results
        let names = [ for value, _ in groups -> string value ]

        let bars name index (metric: Metric) =
            let values =
                [
                    for _, outcomes in groups -> outcomes |> List.map (metric.Get >> scale metric)
                ]

            Chart.Column(
                values = List.map mean values,
                Keys = names,
                Name = name,
                MarkerColor = index,
                MultiText = [ for value in values -> $"{mean value:F1}" ],
                TextPosition = StyleParam.TextPosition.Inside
            )
            |> Chart.withYErrorStyle (Array = List.map deviation values, Color = ink, Thickness = 1.2)

        [
            bars "untrained" grey Outcome.linearTop1Untrained
            bars "pretrained" (colour 0) Outcome.linearTop1
        ]
        |> Chart.combine
        |> styled axisName (Some StyleParam.AxisType.Category) None "linear top-1 (%)"

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
                            LineWidth = 1.8,
                            Text = Grid.label cell
                        )
            ]

        let chance =
            [
                for (batch, epochs) in
                    Results.outcomes results
                    |> List.map (fun (cell, _) -> cell.Run.BatchSize, cell.Run.Epochs)
                    |> List.distinct ->
                    Chart.Line(
                        x = [ 0.0; float epochs ],
                        y = [ log (2.0 * float batch - 1.0); log (2.0 * float batch - 1.0) ],
                        Name = $"guessing, batch {batch}",
                        LineColor = grey,
                        LineDash = StyleParam.DrawingStyle.Dot,
                        LineWidth = 1.5
                    )
            ]

        lines @ chance |> Chart.combine |> styled "epoch" None None "loss"

    /// Named curves through points (x, y).
    let lines xTitle yTitle (curves: (string * (float * float) list) list) =
        [
            for i, (name, points) in List.indexed curves ->
                Chart.Line(xy = points, Name = name, LineColor = colour i, LineWidth = 2.2)
        ]
        |> Chart.combine
        |> styled xTitle None None yTitle

    /// A metric by two axes; the mean over all else.
    let heatMap rowAxis columnAxis (metric: Metric) results =
        let outcomes = Results.outcomes results

        let values axisName =
            outcomes |> List.map (fst >> Results.coordinate axisName) |> List.distinct

        let rows, columns = values rowAxis, values columnAxis

        let cell row column =
            outcomes
            |> List.filter (fun (cell, _) ->
                Results.coordinate rowAxis cell = row
                && Results.coordinate columnAxis cell = column)
            |> List.map (snd >> metric.Get >> scale metric)
            |> function
                | [] -> nan
                | values -> mean values

        Chart.Heatmap(
            zData = [ for row in rows -> [ for column in columns -> cell row column ] ],
            X = List.map string columns,
            Y = List.map string rows,
            ColorScale = StyleParam.Colorscale.Viridis
        )
        |> styled columnAxis (Some StyleParam.AxisType.Category) None rowAxis
        |> Chart.withYAxis (axis rowAxis (Some StyleParam.AxisType.Category) None)
