/// The look that all charts share.
module internal SimCLR.ChartStyle

open Plotly.NET
open Plotly.NET.LayoutObjects

/// Okabe and Ito's colours, told apart by colour-blind readers too; two more for data sets of ten classes.
let private palette =
    [
        0, 114, 178
        230, 159, 0
        0, 158, 115
        213, 94, 0
        204, 121, 167
        86, 180, 233
        140, 109, 49
        68, 68, 68
        130, 87, 200
        178, 196, 26
    ]

let private faded alpha i =
    let r, g, b = palette[i % palette.Length]
    Color.fromString $"rgba({r},{g},{b},{alpha})"

let colour i = faded 1 i

/// So many are told apart.
let colours = palette.Length

/// The colour of one of so many classes, as CSS writes it: the palette's, or a hue where it has too few.
let classColour count i =
    if count <= palette.Length then
        let r, g, b = palette[i]
        $"rgb({r},{g},{b})"
    else
        $"hsl({360 * i / count},65%%,45%%)"

/// Of an area behind a line of that colour.
let pale i = faded 0.15 i

let grey = Color.fromString "#8a94a0"
let ink = Color.fromString "#1f2933"
let private gridLine = Color.fromString "#e9ecf0"
let private transparent = Color.fromString "rgba(0,0,0,0)"

/// From little to much, light enough for dark numbers at one end and dark enough for light ones at the other.
let sequential =
    StyleParam.Colorscale.Custom
        [
            0.0, Color.fromString "#eff5fa"
            0.5, Color.fromString "#73b2d8"
            1.0, Color.fromString "#00466e"
        ]

/// The same for thin lines on white, of a number between 0 and 1.
let shade x =
    let between low high =
        int (float low + x * float (high - low))

    Color.fromString $"rgb({between 190 0},{between 214 56},{between 230 90})"

let private font =
    Font.init (
        Family = StyleParam.FontFamily.Custom "system-ui, -apple-system, 'Segoe UI', sans-serif",
        Size = 13.,
        Color = ink
    )

let axis (title: string) kind ticks =
    LinearAxis.init (
        Title = Title.init (Text = title, Standoff = 10),
        ShowGrid = true,
        GridColor = gridLine,
        ZeroLine = false,
        AutoMargin = StyleParam.TickAutoMargin.All,
        ?AxisType = kind,
        ?TickVals = ticks,
        ?TickText = ticks
    )

/// An axis without ticks or numbers, in a frame.
let bare () =
    LinearAxis.init (
        ShowTickLabels = false,
        ShowGrid = false,
        ZeroLine = false,
        ShowLine = true,
        LineColor = gridLine,
        Mirror = StyleParam.Mirror.True
    )

/// The page gives the width; Plotly.NET would fix one.
let private fluid (chart: GenericChart) =
    chart
    |> GenericChart.mapLayout (fun layout ->
        layout.RemoveProperty "width" |> ignore
        layout)

/// Font, margins, legend and height; for charts without axes too.
let framed height chart =
    chart
    |> Chart.withLayout (
        Layout.init (
            PaperBGColor = transparent,
            PlotBGColor = transparent,
            Font = font,
            Margin = Margin.init (Left = 60, Right = 20, Top = 36, Bottom = 50),
            AutoSize = true,
            Height = height,
            HoverMode = StyleParam.HoverMode.Closest
        )
    )
    |> Chart.withLegendStyle (
        Orientation = StyleParam.Orientation.Horizontal,
        X = 0.0,
        Y = 1.02,
        YAnchor = StyleParam.YAnchorPosition.Bottom
    )
    |> Chart.withConfig (Config.init (Responsive = true, DisplayModeBar = false))
    |> fluid

/// A legend beside the chart, for entries of which one above would leave it no room.
let legendBeside (title: string) chart =
    chart
    |> Chart.withLegendStyle (
        Orientation = StyleParam.Orientation.Vertical,
        X = 1.02,
        Y = 1.0,
        YAnchor = StyleParam.YAnchorPosition.Top,
        Font = Font.init (Size = 11.),
        Title = Title.init title
    )

let styled xAxis yAxis chart =
    chart |> Chart.withXAxis xAxis |> Chart.withYAxis yAxis |> framed 360

/// The number of a coordinate, unless it is a word or none.
let number value =
    match value with
    | AxisValue.Number x -> Some x
    | _ -> None

let isWord value =
    match value with
    | AxisValue.Text _ -> true
    | _ -> false

/// An axis's values that have an outcome: numbers from low to high, then no value; words in the grid's order.
let valuesOf axisName results =
    let values =
        Results.outcomes results
        |> List.map (fst >> Results.coordinate axisName)
        |> List.distinct

    if List.exists isWord values then
        values
    else
        List.sort values

/// Whether numbers span a decade or more, so that they are shown on a logarithmic axis.
let isLogarithmic (numbers: float list) =
    List.forall (fun x -> x > 0.0) numbers
    && List.max numbers >= 10.0 * List.min numbers
