module SimCLR.Tests.SearchTests

open System
open System.Collections.Generic
open System.Threading
open SimCLR
open SimCLR.Tests
open Xunit

/// An outcome with that validation accuracy, whose test accuracy says the opposite.
let private outcome validation =
    let other = Samples.plainOutcome (1.0 - validation)

    { other with
        Figures =
            [
                for figure in other.Figures ->
                    if figure.FullName = "linear validation top-1" then
                        { figure with Value = validation }
                    else
                        figure
            ]
    }

let private failure =
    {
        Reason = "training failed"
        Detail = "the loss is NaN"
    }

/// Executes without training: a run comes to the accuracy that a function gives, or fails.
let private judge (asked: List<Cell list>) accuracy (_: Results) (grid: Grid) : Results =
    asked.Add grid.Cells

    {
        Axes = grid.Axes
        Cells =
            [
                for cell in grid.Cells ->
                    {
                        Cell = cell
                        Result =
                            match accuracy cell.Run with
                            | Some validation -> Ok(outcome validation)
                            | None -> Error failure
                        Stored = false
                    }
            ]
    }

let private drive accuracy search =
    let asked = List()
    let results = search |> Search.drive (judge asked accuracy)
    results, List.ofSeq asked

let private labels (cells: Cell list) = cells |> List.map Grid.label

let private batches =
    Grid.from Run.shapes
    |> Grid.vary "batch" Run.withBatchSize [ 10; 20; 30; 40; 50; 60; 70; 80; 90 ]

[<Fact>]
let Halving_keeps_the_best_by_validation () =
    // 40, 50 and 60 are the best of nine, and after more epochs 60 is the best of those.
    let accuracy run =
        let distance = abs (run.BatchSize - 50)

        Some(
            0.9 - float distance / 100.0
            + (if run.Epochs > 1 && run.BatchSize = 60 then 0.2 else 0.0)
            - 0.1
        )

    let results, asked = Search.halving 3 [ 1; 3; 9 ] batches |> drive accuracy

    Assert.Equal<string list list>(
        [
            [ for batch in 10..10..90 -> $"batch {batch}, epochs 1" ]
            [ "batch 40, epochs 3"; "batch 50, epochs 3"; "batch 60, epochs 3" ]
            [ "batch 60, epochs 9" ]
        ],
        asked |> List.map labels
    )

    Assert.Equal<string list>([ "batch"; "epochs" ], results.Axes)
    Assert.Equal(13, results.Cells.Length)

    // Every rung is a training of its own, with its own schedule.
    for result in results.Cells do
        let batch = result.Cell.Run.BatchSize
        let epochs = result.Cell.Run.Epochs
        Assert.Equal(Run.shapes |> Run.withBatchSize batch |> Run.shortened epochs, result.Cell.Run)

[<Fact>]
let Halving_judges_the_seeds_of_a_setting_together () =
    // The second batch is the best with one seed, the first one on the whole.
    let accuracy run =
        match run.BatchSize, run.Seed with
        | 32, _ -> Some 0.6
        | 64, 0L -> Some 0.8
        | 64, _ -> Some 0.3
        | _ -> Some 0.1

    let _, asked =
        Grid.from Run.shapes
        |> Grid.vary "batch" Run.withBatchSize [ 16; 32; 64 ]
        |> Grid.seeds [ 0; 1 ]
        |> Search.halving 3 [ 2; 4 ]
        |> drive accuracy

    Assert.Equal<string list>([ "batch 32, seed 0, epochs 4"; "batch 32, seed 1, epochs 4" ], labels (List.last asked))

// Comparing each of the cells with each took minutes; with look-ups it is a second.
[<Fact>]
let Halving_of_many_settings_takes_no_time_to_speak_of () =
    let count = 10_000

    let search =
        Grid.from Run.shapes
        |> Grid.vary "batch" Run.withBatchSize [ 1..count ]
        |> Search.halving 2 [ 1; 2 ]

    let clock = Diagnostics.Stopwatch.StartNew()
    let _, asked = search |> drive (fun run -> Some(float run.BatchSize / float count))
    Assert.InRange(clock.Elapsed.TotalSeconds, 0.0, 60.0)
    Assert.Equal<int list>([ count; count / 2 ], asked |> List.map List.length)
    Assert.Equal(count / 2 + 1, asked[1] |> List.map _.Run.BatchSize |> List.min)

[<Fact>]
let A_failed_run_is_the_worst_and_the_search_goes_on () =
    let accuracy run =
        if run.BatchSize >= 30 then None else Some 0.0

    let results, asked = Search.halving 4 [ 1; 2 ] batches |> drive accuracy
    Assert.Equal<string list>([ "batch 10, epochs 2"; "batch 20, epochs 2" ], labels (List.last asked))
    Assert.Equal(11, results.Cells.Length)

[<Fact>]
let Halving_that_makes_no_sense_is_refused () =
    let refused (expected: string) (make: unit -> Search) =
        let error = Assert.ThrowsAny<ArgumentException>(fun () -> make () |> ignore)
        Assert.Contains(expected, error.Message)

    refused "keep is 1; use 2 or more" (fun () -> Search.halving 1 [ 1; 2 ] batches)
    refused "[ 4; 2 ]; give one number or more, the smallest first" (fun () -> Search.halving 2 [ 4; 2 ] batches)
    refused "[  ]; give one number or more" (fun () -> Search.halving 2 [] batches)

let private axes =
    [
        Axis.logUniform "rate" 1e-3 10.0 (LearningRate.Fixed >> Run.withLearningRate)
        Axis.uniform "temperature" 0.05 1.0 Run.withTemperature
    ]

/// Highest at rate 0.1 and temperature 0.3; a rate above 3 fails.
let private accuracy run =
    match run.LearningRate, Loss.temperature run.Loss with
    | LearningRate.Fixed rate, Some temperature when rate <= 3.0 ->
        Some(0.9 - 0.1 * abs (log10 (rate / 0.1)) - 0.3 * abs (temperature - 0.3))
    | _ -> None

let private start = Grid.from Run.shapes

let private tpe seed count =
    Search.tpe seed count axes ValidationMetric.linearTop1 start

[<Fact>]
let Tpe_begins_with_a_random_sample_and_betters_it () =
    let both =
        [
            for seed in 0..9 ->
                let results, asked = tpe seed 40 |> drive accuracy
                let sample = start |> Grid.sample 40 seed axes
                Assert.Equal<Cell list>(sample.Cells |> List.truncate 10, asked.Head)
                Assert.Equal<int list>(10 :: List.replicate 30 1, asked |> List.map List.length)
                Assert.Equal(40, results.Cells |> List.distinctBy (_.Cell.Run >> Run.hash) |> List.length)
                results.Cells |> List.map _.Cell, sample.Cells
        ]

    let mean choose figure =
        both |> List.averageBy (choose >> figure)

    let best = List.choose (fun cell -> accuracy cell.Run) >> List.max
    let short cells = 0.9 - best cells
    Assert.True(mean fst short < 0.7 * mean snd short, $"{mean fst short} against {mean snd short}")

    // It goes to where it was good: of the later points half as many fail.
    let failed =
        List.skip 10
        >> List.filter (fun cell -> (accuracy cell.Run).IsNone)
        >> List.length
        >> float

    Assert.True(2.0 * mean fst failed < mean snd failed, $"{mean fst failed} against {mean snd failed}")

[<Fact>]
let Tpe_takes_the_mean_over_the_cells_of_its_start () =
    let search =
        Search.tpe 1 12 axes ValidationMetric.linearTop1 (start |> Grid.seeds [ 0; 1 ])

    let results, asked = search |> drive accuracy
    Assert.Equal<int list>([ 20; 2; 2 ], asked |> List.map List.length)

    Assert.All(
        results.Cells |> List.groupBy (_.Cell >> Results.setting),
        fun (_, cells) -> Assert.Equal<int64 list>([ 0L; 1L ], [ for cell in cells -> cell.Cell.Run.Seed ])
    )

[<Fact>]
let A_search_that_was_interrupted_anywhere_asks_the_same_again () =
    let hashes (results: Results) =
        [ for cell in results.Cells -> Run.hash cell.Cell.Run ]

    for search, count in
        [
            tpe 1 16, 16
            Search.halving 3 [ 1; 3; 9 ] (start |> Grid.sample 9 2 axes), 13
        ] do
        let whole, _ = drive accuracy search
        Assert.Equal(count, whole.Cells.Length)

        for ends in 0 .. count - 1 do
            let mutable left = ends

            let interrupted =
                search
                |> Search.drive (fun before grid ->
                    let cells = grid.Cells |> List.truncate left
                    left <- left - cells.Length
                    judge (List()) accuracy before { grid with Cells = cells })

            Assert.Equal<string list>(hashes whole |> List.truncate ends, hashes interrupted)

        Assert.Equal<string list>(hashes whole, drive accuracy search |> fst |> hashes)

[<Fact>]
let A_search_knows_its_cells_where_a_preset_has_changed_their_runs () =
    // As --preset paper does, whose runs are executed in parts of their batches.
    let inParts run =
        { run with
            MicroBatches = Some { Size = 10; FreezeBatchNorm = false }
        }

    for search, count in
        [
            Search.halving 3 [ 1; 3; 9 ] batches, 13
            Search.tpe 0 14 axes ValidationMetric.linearTop1 (Grid.from Run.shapes), 14
        ] do
        let asked = List()

        let results =
            search
            |> Search.drive (fun before grid ->
                Assert.InRange(asked.Count, 0, count)
                grid |> Grid.map inParts |> judge asked (fun _ -> Some 0.5) before)

        Assert.Equal(count, results.Cells.Length)
        Assert.All(results.Cells, fun result -> Assert.True result.Cell.Run.MicroBatches.IsSome)

[<Fact>]
let Tpe_without_a_start_is_refused () =
    let error =
        Assert.ThrowsAny<ArgumentException>(fun () ->
            Search.tpe 0 5 axes ValidationMetric.linearTop1 { Axes = []; Cells = [] }
            |> ignore)

    Assert.Contains("start has no runs", error.Message)

[<Fact>]
let What_a_search_asks_first_is_a_grid () =
    let first = Search.first (tpe 1 20)
    Assert.Equal<string list>([ "rate"; "temperature" ], first.Axes)
    Assert.Equal(10, Grid.size first)

[<Fact>]
let A_search_that_asks_for_what_it_knows_is_refused () =
    let error =
        Assert.ThrowsAny<InvalidOperationException>(fun () ->
            (fun _ -> batches.Cells) |> drive (fun _ -> Some 0.5) |> ignore)

    Assert.Contains("asks for batch 10 again", error.Message)

[<Fact>]
let A_search_goes_on_from_the_store_after_an_interruption () =
    let search =
        Grid.from Samples.tiny
        |> Grid.sample 4 0 [ Axis.logUniform "rate" 0.01 1.0 (LearningRate.Fixed >> Run.withLearningRate) ]
        |> Search.halving 2 [ 1; 2 ]

    let told (results: Results) =
        [
            for cell in results.Cells -> Run.hash cell.Cell.Run, cell.Result |> Result.map Samples.withoutSpeed
        ]

    Samples.withFolder (fun whole ->
        Samples.withFolder (fun folder ->
            use source = new CancellationTokenSource()
            let mutable ended = 0

            let executor =
                { Samples.executor folder with
                    Observer =
                        function
                        | Event.Ended _ ->
                            ended <- ended + 1

                            if ended = 2 then
                                source.Cancel()
                        | _ -> ()
                }

            let first = Search.execute source.Token search executor
            let second = Search.run search (Samples.executor folder)
            let expected = Search.run search (Samples.executor whole)
            Assert.Equal(2, first.Cells.Length)
            Assert.Equal(6, second.Cells.Length)
            Assert.Equal<bool list>([ true; true; false; false; false; false ], second.Cells |> List.map _.Stored)
            Assert.Equal<(string * Result<Outcome, Failure>) list>(told expected, told second)))
