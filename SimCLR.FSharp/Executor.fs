namespace SimCLR

open System
open System.Diagnostics
open System.IO
open System.Threading
open SimCLR.Core.Evaluation
open SimCLR.Core.Images
open SimCLR.Core.Runtime
open SimCLR.Core.Training
open SimCLR.Core.Views
open TorchSharp

/// How runs are executed: where, from which data, into which store. Changes no run's value.
type Executor =
    {
        Device: Device
        /// Folder of the data sets that are not generated.
        DataRoot: string
        /// Whether a data set that is not there may be downloaded.
        Download: bool
        /// Whether image folders are read from a cache on disk whatever their size; those too large for memory always are.
        Stream: bool
        Store: Store
        Progress: Progress
        /// Time between two checkpoints of a run in progress, from which it goes on after an interruption; None: it starts anew.
        CheckpointEvery: TimeSpan option
        /// Threads that compute; None: as many as libtorch takes by itself.
        Threads: int option
        /// Runs that have failed before are tried again.
        RetryFailed: bool
        /// Says what would be done and what it costs, and trains nothing.
        DryRun: bool
    }

[<RequireQualifiedAccess>]
module Executor =

    /// On the best device, data in "data", outcomes in "results/runs", progress on the console.
    let local =
        {
            Device = Auto
            DataRoot = "data"
            Download = false
            Stream = false
            Store = Store.at (Path.Combine("results", "runs"))
            Progress = Progress.console ()
            CheckpointEvery = Some(TimeSpan.FromMinutes 1.0)
            Threads = None
            RetryFailed = false
            DryRun = false
        }

    /// Outcomes in that folder.
    let storeIn folder executor =
        { executor with
            Store = Store.at folder
        }

    /// Training images cut to the run's limit, and the test images.
    let private limited (run: Run) (splits: ImageSplits) =
        match run.Images.TrainLimit with
        | Some limit when int64 limit < splits.Train.Count ->
            new ImageSplits(splits.Train.Take(int64 limit), splits.Test)
        | _ -> splits

    let private cache =
        Collections.Concurrent.ConcurrentDictionary<string * Images, ImageSplits>()

    /// The images of a run; they are read once per process.
    let internal load executor (run: Run) =
        match cache.TryGetValue((executor.DataRoot, run.Images)) with
        | true, splits -> splits
        | _ ->
            let source =
                Lower.imageSource executor.DataRoot executor.Download executor.Stream run.Images.Source

            let splits = source.Load(fun text -> executor.Progress.Note text) |> limited run
            cache[(executor.DataRoot, run.Images)] <- splits
            splits

    let private point (progress: TrainingProgress) =
        {
            Step = progress.Step
            Epoch = progress.Epoch
            Loss = progress.Loss
            LearningRate = progress.LearningRate
            GradientNorm = progress.GradientNorm
            ImagesPerSecond = progress.ImagesPerSecond
        }

    let private baselines =
        Collections.Concurrent.ConcurrentDictionary<_, EvaluationResult>()

    /// The encoder before training: runs that differ only in how they train have the same one.
    let private untrainedResult device (splits: ImageSplits) evaluation (training: Pretraining) run =
        let size = Images.knownSize run.Images |> Option.defaultValue 0

        let key =
            run.Images,
            run.Encoder,
            run.Seed,
            { run.Evaluation with
                Measurements = []
            },
            View.outputSize size run.ViewA,
            string device

        match baselines.TryGetValue key with
        | true, known -> known
        | _ ->
            let result = Protocol.Evaluate(evaluation, training.Encoder, splits, device)
            baselines[key] <- result
            result

    let private checkpoints (executor: Executor) run =
        let folder = Path.Combine(Store.folderOf run executor.Store, "checkpoint")
        CheckpointFolder(folder, (fun text -> executor.Progress.Note text))

    let private checkpointing (executor: Executor) run =
        executor.CheckpointEvery
        |> Option.map (fun interval ->
            Checkpointing(
                checkpoints executor run,
                interval,
                fun step -> executor.Progress.Note $"Goes on from the checkpoint of step {step}."
            ))
        |> Option.toObj

    let private pretrained device splits evaluation (training: Pretraining) run cancellation =
        Pretrained(
            Lower.pretraining run,
            training.Encoder,
            training.Head,
            evaluation,
            splits,
            device,
            Cancellation = cancellation
        )

    /// The run's measurements; other images that they need are read now, so that missing ones are found before training.
    let private measurements executor run pretrained =
        let load images =
            load executor { run with Run.Images = images }

        let list =
            run.Evaluation.Measurements |> List.map (Lower.measurement load) |> List.toArray

        new Measurements(list, pretrained)

    /// The figures of the measurements, by name.
    let private take executor run pretrained (measurements: Measurements) =
        let labels = run.Evaluation.Measurements |> List.map Measurement.label

        let note i =
            executor.Progress.Note $"measuring: {labels[i]}"

        [
            for label, figures in Seq.zip labels (measurements.Take(pretrained, note)) do
                for figure in figures -> $"{label} {figure.Name}", figure.Value
        ]

    /// Evaluates, pretrains, evaluates again, and takes the measurements: representations to look at, and the outcome.
    let private train executor device (splits: ImageSplits) (cancellation: CancellationToken) (run: Run) =
        let clock = Stopwatch.StartNew()
        let evaluation = Lower.evaluation (int splits.Train.Height) run

        use training =
            new Pretraining(Lower.pretraining run, splits.Train, device, (fun text -> executor.Progress.Note text))

        let pretrained = pretrained device splits evaluation training run cancellation
        use measurements = measurements executor run pretrained
        training.Observer <- measurements.Observer
        let untrained = untrainedResult device splits evaluation training run

        let result =
            training.Run((fun step -> executor.Progress.Step step), cancellation, checkpointing executor run)

        let trained = Protocol.Evaluate(evaluation, training.Encoder, splits, device)
        let measured = take executor run pretrained measurements

        FeatureSamples.Of(untrained, trained, splits.Test),
        {
            LinearTop1 = trained.Linear.Top1
            LinearTop1Untrained = untrained.Linear.Top1
            KnnTop1 = trained.NeighbourTop1
            KnnTop1Untrained = untrained.NeighbourTop1
            FinalLoss = result.Loss
            Entropy = result.Entropy
            ContrastiveTop1 = result.ContrastiveTop1
            L2 = trained.Linear.L2
            Steps = result.Steps
            Seconds = clock.Elapsed.TotalSeconds
            ImagesPerSecond = result.ImagesPerSecond
            Waiting = result.Waiting
            Curve = result.Progress |> Seq.map point |> Seq.toList
            Measured = measured
        }

    let private attempt executor device splits cancellation run =
        let meter = EnergyMeter()

        try
            let features, outcome = train executor device splits cancellation run
            let provenance = Provenance.gather device (Lower.pretraining run).Precision meter
            Store.saveFeatures run features executor.Store
            Store.save run provenance outcome executor.Store
            (checkpoints executor run).Delete()
            Ok outcome
        with
        | :? TrainingFailedException as error ->
            let failure =
                {
                    Reason = "training failed"
                    Detail = error.Message
                }

            Store.saveFailure run failure executor.Store
            Error failure
        | :? ArgumentException as error ->
            Error
                {
                    Reason = "does not fit the data"
                    Detail = error.Message
                }
        | :? Runtime.InteropServices.ExternalException as error ->
            Error
                {
                    Reason = "libtorch failed"
                    Detail =
                        $"{error.Message.Split('\n').[0]} If it is memory: use a smaller batch, narrower encoder or head, or micro-batches."
                }
        | :? IOException
        | :? UnauthorizedAccessException as error ->
            Error
                {
                    Reason = "could not be stored"
                    Detail = $"{error.Message} Check the rights and free space of {executor.Store.Folder}."
                }

    let private describe (result: Result<Outcome, Failure>) =
        match result with
        | Ok outcome ->
            $"linear {outcome.LinearTop1:P1} (untrained {outcome.LinearTop1Untrained:P1})  k-NN {outcome.KnnTop1:P1}  "
            + $"loss {outcome.FinalLoss:F3}  {outcome.ImagesPerSecond:N0} images/s  {outcome.Seconds:F0} s"
        | Error failure -> $"FAILED, {failure.Reason}: {failure.Detail}"

    /// All that is wrong with a grid's runs, or that this machine lacks for them: device, rights and room of the store's folder.
    let problems (grid: Grid) (executor: Executor) =
        [
            yield! Grid.problems grid
            yield! Device.problems executor.Device

            if not executor.DryRun then
                yield! Preflight.problems (Grid.runs grid) executor.Store.Folder
        ]

    /// Fails with all of it. Nothing is written.
    let internal check grid executor =
        match problems grid executor with
        | [] -> ()
        | wrong -> raise (ArgumentException(String.concat Environment.NewLine wrong))

    /// A PNG of what the run's views make of the first images.
    let writeViewSheet path run executor =
        LibTorch.Load() |> ignore
        let splits = load executor run
        ViewSheet.Write(path, splits.Train, Lower.view run.ViewA, Lower.view run.ViewB, RandomStreams run.Seed)

    /// What is known of a run without computing: its outcome, or why it failed.
    let internal known executor run =
        match Store.tryFind executor.Progress.Note run executor.Store with
        | Some outcome -> Some(Ok outcome)
        | None when executor.RetryFailed -> None
        | None -> Store.tryFailure run executor.Store |> Option.map Error

    /// What became of an attempt at a cell.
    [<RequireQualifiedAccess; NoEquality; NoComparison>]
    type private Attempt =
        | Done of CellResult
        | TakenByAnother
        | Interrupted

    let private attemptCell executor device cancellation title (cell: Cell) =
        let finished result stored =
            let said = if stored then "stored already: " else ""
            executor.Progress.End $"{said}{describe result}"

            Attempt.Done
                {
                    Cell = cell
                    Result = result
                    Stored = stored
                }

        match known executor cell.Run with
        | Some result ->
            title ()
            finished result true
        | None ->
            match Store.tryLock cell.Run executor.Store with
            | None -> Attempt.TakenByAnother
            | Some held ->
                use _held = held
                title ()

                // It may have been finished between the two looks.
                match Store.tryFind executor.Progress.Note cell.Run executor.Store with
                | Some outcome -> finished (Ok outcome) true
                | None ->
                    try
                        finished (attempt executor device (load executor cell.Run) cancellation cell.Run) false
                    with :? OperationCanceledException ->
                        executor.Progress.End "interrupted"
                        Attempt.Interrupted

    /// Only what is known already.
    let internal stored (grid: Grid) executor =
        {
            Axes = grid.Axes
            Cells =
                [
                    for cell in grid.Cells do
                        match known executor cell.Run with
                        | Some result ->
                            {
                                Cell = cell
                                Result = result
                                Stored = true
                            }
                        | None -> ()
                ]
        }
        : Results

    /// Reads the images of all that is to be computed, those of measurements too: a data set that is missing is found before anything is
    /// trained or written.
    let private loadAll (grid: Grid) executor =
        let ofMeasurements run =
            run.Evaluation.Measurements
            |> List.choose (function
                | Measurement.Transfer s -> Some { run with Run.Images = s.Images }
                | _ -> None)

        Grid.runs grid
        |> List.filter (known executor >> Option.isNone)
        |> List.collect (fun run -> run :: ofMeasurements run)
        |> List.distinctBy _.Images
        |> List.iter (load executor >> ignore)

    /// Takes what is stored, computes what is free, and comes back to what other processes have until they are done with it.
    let internal execute (cancellation: CancellationToken) (grid: Grid) executor =
        check grid executor
        let device = Device.resolve executor.Device
        executor.Threads |> Option.iter torch.set_num_threads
        loadAll grid executor
        let done' = Collections.Generic.Dictionary<int, CellResult>()
        let total = Grid.size grid
        let mutable waiting = List.indexed grid.Cells
        let mutable told = false

        while not waiting.IsEmpty && not cancellation.IsCancellationRequested do
            let before = waiting.Length

            waiting <-
                [
                    for i, cell in waiting do
                        let title () =
                            executor.Progress.Begin(i + 1, total, Grid.label cell)

                        if cancellation.IsCancellationRequested then
                            i, cell
                        else
                            match attemptCell executor device cancellation title cell with
                            | Attempt.Done result -> done'[i] <- result
                            | Attempt.TakenByAnother
                            | Attempt.Interrupted -> i, cell
                ]

            if waiting.Length = before && not waiting.IsEmpty then
                if not told then
                    executor.Progress.Note $"Waiting for {before} runs that other processes have begun."
                    told <- true

                cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds 1.0) |> ignore

        {
            Axes = grid.Axes
            Cells = [ for entry in done' |> Seq.sortBy _.Key -> entry.Value ]
        }
        : Results

    /// Executes one run, or takes its outcome from the store. Fails with the reason when the run fails.
    let run run executor =
        let results = execute CancellationToken.None (Grid.from run) executor

        match results.Cells with
        | [ { Result = Ok outcome } ] -> outcome
        | [ { Result = Error failure } ] -> invalidOp $"The run failed, {failure.Reason}: {failure.Detail}"
        | _ -> invalidOp "The run was interrupted."

[<AutoOpen>]
module GridExecution =

    module Grid =

        /// Executes the cells whose outcome is not stored yet, one after the other; each outcome is stored at once. Cancelling
        /// ends the run in progress with a checkpoint; what is stored is not computed again. Cells that another process is computing
        /// are left to it, and waited for.
        let execute cancellation executor grid =
            Executor.execute cancellation grid executor
