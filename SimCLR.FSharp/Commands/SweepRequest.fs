namespace SimCLR

open System
open System.IO
open SimCLR.Core.Runtime
open Argu

/// What a script of a sweep was asked for.
type Sweep =
    {
        /// Name of the sweep; its report lies in a folder of that name.
        Name: string
        /// How much of it is asked for.
        Preset: Preset
        /// The run that the script varies.
        Baseline: Run
        /// Seeds of every setting.
        Seeds: int list
        Executor: Executor
        Workers: WorkerCount
        /// GPUs that they take in turn; none: whatever each sees.
        Gpus: string list
        /// Published figures to set beside ours.
        Beside: (Results -> Comparison) list
        /// Columns of the tables.
        Columns: Metric list
        /// Titles of plots beside the usual ones, and what makes them.
        Plots: (string * (Results -> Plotly.NET.GenericChart)) list
        /// The script's grid with the axes that --vary adds.
        Adjust: Grid -> Grid
        /// Told what happens, by this process and its workers, each with its name; one that raises something is told no more.
        Observers: (string * Observer) list
        /// Whether event files for TensorBoard are written beside the report, while runs train.
        TensorBoard: bool
        /// Folder of the report.
        Out: string
    }

/// Reads it from arguments.
[<RequireQualifiedAccess>]
module internal SweepRequest =

    let parse name standard (arguments: string list) =
        let arguments = SweepArguments.parse name arguments

        let preset =
            arguments.TryGetResult Argument.Preset
            |> Option.map (Preset.parse >> SweepArguments.orFail)
            |> Option.defaultValue Preset.Standard

        let folder =
            if preset = Preset.Standard then
                name
            else
                $"{name}-{Preset.name preset}"

        let out =
            arguments.GetResult(Argument.Out, defaultValue = Path.Combine("results", folder))

        let seeds = arguments.GetResult(Argument.Seeds, defaultValue = Preset.seeds preset)

        let workers =
            arguments.GetResult(Argument.Workers, defaultValue = "1")
            |> WorkerCount.parse
            |> SweepArguments.orFail

        let threads = arguments.TryGetResult Argument.Threads

        let runs =
            Path.Combine(
                Path.GetDirectoryName(Path.GetFullPath out)
                |> Option.ofObj
                |> Option.defaultValue ".",
                "runs"
            )

        let device =
            arguments.GetResult(Argument.Device, defaultValue = "auto")
            |> Device.parse
            |> SweepArguments.orFail

        // A worker sees the one GPU that it was given.
        let gpus =
            if Workers.isWorker then
                []
            else
                arguments.GetResult(Argument.Gpus, defaultValue = "").Split(',', StringSplitOptions.RemoveEmptyEntries)
                |> List.ofArray
                |> Workers.gpus

        // Who names GPUs does not mean the CPU where there are none.
        let device =
            if device = Auto && arguments.Contains Argument.Gpus then
                Cuda
            else
                device

        let places = SweepArguments.places arguments
        let baseline = SweepArguments.baseline preset standard arguments

        {
            Name = name
            Preset = preset
            Baseline = baseline
            Seeds = [ 0 .. seeds - 1 ]
            Executor =
                { Executor.local with
                    Device = device
                    DataRoot = fst places
                    Places = snd places
                    Download = arguments.Contains Argument.Download
                    Stream = arguments.Contains Argument.Stream
                    KeepEncoder =
                        if arguments.Contains Argument.Keep_Encoder then
                            KeepEncoder.Always
                        elif arguments.Contains Argument.No_Encoder then
                            KeepEncoder.Never
                        else
                            Executor.local.KeepEncoder
                    Store = Store.ofFolder runs
                    Observer =
                        if Workers.isWorker then
                            Relay.observer ()
                        else
                            Executor.local.Observer
                    Threads = threads
                    Deterministic = arguments.Contains Argument.Deterministic
                    RetryFailed = arguments.Contains Argument.Retry_Failed && not Workers.isWorker
                    ContinueCollapsed = arguments.Contains Argument.Continue_Collapsed
                    TrustCustom = arguments.Contains Argument.Trust_Custom
                    DryRun = arguments.Contains Argument.Dry_Run
                }
            Workers = if Workers.isWorker then WorkerCount.Fixed 1 else workers
            Gpus = gpus
            Beside = []
            Columns = Report.columns
            Plots = []
            Adjust = SweepArguments.apply preset standard arguments baseline
            Observers = []
            TensorBoard = arguments.Contains Argument.TensorBoard
            Out = out
        }
