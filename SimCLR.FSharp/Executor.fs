namespace SimCLR

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
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
        Store: Store
        Progress: Progress
        /// Time between two checkpoints of a run in progress, from which it goes on after an interruption; None: it starts anew.
        CheckpointEvery: TimeSpan option
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
            Store = Store.at (Path.Combine("results", "runs"))
            Progress = Progress.console ()
            CheckpointEvery = Some(TimeSpan.FromMinutes 1.0)
            DryRun = false
        }

    /// Outcomes in that folder.
    let storeIn folder executor =
        { executor with
            Store = Store.at folder
        }

    let private commit () =
        try
            let start =
                ProcessStartInfo("git", "rev-parse HEAD", RedirectStandardOutput = true, RedirectStandardError = true)

            use git = Process.Start start
            let text = git.StandardOutput.ReadToEnd().Trim()
            git.WaitForExit()
            if git.ExitCode = 0 then text else "unknown"
        with :? ComponentModel.Win32Exception ->
            "unknown"

    let private machine =
        lazy
            (let model =
                if File.Exists "/proc/cpuinfo" then
                    File.ReadLines "/proc/cpuinfo"
                    |> Seq.tryFind _.StartsWith("model name")
                    |> Option.map (fun line -> line.Substring(line.IndexOf ':' + 1).Trim())
                else
                    None

             let processor =
                 model |> Option.defaultValue (string RuntimeInformation.ProcessArchitecture)

             $"{processor}, {Environment.ProcessorCount} logical cores, {RuntimeInformation.OSDescription}")

    let private provenance device (run: Run) : Provenance =
        let version (kind: Type) =
            kind.Assembly.GetName().Version |> string

        let spec = Lower.pretraining run

        {
            Commit = commit ()
            Versions =
                $"SimCLR.Research {version typeof<Executor>}, TorchSharp {version typeof<torch>}, .NET {Environment.Version}"
            Device = string device
            Threads = torch.get_num_threads ()
            Precision = string (Autocast.Resolve(spec.Precision, device))
            Machine = machine.Value
            Date = DateTimeOffset.Now
        }

    /// Training images cut to the run's limit, and the test images.
    let private limited (run: Run) (splits: ImageSplits) =
        match run.Images.TrainLimit with
        | Some limit when int64 limit < splits.Train.Count ->
            new ImageSplits(splits.Train.Take(int64 limit), splits.Test)
        | _ -> splits

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
            run.Images, run.Encoder, run.Seed, run.Evaluation, View.outputSize size run.ViewA, string device

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

    /// Evaluates, pretrains, evaluates again.
    let private train executor device (splits: ImageSplits) (cancellation: CancellationToken) (run: Run) =
        let clock = Stopwatch.StartNew()
        let evaluation = Lower.evaluation (int splits.Train.Height) run

        use training =
            new Pretraining(Lower.pretraining run, splits.Train, device, (fun text -> executor.Progress.Note text))

        let untrained = untrainedResult device splits evaluation training run

        let result =
            training.Run((fun step -> executor.Progress.Step step), cancellation, checkpointing executor run)

        let trained = Protocol.Evaluate(evaluation, training.Encoder, splits, device)

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
            Curve = result.Progress |> Seq.map point |> Seq.toList
        }

    let private attempt executor device splits cancellation run =
        try
            let outcome = train executor device splits cancellation run
            Store.save run (provenance device run) outcome executor.Store
            (checkpoints executor run).Delete()
            Ok outcome
        with
        | :? TrainingFailedException as error ->
            Error
                {
                    Reason = "training failed"
                    Detail = error.Message
                }
        | :? ArgumentException as error ->
            Error
                {
                    Reason = "does not fit the data"
                    Detail = error.Message
                }
        | :? ExternalException as error ->
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

    let private cache =
        Collections.Concurrent.ConcurrentDictionary<string * Images, ImageSplits>()

    /// The images of a run; they are read once per process.
    let internal load executor (run: Run) =
        match cache.TryGetValue((executor.DataRoot, run.Images)) with
        | true, splits -> splits
        | _ ->
            let source = Lower.imageSource executor.DataRoot executor.Download run.Images.Source
            let splits = source.Load(fun text -> executor.Progress.Note text) |> limited run
            cache[(executor.DataRoot, run.Images)] <- splits
            splits

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

    /// None when the run was interrupted.
    let private result executor device cancellation run =
        match Store.tryFind executor.Progress.Note run executor.Store with
        | Some outcome ->
            executor.Progress.End $"stored already: {describe (Ok outcome)}"
            Some(Ok outcome, true)
        | None ->
            try
                let outcome = attempt executor device (load executor run) cancellation run
                executor.Progress.End(describe outcome)
                Some(outcome, false)
            with :? OperationCanceledException ->
                executor.Progress.End "interrupted"
                None

    let internal execute cancellation (grid: Grid) executor =
        check grid executor
        let device = Device.resolve executor.Device

        let rec go i (cells: Cell list) =
            [
                match cells with
                | [] -> ()
                | cell :: rest ->
                    executor.Progress.Begin(i, Grid.size grid, Grid.label cell)

                    match result executor device cancellation cell.Run with
                    | Some(result, stored) ->
                        {
                            Cell = cell
                            Result = result
                            Stored = stored
                        }

                        if not cancellation.IsCancellationRequested then
                            yield! go (i + 1) rest
                    | None -> ()
            ]

        {
            Axes = grid.Axes
            Cells = go 1 grid.Cells
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
        /// ends the run in progress; what is stored is not computed again.
        let execute cancellation executor grid =
            Executor.execute cancellation grid executor
