/// A report of real runs, opened in a browser.
module SimCLR.Tests.BrowserTests

open System
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open System.Threading
open SimCLR
open SimCLR.Tests
open Xunit

let private browser =
    let folders = Environment.GetEnvironmentVariable("PATH").Split Path.PathSeparator

    [ "chromium"; "chromium-browser"; "google-chrome" ]
    |> List.allPairs (List.ofArray folders)
    |> List.map Path.Combine
    |> List.tryFind File.Exists

/// The page after its scripts, and what the browser said.
let private opened (browser: string) (profile: string) (page: string) =
    let start =
        ProcessStartInfo(
            browser,
            [
                "--headless"
                "--no-sandbox"
                "--disable-gpu"
                "--disable-quic"
                "--no-first-run"
                "--disable-background-networking"
                "--disable-component-update"
                "--disable-sync"
                $"--user-data-dir={profile}"
                "--virtual-time-budget=10000"
                "--enable-logging=stderr"
                "--window-size=1200,3000"
                "--dump-dom"
                $"file://{page}"
            ],
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    use started = Process.Start start
    let said = started.StandardError.ReadToEndAsync()
    let dom = started.StandardOutput.ReadToEnd()
    started.WaitForExit()
    dom, said.Result

let private report folder grid =
    let executor =
        { Executor.local with
            Device = Cpu
            Store = Store.ofFolder (Path.Combine(folder, "runs"))
            Observer = Observer.silent
        }

    let results = grid |> Execution.execute CancellationToken.None executor
    let sheet = Path.Combine(folder, "views.png")
    Executor.writeViewSheet sheet Samples.tiny executor

    { Report.ofResults "a tiny sweep" executor.Store results with
        Embedding = Embedding.ofBest folder results executor
        ViewSheet = Some sheet
    }
    |> Report.write folder

[<Fact>]
let ``A report opens without an error and draws every plot`` () =
    Assert.SkipUnless(browser.IsSome, "there is no Chromium on PATH to open the page in")

    Samples.withFolder (fun folder ->
        let page =
            Grid.from Samples.tiny
            |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ]
            |> Grid.vary "batch" Run.withBatchSize [ 10; 20 ]
            |> Grid.seeds [ 0; 1 ]
            |> report folder

        let dom, said = opened browser.Value (Path.Combine(folder, "profile")) page
        // A console message, of whatever kind, is one too many.
        Assert.DoesNotContain(":CONSOLE", said)
        Assert.DoesNotContain("ERR_", said)

        let plots = Regex.Split(dom, "<div id=\"[^\"]+\" class=\"js-plotly-plot\"")[1..]
        // Heat map, line, loss, parallel coordinates; principal components and t-SNE before and after training.
        Assert.Equal(8, plots.Length)
        Assert.All(plots, fun plot -> Assert.Contains("class=\"main-svg\"", plot))
        Assert.DoesNotContain("newPlot('", Regex.Replace(dom, "(?s)<script.*?</script>", ""))

        // Views and both retrievals.
        Assert.Equal(3, Regex.Count(dom, "<img class=\"picture\""))
        Assert.Contains("<h2>Representations</h2>", dom))

[<Fact>]
let ``What the browser complains of is seen`` () =
    Assert.SkipUnless(browser.IsSome, "there is no Chromium on PATH to open the page in")

    Samples.withFolder (fun folder ->
        let page = Path.Combine(folder, "page.html")
        File.WriteAllText(page, "<script>console.warn('careful')</script>")
        let _, said = opened browser.Value (Path.Combine(folder, "profile")) page
        Assert.Contains(":CONSOLE", said)
        Assert.Contains("careful", said))
