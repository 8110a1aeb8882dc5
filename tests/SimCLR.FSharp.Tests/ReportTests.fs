module SimCLR.Tests.ReportTests

open System
open System.IO
open System.Text.RegularExpressions
open SimCLR
open Xunit

let private outcome linear =
    {
        LinearTop1 = linear
        LinearTop1Untrained = 0.3
        KnnTop1 = linear - 0.05
        KnnTop1Untrained = 0.2
        FinalLoss = 4.2
        Entropy = 3.1
        ContrastiveTop1 = 0.5
        L2 = 1e-3
        Steps = 10L
        Seconds = 12.0
        ImagesPerSecond = 1500.0
        Waiting = 0.0
        Curve =
            [
                for step in 1L .. 10L ->
                    {
                        Step = step
                        Epoch = float step / 5.0
                        Loss = 6.0 - float step / 10.0
                        LearningRate = 0.1
                        GradientNorm = 1.0
                        ImagesPerSecond = 1500.0
                    }
            ]
        Measured = []
    }

let private results (grid: Grid) result : Results =
    {
        Axes = grid.Axes
        Cells =
            [
                for i, cell in List.indexed grid.Cells ->
                    {
                        Cell = cell
                        Result = result i
                        Stored = false
                    }
            ]
    }

let private fine i = Ok(outcome (0.5 + float i / 100.0))

let private store = Store.at (Path.Combine(Path.GetTempPath(), "simclr-no-store"))

let private page title grid result =
    Report.ofResults title store (results grid result) |> Report.toHtml

let private temperatures =
    Grid.from Run.shapes
    |> Grid.vary "temperature" Run.temperature [ 0.05; 0.1; 0.5; 1.0 ]
    |> Grid.seeds [ 0; 1 ]

/// The page without the plotting library, whose text holds addresses that it never asks for.
let private ownText (html: string) =
    Regex.Replace(html, "(?s)<script>.*?</script>", "")

let private count (part: string) (text: string) = text.Split(part).Length - 1

[<Fact>]
let ``The page has every section and needs no network`` () =
    let html = page "Temperature" temperatures fine
    let own = ownText html

    for section in [ "Summary"; "Plots"; "Runs"; "Provenance" ] do
        Assert.Contains($"<h2>{section}</h2>", own)

    Assert.DoesNotMatch("(src|href)\\s*=\\s*[\"'](https?:)?//", own)
    Assert.DoesNotContain("@import", own)
    Assert.Equal(1, count "plotly.js v" html)
    Assert.Equal(8, count "<details>" own)

[<Fact>]
let ``Every chart has a place and is drawn`` () =
    let html = ownText (page "Temperature" temperatures fine)

    let drawn =
        Regex.Matches(html, "Plotly.newPlot\\('([^']+)'")
        |> Seq.map _.Groups[1].Value
        |> Seq.toList

    Assert.Equal(3, drawn.Length)
    Assert.All(drawn, fun id -> Assert.Contains($"<div id=\"{id}\">", html))

[<Fact>]
let ``The best run stands beside its untrained encoder`` () =
    let html = ownText (page "Temperature" temperatures fine)
    Assert.Contains("<b>57.0%</b>", html)
    Assert.Contains("<b>30.0%</b>", html)
    Assert.Contains("<b>+27.0</b>", html)

[<Fact>]
let ``Titles and reasons are escaped`` () =
    let failed _ =
        Error
            {
                Reason = "<script>alert(1)</script>"
                Detail = "a & b"
            }

    let html = page "<img src=x>" temperatures failed
    Assert.DoesNotContain("<img src=x>", html)
    Assert.DoesNotContain("<script>alert", html)
    Assert.Contains("&lt;img src=x&gt;", html)

[<Fact>]
let ``Odd grids have a page too: one run, one seed, two axes, words, all failed`` () =
    let grids =
        [
            Grid.from Run.shapes
            Grid.from Run.shapes |> Grid.seeds [ 0 ]
            Grid.from Run.shapes
            |> Grid.vary "batch" Run.batchSize [ 64; 128 ]
            |> Grid.vary "depth" Run.headDepth [ 0; 1 ]
            Grid.from Run.shapes
            |> Grid.varyBy "encoder" Run.encoder [ "small", Encoder.smallConv ]
        ]

    for grid in grids do
        Assert.Contains("Provenance", page "odd" grid fine)

    let failed _ =
        Error { Reason = "no"; Detail = "none" }

    Assert.DoesNotContain("newPlot('", ownText (page "failed" temperatures failed))

[<Fact>]
let ``Two axes have a heat map, a line by each value of the other axis, and parallel coordinates`` () =
    let grid =
        Grid.from Run.shapes
        |> Grid.vary "batch" Run.batchSize [ 64; 128 ]
        |> Grid.vary "depth" Run.headDepth [ 0; 1 ]
        |> Grid.seeds [ 0; 1 ]

    let html = page "two" grid fine
    Assert.Contains("\"type\":\"heatmap\"", html)
    Assert.Contains("\"texttemplate\":\"%{z:.1f}\"", html)
    Assert.Contains("<h3>Every run</h3>", html)
    Assert.Contains("\"name\":\"batch 64, depth 0, seed 0: 50.0\"", html)

    for name in [ "batch 64"; "batch 128"; "batch 64 ± sd"; "batch 128 ± sd" ] do
        Assert.Contains($"\"name\":\"{name}\"", html)

[<Fact>]
let ``Two axes of words have a heat map and no line`` () =
    let named = [ "a", Run.shapes.Loss; "b", Loss.ntXent 0.2 ]

    let html =
        Grid.from Run.shapes
        |> Grid.varyBy "loss" Run.loss named
        |> Grid.varyBy "encoder" Run.encoder [ "small", Encoder.smallConv; "r18", Encoder.resNet 18 ]
        |> fun grid -> page "words" grid fine

    Assert.Contains("\"type\":\"heatmap\"", html)
    Assert.DoesNotContain("Linear probe by loss</h3>", html)
    Assert.DoesNotContain("Linear probe by encoder</h3>", html)

[<Fact>]
let ``Runs stored without representations have a page without them`` () =
    let results = results temperatures fine

    let executor = { Executor.local with Store = store }

    Assert.True((Embedding.ofBest (Path.GetTempPath()) results executor).IsNone)
    Assert.DoesNotContain("Representations", ownText (page "old" temperatures fine))

[<Fact>]
let ``Writing makes page, tables and provenance`` () =
    Samples.withFolder (fun folder ->
        let path =
            Report.ofResults "t" store (results temperatures fine) |> Report.write folder

        Assert.True(File.Exists path)

        for name in [ "table.md"; "table.csv"; "table.tex" ] do
            Assert.Contains("temperature", File.ReadAllText(Path.Combine(folder, name)))

        let provenance = File.ReadAllLines(Path.Combine(folder, "provenance.md"))
        Assert.StartsWith("- Runs: ", provenance[0])
        Assert.Contains($"- Store: {store.Folder}", provenance))
