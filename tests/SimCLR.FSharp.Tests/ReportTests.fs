module SimCLR.Tests.ReportTests

open System
open System.IO
open System.Text.RegularExpressions
open SimCLR
open Xunit

let private outcome linear =
    { Samples.withMeasured [] (Samples.outcome linear) with
        Curve =
            [
                for step in 1L .. 10L ->
                    {
                        Step = step
                        Epoch = float step / 5.0
                        LearningRate = 0.1
                        ImagesPerSecond = 1500.0
                        Figures = Map [ "loss", 6.0 - float step / 10.0; "gradient norm", 1.0 ]
                        Time = 0.0
                    }
            ]
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

let private store =
    Store.ofFolder (Path.Combine(Path.GetTempPath(), $"simclr-no-store-{Guid.NewGuid()}"))

let private page title grid result =
    Report.ofResults title store (results grid result) |> Report.toHtml

let private temperatures =
    Grid.from Run.shapes
    |> Grid.vary "temperature" Run.withTemperature [ 0.05; 0.1; 0.5; 1.0 ]
    |> Grid.seeds [ 0; 1 ]

/// The page without the plotting library, whose text holds addresses that it never asks for.
let private ownText (html: string) =
    Regex.Replace(html, "(?s)<script>.*?</script>", "")

/// Its words as a reader sees them.
let private readable html = Net.WebUtility.HtmlDecode(ownText html)

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

// Each training of a store of samples drew 1.5 Wh.
[<Fact>]
let ``The energy of a training that several runs share counts once`` () =
    Samples.withFolder (fun folder ->
        let store = Store.ofFolder folder

        let grid =
            Grid.from Run.shapes
            |> Grid.vary
                "neighbours"
                (fun count run ->
                    { run with
                        Evaluation = { run.Evaluation with KnnK = count }
                    })
                [ 5; 10; 20 ]
            |> Grid.seeds [ 0; 1 ]

        for run in Grid.runs grid do
            Samples.save run (Samples.plainOutcome 0.5) store

        let report = Report.ofResults "Neighbours" store (results grid fine)
        Assert.Equal("3.0 Wh (a guess)", report.Provenance |> List.find (fst >> (=) "Energy") |> snd))

[<Fact>]
let ``The report says of all trainings what they were executed with`` () =
    Samples.withFolder (fun folder ->
        let store = Store.ofFolder folder
        let grid = Grid.from Run.shapes |> Grid.seeds [ 0..9 ]

        for i, run in List.indexed (Grid.runs grid) do
            let provenance =
                { Samples.provenance with
                    Machine = if i < 7 then "a cluster" else "a laptop"
                    Commit = if i < 4 then $"of its own {i}" else "that of most"
                    InitialWeights = if i < 2 then Some "weights.safetensors" else None
                }

            Samples.saveBy provenance run (Samples.plainOutcome 0.5) store

        let said = Map (Report.ofResults "Seeds" store (results grid fine)).Provenance
        Assert.Equal("a cluster (7); a laptop (3)", said["Machine"])
        Assert.Equal("cpu, 2 threads, Float32", said["Device"])
        Assert.Equal("random weights (8); weights.safetensors (2)", said["Began with"])

        Assert.Equal(
            "that of most (6); of its own 0 (1); of its own 1 (1); of its own 2 (1); others (1)",
            said["Commit"]
        ))

[<Fact>]
let ``A run without a value on an axis has a row and a level of its own`` () =
    let heads =
        Grid.from Run.shapes
        |> Grid.varyBy "head" Run.withHead [ "none", Head.none; "linear", Head.linear ]
        |> Grid.varyWhere (fun run -> run.Head.Depth > 0) "output" Run.withHeadOutput [ 32; 64; 128 ]

    let report = Report.ofResults "Heads" store (results heads fine)
    let byOutput = report.Tables |> List.find (fun table -> table.Title = "By output")

    Assert.Equal<TableCell list>(
        [ "–"; "32"; "64"; "128" ] |> List.map TableCell.Text,
        byOutput.Rows |> List.map List.head
    )

    let html = ownText (Report.toHtml report)
    Assert.Contains("output –", html)

    let drawn title =
        snd (report.Plots |> List.find (fst >> (=) title))
        |> Plotly.NET.GenericChart.toChartHTML

    // A level from end to end for the head without outputs; a line through the others.
    let lines = drawn "Linear probe by output"
    Assert.Contains("head none, output \\u2013", lines.Replace("–", "\\u2013"))
    Assert.Contains("\"x\":[32.0,128.0]", lines)
    Assert.Contains("\"x\":[32.0,64.0,128.0]", lines)

[<Fact>]
let ``Every chart has a place and is drawn`` () =
    let html = ownText (page "Temperature" temperatures fine)

    let drawn =
        Regex.Matches(html, "Plotly.newPlot\\('([^']+)'")
        |> Seq.map _.Groups[1].Value
        |> Seq.toList

    Assert.Equal(3, drawn.Length)
    Assert.All(drawn, fun id -> Assert.Contains($"<div id=\"{id}\">", html))

// Of temperature 1: 56 and 57 %, a point more on validation images; untrained 25 %, the same for both.
[<Fact>]
let ``The page begins with what was gained at the setting that validation images choose, with the test beside it`` () =
    let html = readable (page "Temperature" temperatures fine)
    Assert.Contains("<b>+31.5 ± 0.7</b><span>points gained by pretraining</span>", html)
    Assert.Contains("<b>56.5 ± 0.7 %</b>", html)
    Assert.Contains("temperature 1; chosen on validation: 57.5 ± 0.7 %", html)
    Assert.Contains("<b>25.0 ± 0.0 %</b>", html)
    Assert.True(html.IndexOf "points gained" < html.IndexOf "<table")

[<Fact>]
let ``Outcomes without a validation accuracy are not chosen from, and the page says so`` () =
    let html =
        results temperatures fine
        |> Samples.validated (fun _ -> nan)
        |> Report.ofResults "Temperature" store
        |> Report.toHtml
        |> readable

    Assert.Contains("Nothing is chosen: 4 of 4 settings have no validation accuracy", html)
    Assert.Contains("<b>+28.5 (25.5 to 31.5)</b>", html)

[<Fact>]
let ``One seed has no deviation and no error bar`` () =
    let grid seeds =
        Grid.from Run.shapes
        |> Grid.varyBy "loss" Run.withLoss [ "a", Run.shapes.Loss; "b", Loss.ntXent 0.2 ]
        |> Grid.seeds seeds

    let errorBars = "\"error_y\":{\"symmetric\":false,\"array\":[0.7071"
    let one = readable (page "one" (grid [ 0 ]) fine)
    Assert.DoesNotContain("arrayminus", one)
    Assert.DoesNotContain("±", one)
    Assert.Contains(errorBars, readable (page "two" (grid [ 0; 1 ]) fine))

[<Fact>]
let ``A verdict stands under its table, not at the top of the page`` () =
    let sweep = results temperatures fine

    let comparison =
        Paper.table5Top1
        |> Published.slice "normalized" (AxisValue.Text "yes")
        |> fun published -> Comparison.means Metric.linearTop1 published sweep

    let report = Report.ofResults "verdicts" store sweep |> Report.beside [ comparison ]

    let html = readable (Report.toHtml report)
    let verdict = html.IndexOf "linear top-1): contradicts"
    Assert.DoesNotContain("contradicts", report.Subtitle)
    Assert.True(html.LastIndexOf("</table>", verdict) > html.IndexOf "linear top-1 beside Table 5")

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
            |> Grid.vary "batch" Run.withBatchSize [ 64; 128 ]
            |> Grid.vary "depth" Run.withHeadDepth [ 0; 1 ]
            Grid.from Run.shapes
            |> Grid.varyBy "encoder" Run.withEncoder [ "small", Encoder.smallConv ]
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
        |> Grid.vary "batch" Run.withBatchSize [ 64; 128 ]
        |> Grid.vary "depth" Run.withHeadDepth [ 0; 1 ]
        |> Grid.seeds [ 0; 1 ]

    let html = page "two" grid fine
    Assert.Contains("\"type\":\"heatmap\"", html)
    Assert.Contains("\"texttemplate\":\"%{z:.1f}\"", html)
    Assert.Contains("<h3>Every run</h3>", html)
    Assert.Contains("\"name\":\"batch 64, depth 0, seed 0: 50.0\"", html)

    for name in [ "batch 64"; "batch 128"; "batch 64, spread"; "batch 128, spread" ] do
        Assert.Contains($"\"name\":\"{name}\"", html)

[<Fact>]
let ``Two axes of words have a heat map and no line`` () =
    let named = [ "a", Run.shapes.Loss; "b", Loss.ntXent 0.2 ]

    let html =
        Grid.from Run.shapes
        |> Grid.varyBy "loss" Run.withLoss named
        |> Grid.varyBy "encoder" Run.withEncoder [ "small", Encoder.smallConv; "r18", Encoder.resNet 18 ]
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

        for name in [ "table.md"; "table-1.csv"; "table.tex" ] do
            Assert.Contains("temperature", File.ReadAllText(Path.Combine(folder, name)))

        let provenance = File.ReadAllLines(Path.Combine(folder, "provenance.md"))
        Assert.StartsWith("- Runs: ", provenance[0])
        Assert.Contains($"- Store: {store.Folder}", provenance))

[<Fact>]
let ``Every table is a file of comma-separated values of its own, and a shorter report leaves none behind`` () =
    Samples.withFolder (fun folder ->
        let report = Report.ofResults "t" store (results temperatures fine)

        let doubled =
            { report with
                Tables = report.Tables @ report.Tables
            }

        Report.write folder doubled |> ignore
        Report.write folder report |> ignore

        let files =
            Directory.GetFiles(folder, "*.csv") |> Array.map Path.GetFileName |> Array.sort

        Assert.Equal<string[]>([| for i in 1 .. report.Tables.Length -> $"table-{i}.csv" |], files)

        for file in files do
            let lines = File.ReadAllLines(Path.Combine(folder, file))

            let columns line =
                count "," (Regex.Replace(line, "\"[^\"]*\"", ""))

            Assert.All(lines, fun line -> Assert.Equal(columns lines[0], columns line))
            Assert.DoesNotContain("–", String.concat "" lines))

[<Fact>]
let ``A random search's report has a ranking, every run's path and dots along each axis, and no sparse square`` () =
    let results =
        Grid.from Run.shapes
        |> Grid.sample
            20
            0
            [
                Axis.logUniform "rate" 0.01 2.0 (LearningRate.Linear >> Run.withLearningRate)
                Axis.logUniform "temperature" 0.05 1.0 Run.withTemperature
            ]
        |> Samples.results (fun _ -> Some 0.5)

    let report = Report.ofResults "random" (Store.ofFolder "nowhere") results

    Assert.Equal<string list>(
        [ "Settings, the best on validation images first" ],
        report.Tables
        |> List.map _.Title
        |> List.filter (fun title -> not (title.StartsWith "Measured"))
    )

    Assert.Equal(20, report.Tables.Head.Rows.Length)

    Assert.Equal<string list>(
        [
            "Every run"
            "Linear probe by rate"
            "Linear probe by temperature"
            "Loss while training"
        ],
        List.map fst report.Plots
    )

    // A logarithmic axis, and no legend of twenty entries.
    let html = Html.ofChart (report.Plots |> List.item 1 |> snd)
    Assert.Contains("\"type\":\"log\"", html.Replace(" ", ""))
    let curves = Html.ofChart (report.Plots |> List.last |> snd)
    Assert.Equal(1, Regex.Count(curves.Replace(" ", ""), "\"showlegend\":true"))

[<Fact>]
let ``A saved chart opens without a network`` () =
    Samples.withFolder (fun folder ->
        let path = System.IO.Path.Combine(folder, "chart.html")
        Html.saveChart path "A chart" (Plot.lines "x" "y" [ "one", [ 0.0, 1.0; 1.0, 2.0 ] ])
        let html = System.IO.File.ReadAllText path
        Assert.False(Regex.IsMatch(html, "<(script|link)[^>]*(src|href)="))
        Assert.Contains("Plotly.newPlot", html)
        Assert.True(html.Length > 1_000_000, "the library is not there"))

[<Fact>]
let ``Runs of methods without contrastive accuracy are shown without its plot`` () =
    let withoutNegatives i =
        let whole = outcome (0.5 + float i / 100.0)

        Ok
            { whole with
                Figures = whole.Figures |> List.filter (fun figure -> figure.Name <> "contrastive top-1")
            }

    let html = page "Momentum" temperatures withoutNegatives |> readable
    Assert.Contains("Accuracy by temperature", html)
    Assert.DoesNotContain("Contrastive accuracy", html)
    Assert.Contains("Contrastive accuracy", page "Momentum" temperatures fine |> readable)
