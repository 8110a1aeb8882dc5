module SimCLR.Tests.PlotTests

open System.Text.RegularExpressions
open SimCLR
open Xunit

/// The levels of dashed lines in a chart of these runs' losses.
let private levels changes =
    let results =
        Grid.from Run.shapes
        |> Grid.varyBy "change" (fun change run -> change run) changes
        |> Samples.results (fun _ -> Some 0.5)

    let chart = (Html.ofChart (Plot.curves "change" results)).Replace(" ", "")

    [
        for line in chart.Split "\"type\":\"scatter\"" do
            if line.Contains "\"name\":\"NT-Xentwhenguessing" then
                float (Regex.Match(line, "\"y\":\\[([^,\\]]*)").Groups[1].Value)
    ]

[<Fact>]
let ``The loss of guessing is shown where it is NT-Xent's, with its negatives and of its batch`` () =
    let near (expected: float list) (actual: float list) =
        Assert.Equal(expected.Length, actual.Length)

        for a, b in List.zip expected actual do
            Assert.Equal(a, b, 1e-6)

    let batch = float Run.shapes.BatchSize
    near [ log (2.0 * batch - 1.0) ] (levels [ "NT-Xent", id; "hotter", Run.withTemperature 1.0 ])

    near
        [ log (2.0 * batch - 1.0); log batch; log 63.0 ]
        (levels
            [
                "both views", id
                "one view",
                fun run ->
                    { run with
                        Loss = run.Loss |> Loss.withNegatives Negatives.OneView
                    }
                "batch 32", Run.withBatchSize 32
            ])

    near
        []
        (levels
            [
                "MoCo", Run.withMethod (Method.moCo 1024)
                "VICReg", Run.withMethod Method.vicReg
                "triplet",
                fun run ->
                    { run with
                        Loss = Loss.marginTriplet 1.0
                    }
                "DCL", fun run -> { run with Loss = Loss.dcl 0.5 }
            ])

[<Fact>]
let ``Ticks that would lie on each other are left out`` () =
    Assert.Equal<float list>([ 0.0; 0.9; 0.99 ], AxisChart.apart id [ 0.0; 0.9; 0.99; 0.999; 1.0 ])
    Assert.Equal<float list>([ 0.0; 0.5; 1.0 ], AxisChart.apart id [ 1.0; 0.0; 0.5 ])
    Assert.Equal<float list>([ 0.05; 0.1; 0.5; 1.0 ], AxisChart.apart log10 [ 0.05; 0.1; 0.5; 1.0 ])
    Assert.Equal<float list>([ 3.0 ], AxisChart.apart id [ 3.0; 3.0 ])

[<Fact>]
let ``Names have a legend of each colour twice, and numbers beyond the colours shades`` () =
    let legend grid =
        let results = Samples.results (fun _ -> Some 0.5) grid
        let chart = (Html.ofChart (Plot.monitored "loss" "head" results)).Replace(" ", "")
        Regex.Count(chart, "\"showlegend\":true"), Regex.Count(chart, "\"dash\":\"dash\"")

    let named count =
        Grid.from Run.shapes
        |> Grid.varyBy "head" Run.withHeadOutput [ for i in 1..count -> $"head {i}", 8 * i ]

    Assert.Equal((12, 2), legend (named 12))
    Assert.Equal((0, 0), legend (named 21))

    Assert.Equal(
        (0, 0),
        legend (
            Grid.from Run.shapes
            |> Grid.vary "head" Run.withHeadOutput [ for i in 1..12 -> 8 * i ]
        )
    )

[<Fact>]
let ``What all methods have while training is shown where there are several`` () =
    let plots changes =
        Grid.from Run.shapes
        |> Grid.varyBy "method" Run.withMethod changes
        |> Samples.results (fun _ -> Some 0.5)
        |> ReportPlots.ofResults
        |> List.map fst

    let rank = "Effective rank while training"
    Assert.Contains(rank, plots [ "SimCLR", Method.simClr; "VICReg", Method.vicReg ])
    Assert.DoesNotContain(rank, plots [ "few", Method.moCo 512; "many", Method.moCo 1024 ])
