/// A sweep returns its results, is watched while it runs, and ends a script only where it is told to. Alone: it looks at what is printed.
[<Xunit.Collection("alone")>]
module SimCLR.Tests.SweepTests

open System
open System.Collections.Generic
open System.IO
open SimCLR
open SimCLR.Tests.Samples
open Xunit

let private sweepIn folder =
    let sweep =
        Sweep.fromArgs "test" [ "--device"; "cpu"; "--out"; Path.Combine(folder, "out") ]

    { sweep with
        Baseline = tiny
        Executor = executor (Path.Combine(folder, "runs"))
    }

let private grid =
    Grid.from tiny
    |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ]
    |> Grid.seeds [ 0; 1 ]

let private failing run =
    let set isWild run = if isWild then diverging run else run
    Grid.from run |> Grid.vary "wild" set [ false; true ]

let private withSweep action =
    withFolder (fun folder -> action (sweepIn folder))

/// What is printed meanwhile.
let private printed action =
    let before = Console.Out
    use text = new StringWriter()
    Console.SetOut text

    try
        action ()
    finally
        Console.SetOut before

    text.ToString()

[<Fact>]
let Executing_gives_the_results_and_prints_nothing () =
    withSweep (fun sweep ->
        let mutable results = None
        let text = printed (fun () -> results <- Some(Sweep.execute sweep grid))
        Assert.Equal("", text)
        Assert.Equal(4, (Results.outcomes results.Value).Length)
        Assert.False(File.Exists(Path.Combine(sweep.Out, SweepFile.Name)))
        // They can be worked on like any value.
        let table = Table.summary "temperature" [ Metric.linearTop1 ] results.Value
        Assert.Equal(2, table.Rows.Length))

[<Fact>]
let The_sheet_of_views_is_of_the_first_run_and_a_report_is_written_without_images () =
    withSweep (fun sweep ->
        // What a preset has where the script brings images of its own.
        let sweep =
            { sweep with
                Baseline = tiny |> Run.withImages Images.cifar10
            }

        let results = Sweep.execute sweep (Grid.from tiny)
        Sweep.report sweep results |> ignore
        let sheet = Path.Combine(sweep.Out, "views.png")
        Assert.True(File.Exists sheet)
        File.Delete sheet

        let gone =
            { results with
                Cells =
                    [
                        for cell in results.Cells ->
                            { cell with
                                Cell =
                                    { cell.Cell with
                                        Run = cell.Cell.Run |> Run.withImages Images.cifar10
                                    }
                            }
                    ]
            }

        let page = Sweep.report sweep gone
        Assert.True(File.Exists page)
        Assert.False(File.Exists sheet))

[<Fact>]
let What_is_wrong_is_raised_before_anything_starts () =
    withSweep (fun sweep ->
        let error =
            Assert.ThrowsAny<ArgumentException>(fun () ->
                Sweep.execute sweep (Grid.from { tiny with BatchSize = 1 }) |> ignore)

        Assert.Contains("BatchSize is 1", error.Message)
        Assert.False(Directory.Exists sweep.Executor.Store.Folder))

[<Fact>]
let A_report_is_written_from_results_with_own_columns_and_plots () =
    withSweep (fun sweep ->
        let mine: Metric =
            {
                Name = "loss per step"
                Unit = ""
                Of = ""
                Get = fun outcome -> outcome.FinalLoss / float outcome.Steps
            }

        let sweep =
            sweep
            |> Sweep.withColumns [ mine ]
            |> Sweep.withPlot "My own plot" (Plot.metric "temperature" mine)

        let results = Sweep.execute sweep grid
        let mutable page = ""
        Assert.Equal("", printed (fun () -> page <- Sweep.report sweep results))
        let html = File.ReadAllText page
        Assert.Contains("loss per step", html)
        Assert.Contains("My own plot", html)
        Assert.DoesNotContain("http-equiv=\"refresh\"", html)
        Assert.Contains("loss per step", File.ReadAllText(Path.Combine(sweep.Out, "table.md"))))

[<Fact>]
let Figures_of_the_smoke_preset_are_judged_by_nobody () =
    withSweep (fun sweep ->
        let sweep =
            sweep
            |> Sweep.beside (fun results ->
                results
                |> Comparison.means
                    Metric.linearTop1
                    (Paper.table5Top1 |> Published.slice "normalized" (AxisValue.Text "yes")))

        let results = Sweep.execute sweep grid

        let verdict sweep =
            Sweep.report sweep results |> ignore
            File.ReadAllText(Path.Combine(sweep.Out, "order.md"))

        Assert.Contains(
            "no verdict: figures of the smoke preset mean nothing",
            verdict { sweep with Preset = Preset.Smoke }
        )

        Assert.DoesNotContain("no verdict", verdict sweep))

[<Fact>]
let The_report_can_be_made_again_from_sweep_json_and_the_store () =
    withSweep (fun sweep ->
        let results = Sweep.execute sweep (failing tiny)
        Sweep.report sweep results |> ignore
        let file = SweepFile.read sweep.Out
        Assert.Equal("test", file.Name)
        Assert.Equal<string list>([ "wild" ], file.Axes)

        Assert.Equal<string list>(
            [ for cell in results.Cells -> Run.hash cell.Cell.Run ],
            [ for cell in file.Cells -> cell.Hash ]
        )

        // Wherever the folder is opened from.
        let again = SweepFile.results failwith (SweepFile.store sweep.Out file) file

        Assert.Equal<CellResult list>([ for cell in results.Cells -> { cell with Stored = true } ], again.Cells)

        let tables (results: Results) =
            (Report.ofResults "x" sweep.Executor.Store results).Tables

        Assert.Equal<Table list>(tables results, tables again))

[<Fact>]
let A_damaged_sweep_json_is_told_by_its_path () =
    withSweep (fun sweep ->
        let path = Path.Combine(sweep.Out, SweepFile.Name)
        Directory.CreateDirectory sweep.Out |> ignore
        File.WriteAllText(path, "{")

        let error =
            Assert.Throws<InvalidDataException>(fun () -> SweepFile.read sweep.Out |> ignore)

        Assert.Contains(path, error.Message))

/// The exit code that a script would have; 0 where it is not ended.
let private exitCode sweep grid =
    let mutable code = 0

    printed (fun () -> grid |> Sweep.mainWith (fun given -> code <- given) sweep)
    |> ignore

    code

[<Fact>]
let A_script_ends_with_a_code_that_says_how_it_went () =
    withSweep (fun sweep ->
        Assert.Equal(0, exitCode sweep (Grid.from tiny |> Grid.vary "temperature" Run.withTemperature [ 0.1 ]))
        Assert.Equal(1, exitCode sweep (failing tiny))
        Assert.Equal(1, exitCode sweep (Grid.from (tiny |> measuring [ fineTuning 1e30 ]) |> Grid.seeds [ 0 ]))
        Assert.Equal(2, exitCode sweep (Grid.from { tiny with BatchSize = 1 })))

[<Fact>]
let The_page_is_there_after_the_first_cell_and_reloads_itself_until_the_end () =
    withSweep (fun sweep ->
        let page = Path.Combine(sweep.Out, "report.html")
        let seen = List<string>()

        let look: Observer =
            function
            | Event.Began(number, _, _) when number > 1 -> seen.Add(File.ReadAllText page)
            | _ -> ()

        let sweep = sweep |> Sweep.observedBy "look" look
        Assert.Equal(0, exitCode sweep grid)
        Assert.Equal(3, seen.Count)
        Assert.Contains("In progress: 1 of 4 runs", seen[0])
        Assert.All(seen, fun html -> Assert.Contains("http-equiv=\"refresh\"", html))
        Assert.DoesNotContain("http-equiv=\"refresh\"", File.ReadAllText page)
        Assert.DoesNotContain("In progress", File.ReadAllText page))

[<Fact>]
let The_page_and_the_plan_of_a_search_have_all_that_it_has_asked_for () =
    withSweep (fun sweep ->
        let seen = List<string>()

        let planned () =
            (SweepFile.tryRead sweep.Out).Value.Cells.Length

        let look: Observer =
            function
            | Event.Began(2, _, _) ->
                seen.Add $"{planned ()} planned"
                let html = File.ReadAllText(Path.Combine(sweep.Out, "report.html"))
                seen.Add(Text.RegularExpressions.Regex.Match(html, @"In progress: \d+ of \d+ runs").Value)
            | _ -> ()

        let search =
            Grid.from tiny
            |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.2; 0.3; 0.5 ]
            |> Search.halving 2 [ 1; 2 ]

        printed (fun () -> Sweep.search (sweep |> Sweep.observedBy "look" look) search)
        |> ignore

        Assert.Equal<string list>(
            [
                "4 planned"
                "In progress: 1 of 4 runs"
                "6 planned"
                "In progress: 5 of 6 runs"
            ],
            List.ofSeq seen
        )

        File.Delete(Path.Combine(sweep.Out, SweepFile.Name))
        Assert.Equal(6, planned ()))

[<Fact>]
let An_observer_is_told_everything_in_order () =
    withSweep (fun sweep ->
        let heard = List<string>()

        let listen: Observer =
            function
            | Event.Planned cells -> heard.Add $"planned {cells.Length}"
            | Event.Began(number, total, cell) -> heard.Add $"began {number} of {total}: {Grid.label cell}"
            | Event.Stepped(run, stage) ->
                heard.Add $"step {stage.Of} {stage.Point.Step} of {stage.TotalSteps}, seed {run.Seed}"
            | Event.Measured(_, figures) -> heard.Add $"measured {figures.Head.FullName}"
            | Event.Ended result -> heard.Add $"ended {result.Result.IsOk}"
            | Event.Finished -> heard.Add "finished"
            | Event.Noted _
            | Event.Interrupted _
            | Event.Waiting _ -> ()

        let run = tiny |> measuring [ fineTuning 0.05 ]

        Sweep.execute (sweep |> Sweep.observedBy "listen" listen) (Grid.from run |> Grid.seeds [ 3 ])
        |> ignore

        let steps label =
            [ for step in 1..8 -> $"step {label} {step} of 8, seed 3" ]

        Assert.Equal<string list>(
            [
                "planned 1"
                "began 1 of 1: seed 3"
                "measured linear top-1"
                "measured k-NN top-1"
            ]
            @ steps ""
            @ [ "measured linear top-1"; "measured k-NN top-1" ]
            @ steps "fine-tuned"
            @ [ "measured fine-tuned top-1"; "ended True"; "finished" ],
            List.ofSeq heard
        ))

[<Fact>]
let An_executors_observer_that_raises_when_a_measurement_is_told_fails_the_run_and_not_the_measurement () =
    withSweep (fun sweep ->
        let watched observer =
            { sweep.Executor with
                Observer = observer
            }

        let raising =
            function
            | Event.Measured(_, figures) when figures.Head.Of = "fine-tuned" -> failwith "the observer broke"
            | _ -> ()

        let run = tiny |> measuring [ fineTuning 0.05 ]

        let error =
            Assert.ThrowsAny<exn>(fun () -> Execution.run run (watched raising) |> ignore)

        Assert.Contains("the observer broke", error.Message)
        // It was measured, and is there.
        let outcome = Execution.run run (watched Observer.silent)
        Assert.Empty outcome.Failures
        Assert.InRange(outcome.Figure "fine-tuned top-1", 0.0, 1.0))

[<Fact>]
let An_observer_that_raises_is_told_of_once_and_the_sweep_goes_on () =
    withSweep (fun sweep ->
        let notes = List<string>()

        let sweep =
            { sweep with
                Executor = telling notes sweep.Executor.Store.Folder
            }
            |> Sweep.observedBy "server" (fun _ -> raise (Net.Http.HttpRequestException "connection refused"))

        let results = Sweep.execute sweep grid
        Assert.Equal(4, (Results.outcomes results).Length)

        let told =
            notes
            |> Seq.filter (fun note -> note.Contains "The observer 'server'")
            |> Seq.toList

        Assert.Contains("connection refused", Assert.Single told))
