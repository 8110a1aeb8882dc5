module SimCLR.Tests.PlanTests

open System
open System.Collections.Generic
open System.IO
open System.Threading
open SimCLR
open SimCLR.Tests
open Xunit

/// Keeps what a sweep tells, in order.
let private recording (heard: List<string>) : Observer =
    function
    | Event.Noted text -> heard.Add $"note: {text}"
    | Event.Began(number, _, _) -> heard.Add $"begin {number}"
    | Event.Ended _ -> heard.Add "end"
    | _ -> ()

let private recorded folder heard =
    { Executor.local with
        Device = Cpu
        Store = Store.ofFolder folder
        Observer = recording heard
    }

let private grid =
    Grid.from Samples.tiny
    |> Grid.vary "batch" Run.withBatchSize [ 5; 10 ]
    |> Grid.seeds [ 0; 1 ]

[<Fact>]
let A_sweep_says_first_what_is_new_and_then_what_it_will_cost () =
    Samples.withFolder (fun folder ->
        let heard = List<string>()

        let executor = recorded folder heard

        { grid with
            Cells = List.take 1 grid.Cells
        }
        |> Execution.execute
            CancellationToken.None
            { executor with
                Observer = Observer.silent
            }
        |> ignore

        let planned = Plan.announced 1 grid executor
        Assert.Equal($"note: 4 runs: 3 new, 1 stored in {Path.GetFullPath folder}.", Assert.Single heard)
        grid |> Execution.execute CancellationToken.None planned |> ignore

        let estimates =
            [
                for i, text in Seq.indexed heard do
                    if text.StartsWith "note: Estimated from the first steps:" then
                        i, text
            ]

        let place, text = Assert.Single estimates
        Assert.Matches(@"\d+ s for 3 runs, peak memory [\d.]+ [MG]iB\.$", text)
        // While the first run that is not stored is in progress.
        Assert.Equal("begin 2", heard[place - 1])
        Assert.Equal("end", heard[place + 1]))

[<Fact>]
let What_the_first_steps_prepare_is_not_taken_for_their_speed () =
    let ended step time =
        {
            Step = step
            Epoch = 0.0
            LearningRate = 0.1
            ImagesPerSecond = nan
            Figures = Map.empty
            Time = time
        }

    // 50 steps in a minute, as kernels are compiled; then 100 steps in 2 seconds.
    let ends = [ ended 150L 1062.0; ended 100L 1061.0; ended 50L 1060.0 ]
    Assert.Equal(0.02, Plan.stepTime ends, 12)

[<Fact>]
let Processes_that_share_a_sweep_take_their_part_of_the_time () =
    Samples.withFolder (fun folder ->
        Device.resolve Cpu |> ignore
        let heard = List<string>()
        let planned = Plan.announced 2 grid (recorded folder heard)

        let stepped (cell: Cell) step time =
            planned.Observer(
                Event.Stepped(
                    cell.Run,
                    {
                        Of = ""
                        Point =
                            {
                                Step = step
                                Epoch = 0.0
                                LearningRate = 0.1
                                ImagesPerSecond = nan
                                Figures = Map.empty
                                Time = time
                            }
                        TotalSteps = 1000L
                        Remaining = System.TimeSpan.Zero
                    }
                )
            )

        let first, second = grid.Cells[0], grid.Cells[1]
        planned.Observer(Event.Began(1, 4, first))
        planned.Observer(Event.Began(2, 4, second))

        // Their steps come by turns: those of the first take 10 s each, those of the other 1,000 s.
        for i in 0L .. 3L do
            stepped first (i + 1L) (1000.0 + 10.0 * float i)
            stepped second (i + 1L) (1000.0 + 1000.0 * float i)

        let perImage = 10.0 / float first.Run.BatchSize

        let total =
            grid.Cells
            |> List.sumBy (fun cell ->
                let splits = Executor.load planned cell.Run

                snd (Cost.ofTraining splits cell.Run perImage 0L)
                + Cost.ofMeasuring splits cell.Run perImage)

        Assert.Equal(
            $"note: Estimated from the first steps: {Plan.duration (total / 2.0)} for 4 runs.",
            Assert.Single(heard, (fun (text: string) -> text.Contains "Estimated"))
        ))

[<Fact>]
let The_cost_of_a_batch_is_told_by_a_line_through_two_smaller_ones () =
    // A step that takes 0.4 s whatever its batch, and 0.05 s for each image.
    let step batch = batch, 0.4 + 0.05 * float batch

    Assert.Equal(0.05 + 0.4 / 4096.0, (Cost.extrapolated 4096 (step 4) (step 16)).Value, 12)
    Assert.Equal(0.05 + 0.4 / 16.0, (Cost.extrapolated 16 (step 4) (step 16)).Value, 12)

[<Fact>]
let Batches_whose_steps_are_mostly_the_same_or_short_tell_nothing_yet () =
    // 2 s a step for the weights: batches of 2 said 2.05 s an image where it takes 0.05.
    let heavy batch = batch, 2.0 + 0.05 * float batch
    Assert.Equal(None, Cost.extrapolated 4096 (heavy 2) (heavy 8))
    Assert.Equal(0.05 + 2.0 / 4096.0, (Cost.extrapolated 4096 (heavy 32) (heavy 128)).Value, 12)

    let short batch = batch, 0.001 * float batch
    Assert.Equal(None, Cost.extrapolated 4096 (short 64) (short 256))
    Assert.Equal(0.001, (Cost.extrapolated 4096 (short 256) (short 1024)).Value, 12)

[<Fact>]
let A_larger_batch_that_took_less_is_taken_as_it_is () =
    // Noise: neither a negative cost nor a step for nothing.
    Assert.Equal(None, Cost.extrapolated 4096 (4, 3.0) (16, 2.0))

[<Fact>]
let A_sweep_that_is_stored_has_nothing_to_estimate () =
    Samples.withFolder (fun folder ->
        let heard = List<string>()

        let executor = recorded folder heard
        let one = Grid.from Samples.tiny
        one |> Execution.execute CancellationToken.None executor |> ignore
        heard.Clear()

        one
        |> Execution.execute CancellationToken.None (Plan.announced 1 one executor)
        |> ignore

        Assert.Equal<string list>(
            [
                "note: 1 runs: 0 new, 1 stored in " + Path.GetFullPath folder + "."
                "begin 1"
                "end"
            ],
            List.ofSeq heard
        ))

/// The outcome of a stored grid, what its plan says, and seconds.
let private planned grid executor =
    let lines, counted, seconds = Plan.describe grid executor
    lines, counted.Replace(executor.Store.Folder, "HERE"), seconds

[<Fact>]
let A_training_whose_encoder_is_gone_is_planned_as_what_it_is () =
    Samples.withFolder (fun folder ->
        let heard = List<string>()
        let executor = recorded folder heard

        let execute executor grid =
            grid |> Execution.execute CancellationToken.None executor |> ignore

        let one = Grid.from Samples.tiny
        execute executor one

        // Of what is stored one thing more is to be measured.
        let more =
            one
            |> Grid.map (fun run ->
                { run with
                    Run.Evaluation.Measurements = [ Measurement.RankMe Representation.H ]
                })

        let lines, counted, measuring = planned more executor
        Assert.Contains("trained already, to be measured:", Assert.Single lines)
        Assert.Equal("1 runs: 0 new, 1 trained and to be measured, 0 stored in HERE.", counted)

        let encoder = Store.encoderOf Samples.tiny executor.Store
        File.Move(encoder, encoder + ".moved")
        let lines, counted, training = planned more executor
        Assert.Contains("trained again, as its encoder is not there any more:", Assert.Single lines)
        Assert.Equal("1 runs: 1 new, 0 stored in HERE.", counted)
        Assert.True(training > measuring, $"training {training} s, measuring {measuring} s")

        // The plan does what the run does, which then has no more to say.
        heard.Clear()
        execute (Plan.announced 1 more executor) more
        Assert.Contains("1 runs: 1 new, 0 stored", heard[0])
        Assert.Contains(heard, fun text -> text.Contains $"{encoder} is gone")
        Assert.True(File.Exists encoder)
        let lines, counted, seconds = planned more executor
        Assert.Contains("stored already", Assert.Single lines)
        Assert.Equal(("1 runs: 0 new, 1 stored in HERE.", 0.0), (counted, seconds))

        // What is measured already needs no encoder, unless it is asked for.
        File.Delete encoder

        let keeping =
            { executor with
                KeepEncoder = KeepEncoder.Always
            }

        Assert.Contains("stored already", (let lines, _, _ = planned more executor in Assert.Single lines))
        Assert.Contains("trained again", (let lines, _, _ = planned more keeping in Assert.Single lines))
        execute keeping more
        Assert.True(File.Exists encoder, "the encoder that is to be kept was not made again"))

[<Fact>]
let A_training_that_was_interrupted_is_planned_from_its_checkpoint () =
    Samples.withFolder (fun folder ->
        let executor =
            { recorded folder (List<string>()) with
                CheckpointEvery = Some TimeSpan.Zero
            }

        use stop = new CancellationTokenSource()

        let stopping =
            function
            | Event.Stepped(_, stage) when stage.Point.Step >= 6L -> stop.Cancel()
            | _ -> ()

        let one = Grid.from { Samples.tiny with Epochs = 20 }

        one
        |> Execution.execute stop.Token { executor with Observer = stopping }
        |> ignore

        let lines, counted, _ = planned one executor
        let line = Assert.Single lines
        Assert.Matches(@"goes on from the checkpoint of step \d+ of 80: ", line)
        Assert.DoesNotContain("step 0 of", line)
        Assert.Equal("1 runs: 1 new, 0 stored in HERE.", counted))

[<Fact>]
let A_run_that_has_failed_is_not_planned_as_one_that_is_stored () =
    Samples.withFolder (fun folder ->
        let executor = recorded folder (List<string>())
        let one = Grid.from (Samples.diverging Samples.tiny)
        one |> Execution.execute CancellationToken.None executor |> ignore
        let lines, _, seconds = planned one executor
        Assert.Contains("has failed, ", Assert.Single lines)
        Assert.Contains("--retry-failed computes it again", Assert.Single lines)
        Assert.Equal(0.0, seconds)
        let lines, _, seconds = planned one { executor with RetryFailed = true }
        Assert.DoesNotContain("failed", Assert.Single lines)
        Assert.True(seconds > 0.0))

// 100 before; 50 more for a batch of 64, so 200 more for one of 256. A smaller batch than the one measured changes nothing.
[<Fact>]
let Peak_memory_grows_with_the_batch () =
    Assert.Equal(300.0, Plan.peak 100.0 150.0 64 256)
    Assert.Equal(150.0, Plan.peak 100.0 150.0 64 32)
    Assert.Equal(100.0, Plan.peak 100.0 90.0 64 256)

[<Fact>]
let A_time_is_said_in_a_unit_that_fits () =
    let said =
        [ 42.0; 300.0; 3.2 * 3600.0; 12.0 * 86400.0; 10.0 * 365.25 * 86400.0 ]
        |> List.map Plan.duration

    Assert.Equal<string list>([ "42 s"; "5 min"; "3.2 h"; "12 days"; "10.0 years" ], said)

[<Fact>]
let Memory_is_said_in_a_unit_that_fits () =
    Assert.Equal("640 MiB", Plan.memory (640.0 * 1048576.0))
    Assert.Equal("1.5 GiB", Plan.memory (1.5 * 1073741824.0))

let private paperGrid =
    Grid.from (Recipe.paperImageNet |> Run.withWarmupEpochs 5.0)
    |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ]
    |> Grid.seeds [ 0; 1 ]
    |> Grid.map (Preset.fitted Preset.Paper)

[<Fact>]
let What_is_unlike_the_paper_is_said_once_for_all_runs_of_a_recipe () =
    match Plan.deviations paperGrid with
    | title :: lines ->
        Assert.StartsWith("Not as in paperImageNet (Chen et al. 2020", title)
        Assert.Contains(lines, (fun line -> line.Contains "crops of the original images"))
        Assert.Contains("  - Schedule.WarmupEpochs: 5.0, there 10.0", lines)

        Assert.Contains(
            "  - batches of 4096 pass the encoder in parts of 512: about 47 GB of a GPU by formula, and batch norm sees one part at a time",
            lines
        )

        // What the grid varies, and the seed, is no deviation.
        Assert.DoesNotContain(lines, (fun line -> line.Contains "Temperature" || line.Contains "Seed"))
    | [] -> Assert.Fail "nothing is said"

[<Fact>]
let Of_no_runs_nothing_is_said () =
    Assert.Empty(Plan.deviations { paperGrid with Cells = [] })

[<Fact>]
let Runs_of_several_recipes_are_told_apart () =
    let grid =
        Grid.from Recipe.soloByol
        |> Grid.varyBy "method" (fun run _ -> run) [ "BYOL", Recipe.soloByol; "SwAV", Recipe.soloSwav ]

    let titles =
        Plan.deviations grid |> List.filter (fun line -> line.StartsWith "Not as in")

    Assert.Equal(2, titles.Length)
    Assert.Contains("soloByol", titles[0])
    Assert.Contains("soloSwav", titles[1])
