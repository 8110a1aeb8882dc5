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
        /// Processes that compute; 1: this one.
        Workers: int
        /// GPUs that they take in turn; none: whatever each sees.
        Gpus: string list
        /// Published figures to set beside ours.
        Beside: (Results -> Comparison) list
        /// Whether event files for TensorBoard are written beside the report.
        TensorBoard: bool
        /// Folder of the report.
        Out: string
    }

[<RequireQualifiedAccess>]
module Sweep =

    let private fail message = raise (ArgumentException message)

    let internal parse name standard (arguments: string list) =
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

        let workers = arguments.GetResult(Argument.Workers, defaultValue = 1)
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

        {
            Name = name
            Preset = preset
            Baseline = SweepArguments.baseline preset standard arguments
            Seeds = [ 0 .. seeds - 1 ]
            Executor =
                { Executor.local with
                    Device = device
                    DataRoot = arguments.GetResult(Argument.Data_Root, defaultValue = "data")
                    Download = arguments.Contains Argument.Download
                    Stream = arguments.Contains Argument.Stream
                    KeepEncoder = arguments.Contains Argument.Keep_Encoder
                    Store = Store.at runs
                    Threads = threads
                    Deterministic = arguments.Contains Argument.Deterministic
                    RetryFailed = arguments.Contains Argument.Retry_Failed && not Workers.isWorker
                    DryRun = arguments.Contains Argument.Dry_Run
                }
            Workers = if Workers.isWorker then 1 else workers
            Gpus = gpus
            Beside = []
            TensorBoard = arguments.Contains Argument.TensorBoard
            Out = out
        }

    /// Ends the script with that code; what is wrong is said in words, without a stack.
    let private stop code (message: string) =
        eprintfn "%s" message
        exit code

    let private parseOrStop name standard arguments =
        try
            parse name standard arguments
        with
        | :? ArguParseException as error when error.ErrorCode = ErrorCode.HelpText ->
            printfn "%s" error.Message
            exit 0
        | :? ArgumentException as error -> stop 2 error.Message
        | :? ArguParseException as error -> stop 2 error.Message

    /// Reads a script's arguments: the recipe that fits preset and data, with what the arguments change. Prints the usage and ends
    /// the script where they ask for it or are wrong.
    let fromArgs name arguments = parseOrStop name Preset.run arguments

    /// The same with a recipe that the script adapts to the preset; the arguments change it after that.
    let adapted (adapt: Preset -> Run -> Run) name arguments =
        parseOrStop name (fun preset images -> Preset.run preset images |> adapt preset) arguments

    /// The same with the script's own run as what the arguments change, where no preset is asked for.
    let ofRun run name arguments =
        let standard preset images =
            if preset = Preset.Standard then
                images |> Option.fold (fun run images -> Run.images images run) run
            else
                Preset.run preset images

        parseOrStop name standard arguments

    /// Sets published figures beside ours in the report, and says whether their order is reproduced:
    /// Sweep.beside (Comparison.means Outcome.linearTop1 Published.table5Top1).
    let beside comparison sweep =
        { sweep with
            Beside = sweep.Beside @ [ comparison ]
        }

    /// Says what would be run and what it costs.
    let private plan (grid: Grid) sweep =
        let lines, seconds = Plan.describe grid sweep.Executor
        lines |> List.iter (printfn "%s")
        printfn $"\nEstimated: {Plan.duration seconds}. Nothing was trained (--dry-run)."

    let private finish (results: Results) sweep =
        let sheet = Path.Combine(sweep.Out, "views.png")

        let report =
            { Report.ofResults $"SimCLR: {sweep.Name}" sweep.Executor.Store results with
                Embedding = Embedding.ofBest sweep.Out results sweep.Executor
                ViewSheet = Some sheet
            }

        let comparisons = sweep.Beside |> List.map (fun compare -> compare results)
        let verdicts = comparisons |> List.map Comparison.verdict

        let report =
            { report with
                Subtitle = String.Join("\n", report.Subtitle :: verdicts)
                Tables = report.Tables @ List.map Comparison.table comparisons
            }

        // Told before anything is written, which a full disk would prevent.
        report.Tables |> List.iter (fun table -> printfn $"\n{Table.toText table}")
        verdicts |> List.iter (fun verdict -> printfn $"\n{verdict}")
        Executor.writeViewSheet sheet sweep.Baseline sweep.Executor
        let page = Report.write sweep.Out report

        if sweep.TensorBoard then
            TensorBoard.write (Path.Combine(sweep.Out, "tensorboard")) results

        if not verdicts.IsEmpty then
            AtomicFile.WriteText(Path.Combine(sweep.Out, "order.md"), String.concat "\n" verdicts + "\n")

        printfn $"\nReport: {Path.GetFullPath page}"

    /// Whether worker processes compute: also a single one, if it is to have a certain GPU.
    let private isShared sweep =
        sweep.Workers > 1 || not sweep.Gpus.IsEmpty

    let private share sweep cancellation grid =
        Executor.check grid sweep.Executor

        let threads =
            sweep.Executor.Threads
            |> Option.defaultValue (max 1 (Environment.ProcessorCount / sweep.Workers))

        Workers.run sweep.Executor sweep.Workers threads sweep.Gpus cancellation grid

    /// What is stored after the workers have ended, or all of it, computed here.
    let private compute sweep (interruption: Interruption) grid =
        let executor =
            if isShared sweep then
                { sweep.Executor with
                    RetryFailed = false
                }
            else
                sweep.Executor

        if interruption.ExitCode <> 0 then
            Execution.stored grid executor
        else
            Grid.execute interruption.Token executor grid

    /// Runs the grid and reports. Ctrl-C or SIGTERM end the run in progress with a checkpoint, report what is done, and exit with 130 or 143;
    /// the same command goes on from there. Exits with 1 if a run failed.
    let run (sweep: Sweep) (grid: Grid) =
        try
            if sweep.Executor.DryRun then
                plan grid sweep
            else
                match Executor.problems grid sweep.Executor @ Preflight.unwritable sweep.Out with
                | [] -> ()
                | wrong -> fail (String.concat Environment.NewLine wrong)

                use interruption = new Interruption(Workers.isWorker)

                let sweep =
                    if Workers.isWorker then
                        sweep
                    else
                        { sweep with
                            Executor = Plan.announced grid sweep.Executor
                        }

                if isShared sweep then
                    share sweep interruption.Token grid

                let results = compute sweep interruption grid

                if not results.Cells.IsEmpty && not Workers.isWorker then
                    finish results sweep

                if interruption.ExitCode <> 0 then
                    stop
                        interruption.ExitCode
                        "Interrupted. Finished runs are stored, and the one in progress has a checkpoint: the same command goes on from there."

                if results.Cells |> List.exists _.Result.IsError then
                    stop 1 "Some runs failed; the table says which."
        with
        | :? ArgumentException as error -> stop 2 error.Message
        | :? SimCLR.Core.Images.ImageSourceException as error -> stop 2 error.Message
        | :? IOException
        | :? UnauthorizedAccessException
        | :? InvalidOperationException as error -> stop 2 error.Message
