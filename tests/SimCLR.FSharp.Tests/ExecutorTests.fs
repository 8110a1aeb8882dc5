module SimCLR.Tests.ExecutorTests

open System
open System.IO
open System.Threading
open SimCLR
open SimCLR.Tests.Samples
open Xunit

let private tiny = Samples.tiny

let private executor folder =
    { Executor.local with
        Device = Cpu
        Store = Store.ofFolder folder
        Observer = Observer.silent
    }

let private execute executor grid =
    Execution.execute CancellationToken.None executor grid

[<Fact>]
let ``A grid is executed once: the second time everything comes from the store`` () =
    Samples.withFolder (fun folder ->
        let grid =
            Grid.from tiny
            |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ]
            |> Grid.seeds [ 0; 1 ]

        let first = grid |> execute (executor folder)
        let second = grid |> execute (executor folder)
        Assert.Equal(4, first.Cells.Length)
        Assert.All(first.Cells, fun cell -> Assert.False cell.Stored)
        Assert.All(second.Cells, fun cell -> Assert.True cell.Stored)
        Assert.Equal<(Cell * Outcome) list>(Results.outcomes first, Results.outcomes second))

[<Fact>]
let ``The same run gives the same outcome, but for its speed`` () =
    Samples.withFolder (fun one ->
        Samples.withFolder (fun other ->
            let outcome folder =
                executor folder |> Execution.run tiny |> Samples.withoutSpeed

            Assert.Equal(outcome one, outcome other)))

[<Fact>]
let ``An outcome's numbers are possible`` () =
    Samples.withFolder (fun folder ->
        let outcome = executor folder |> Execution.run tiny
        Assert.Equal(8L, outcome.Steps)
        Assert.Equal(8, outcome.Curve.Length)

        for fraction in
            [
                outcome.LinearTop1
                outcome.LinearTop1Untrained
                outcome.KnnTop1
                outcome.KnnTop1Untrained
                outcome.ContrastiveTop1
            ] do
            Assert.InRange(fraction, 0.0, 1.0)

        Assert.InRange(outcome.Entropy, 0.0, log 10.0)
        Assert.Contains(outcome.L2, tiny.Evaluation.L2))

[<Fact>]
let ``A run that fails is a cell with its reason, and the sweep goes on`` () =
    Samples.withFolder (fun folder ->
        let set isWild run =
            if isWild then Samples.diverging run else run

        let results =
            Grid.from tiny
            |> Grid.vary "wild" set [ true; false ]
            |> execute (executor folder)

        match results.Cells |> List.map _.Result with
        | [ Error failure; Ok _ ] ->
            Assert.Equal("training failed", failure.Reason)
            Assert.Contains("Lower the learning rate", failure.Detail)
        | other -> Assert.Fail(string other)

        let page =
            Report.ofResults "failures" (Store.ofFolder folder) results |> Report.toHtml

        Assert.Contains("training failed", page))

[<Fact>]
let ``A training that learns nothing fails, and is taken up and measured when it is asked to go on`` () =
    Samples.withFolder (fun folder ->
        let stuck =
            { tiny with
                LearningRate = LearningRate.Fixed 1e-9
                Epochs = 60
            }
            |> Run.withTemperature 1e4

        let only executor =
            match (Grid.from stuck |> execute executor).Cells with
            | [ cell ] -> cell
            | other -> failwith $"{other}"

        match (only (executor folder)).Result with
        | Error failure ->
            Assert.Equal("learnt nothing", failure.Reason)
            Assert.Contains("--continue-collapsed", failure.Detail)
        | Ok _ -> Assert.Fail "It did not fail."

        // Known, without being asked.
        Assert.True (only (executor folder)).Stored
        let notes = ResizeArray<string>()

        let cell =
            only
                { executor folder with
                    ContinueCollapsed = true
                    Observer =
                        (function
                        | Event.Noted text -> notes.Add text
                        | _ -> ())
                }

        match cell.Result with
        | Ok outcome ->
            Assert.Equal(240L, outcome.Steps)
            Assert.True(Double.IsFinite outcome.LinearTop1)
            let step = int (outcome.Figure "collapsed at step")
            Assert.InRange(step, 101, 239)
            Assert.Contains(notes, fun note -> note.Contains $"stuck at" && note.Contains $"by step {step}")
        | Error failure -> Assert.Fail failure.Detail

        // What was measured counts from now on, and every table of it says so.
        let results =
            Grid.from stuck
            |> Grid.vary "temperature" Run.withTemperature [ 1e4 ]
            |> execute (executor folder)

        Assert.True(results.Cells |> List.forall _.Result.IsOk)
        let page = Report.ofResults "stuck" (Store.ofFolder folder) results |> Report.toHtml
        Assert.Contains("collapsed at step", page)

        // Its encoder is gone: it is trained again, to the same end, unasked.
        File.Delete(Store.encoderOf stuck (Store.ofFolder folder))

        let again =
            only
                { executor folder with
                    KeepEncoder = KeepEncoder.Always
                }

        Assert.False again.Stored
        Assert.True again.Result.IsOk)

/// An image folder of classes with so many training and test images each.
let private imageFolder folder (classes: (string * int * int) list) =
    for name, train, test in classes do
        for split, count in [ "train", train; "test", test ] do
            let place = Path.Combine(folder, split, name)

            for i in 1..count do
                writeImage (Path.Combine(place, $"{i}.png")) (byte (40 * i), byte name.Length, 99uy)

    Images.folder None folder

/// The reasons of the cells that failed; nothing was trained for them.
let private refused folder grid =
    let store = Store.ofFolder (Path.Combine(folder, "runs"))
    let results = grid |> execute (executor store.Folder)
    Assert.Empty(Directory.GetFiles(store.Folder, "step-*.safetensors", SearchOption.AllDirectories))

    [
        for cell in results.Cells do
            match cell.Result with
            | Error failure -> failure.Reason, failure.Detail
            | Ok _ -> "", ""
    ]

[<Fact>]
let ``A class that is missing in a part of the images fails the cell by name before training, and the sweep goes on``
    ()
    =
    Samples.withFolder (fun folder ->
        let images name classes =
            let place = Path.Combine(folder, name)
            tiny |> Run.withImages (imageFolder place classes) |> Run.withBatchSize 4

        let grid =
            Grid.from tiny
            |> Grid.varyBy
                "images"
                (fun run _ -> run)
                [
                    "no test image", images "a" [ "ant", 4, 2; "bee", 4, 0 ]
                    "one training image", images "b" [ "ant", 4, 2; "bee", 1, 2 ]
                    "all", images "c" [ "ant", 4, 2; "bee", 4, 2 ]
                ]

        match refused folder grid with
        | [ noTest, detail; one, single; "", "" ] ->
            Assert.Equal("does not fit the data", noTest)
            Assert.Equal("does not fit the data", one)
            Assert.Contains("no test image of bee", detail)
            Assert.Contains("a single training image, so that none is left for validation, of bee", single)
        | other -> Assert.Fail $"{other}")

[<Fact>]
let ``A batch larger than a folder has images fails the cell, and the sweep goes on`` () =
    Samples.withFolder (fun folder ->
        let images =
            imageFolder (Path.Combine(folder, "images")) [ "ant", 4, 2; "bee", 4, 2 ]

        let grid =
            Grid.from (tiny |> Run.withImages (Images.limit 50 images))
            |> Grid.vary "batch" Run.withBatchSize [ 9; 8 ]

        match refused folder grid with
        | [ reason, detail; "", "" ] ->
            Assert.Equal("does not fit the data", reason)
            Assert.Contains("BatchSize is 9, but there are 8 training images; use at most 8.", detail)
        | other -> Assert.Fail $"{other}")

[<Fact>]
let ``What is wrong with a grid is said before anything is written`` () =
    Samples.withFolder (fun folder ->
        let store = Path.Combine(folder, "runs")
        let grid = Grid.from tiny |> Grid.vary "batch" Run.withBatchSize [ 10; 1; 1000 ]

        let error =
            Assert.ThrowsAny<ArgumentException>(fun () -> grid |> execute (executor store) |> ignore)

        Assert.Contains("batch 1: BatchSize is 1", error.Message)
        Assert.Contains("batch 1000: BatchSize is 1000", error.Message)
        Assert.False(Directory.Exists store))

[<Fact>]
let ``Cancelling keeps what is finished and goes on from there`` () =
    Samples.withFolder (fun folder ->
        use source = new CancellationTokenSource()
        let mutable begun = 0

        let notes = Collections.Generic.List<string>()

        let watching: Observer =
            function
            | Event.Noted text -> notes.Add text
            | Event.Began _ -> begun <- begun + 1
            | Event.Stepped _ when begun = 2 -> source.Cancel()
            | _ -> ()

        let grid = Grid.from tiny |> Grid.seeds [ 0; 1; 2 ]

        let partial =
            grid
            |> Execution.execute
                source.Token
                { executor folder with
                    Observer = watching
                }

        Assert.Equal(1, partial.Cells.Length)
        // No other process is waited for.
        Assert.DoesNotContain(notes, fun note -> note.StartsWith "Waiting")
        let whole = grid |> execute (executor folder)
        Assert.Equal<bool list>([ true; false; false ], whole.Cells |> List.map _.Stored))

[<Fact>]
let ``What another process computes is waited for as long as is said, and then left to it`` () =
    Samples.withFolder (fun folder ->
        let executor =
            { executor folder with
                WaitsFor = Some(TimeSpan.FromSeconds 1.5)
            }

        let grid = Grid.from tiny |> Grid.seeds [ 0; 1; 2 ]
        let second = Grid.runs grid |> List.item 1
        use _held = Option.get (Store.tryLock second executor.Store)
        let clock = Diagnostics.Stopwatch.StartNew()
        let results = grid |> execute executor
        Assert.InRange(clock.Elapsed.TotalSeconds, 1.5, 120.0)
        Assert.Equal<int64 list>([ 0L; 2L ], results.Cells |> List.map _.Cell.Run.Seed))

[<Fact>]
let ``An interrupted run goes on from its checkpoint and ends as one that was not interrupted`` () =
    Samples.withFolder (fun folder ->
        use source = new CancellationTokenSource()
        let notes = Collections.Generic.List<string>()

        let observer onStep : Observer =
            function
            | Event.Noted text -> notes.Add text
            | Event.Stepped(_, stage) -> onStep stage.Point.Step
            | _ -> ()

        let at name onStep =
            { executor (Path.Combine(folder, name)) with
                Observer = observer onStep
            }

        // The probe trains along: its weights and its averages must be taken up too.
        let run =
            { Run.shortened 4 tiny with
                Evaluation = tiny.Evaluation |> Evaluation.measuring [ Measurement.OnlineProbe 0.1 ]
            }

        let grid = Grid.from run
        let whole = grid |> Execution.execute CancellationToken.None (at "whole" ignore)

        let stopped =
            grid
            |> Execution.execute
                source.Token
                (at "stopped" (fun step ->
                    if step = 3L then
                        source.Cancel()))

        Assert.Empty stopped.Cells
        let store = Store.ofFolder (Path.Combine(folder, "stopped"))
        let checkpoint = Path.Combine(Store.folderOf run store, "checkpoint")
        Assert.Single(Directory.GetFiles checkpoint) |> ignore

        let resumed = grid |> Execution.execute CancellationToken.None (at "stopped" ignore)
        Assert.Contains("Goes on from the checkpoint of step 3.", notes)
        Assert.False(Directory.Exists checkpoint)

        match whole.Cells, resumed.Cells with
        | [ { Result = Ok expected } ], [ { Result = Ok actual } ] ->
            Assert.Equal(expected.FinalLoss, actual.FinalLoss)
            Assert.Equal(expected.LinearTop1, actual.LinearTop1)
            Assert.Equal(expected.KnnTop1, actual.KnnTop1)
            Assert.NotEmpty(Samples.measured expected)
            Assert.Equal<(string * float) list>(Samples.measured expected, Samples.measured actual)

            let losses outcome =
                outcome.Curve |> List.map (fun point -> point.Step, point.Loss)

            Assert.Equal<(int64 * float) list>(losses expected, losses actual)
        | other -> Assert.Fail(string other))

[<Fact>]
let ``A plan names every run, knows the stored ones, and trains nothing`` () =
    Samples.withFolder (fun folder ->
        let grid = Grid.from tiny |> Grid.seeds [ 0; 1 ]
        let lines, _, seconds = Plan.describe grid (executor folder)
        Assert.Equal(2, lines.Length)
        Assert.Contains(Run.hash grid.Cells[1].Run, lines[1])
        Assert.True(seconds > 0.0)
        Assert.Empty(Directory.GetFileSystemEntries folder)

        grid |> execute (executor folder) |> ignore
        let lines, _, seconds = Plan.describe grid (executor folder)
        Assert.All(lines, fun line -> Assert.Contains("stored already", line))
        Assert.Equal(0.0, seconds))

[<Fact>]
let ``A run leaves representations of its test images, before and after training`` () =
    Samples.withFolder (fun folder ->
        let executor = executor folder
        executor |> Execution.run tiny |> ignore
        let samples = (Store.trySamples tiny executor.Store).Value
        Assert.Equal<int64 list>([ 0L .. 19L ], List.ofSeq samples.Indices)
        Assert.Equal((20, 16), (samples.Trained.Count, samples.Trained.Dimension))
        Assert.Equal(10, samples.ClassNames.Count)
        Assert.NotEqual<Half array>(samples.Untrained.H, samples.Trained.H)
        File.WriteAllText(StoreFolder.sampleIn (Store.folderOf tiny executor.Store), "damaged")
        Assert.True((Store.trySamples tiny executor.Store).IsNone))

[<Fact>]
let ``Representations of images that are no longer there are left out of the report`` () =
    Samples.withFolder (fun folder ->
        let executor = executor folder
        let results = Grid.from tiny |> execute executor
        Assert.True((Embedding.ofBest folder results executor).IsSome)

        for place in
            [
                StoreFolder.ofUntrained (Run.untrained tiny) executor.Store
                Store.folderOf tiny executor.Store
            ] do
            let sample = SimCLR.Core.Evaluation.FeatureSample.Load(StoreFolder.sampleIn place)
            let indices = [| for i in sample.Indices -> i + 1L |]

            SimCLR.Core.Evaluation
                .FeatureSample(sample.H, sample.Dimension, sample.Labels, indices, sample.ClassNames)
                .Save(StoreFolder.sampleIn place)

        Assert.True((Embedding.ofBest folder results executor).IsNone))

[<Fact>]
let ``A checkpoint or file of another version is a failure that is not stored`` () =
    for error, reason in
        [
            SimCLR.Core.Training.CheckpointMisfitException "of another version" :> exn, "checkpoint does not fit"
            StoredFile.OtherVersionException "of another version", "is of another version"
        ] do
        let isStored, failure = Failing.explain (Store.ofFolder "nowhere") error
        Assert.Equal((false, reason), (isStored, failure.Reason))
        Assert.Contains("of another version", failure.Detail)
