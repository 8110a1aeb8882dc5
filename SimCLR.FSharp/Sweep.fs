namespace SimCLR

open System
open System.IO
open SimCLR.Core.Runtime
open Argu

/// The arguments that every script of a sweep takes.
[<RequireQualifiedAccess>]
type private Argument =
    | [<AltCommandLine "-d">] Data of string
    | Data_Root of string
    | Download
    | Stream
    | Keep_Encoder
    | Limit of int
    | Preset of string
    | Device of string
    | Encoder of string
    | Width of float
    | Epochs of int
    | Batch of int
    | Seeds of int
    | Workers of int
    | Threads of int
    | Gpus of string
    | Deterministic
    | Retry_Failed
    | TensorBoard
    | Out of string
    | Dry_Run

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Data _ ->
                "shapes (the default, generated), cifar10, cifar100, fashion-mnist, svhn, stl10, stl10-labelled or folder:PATH."
            | Data_Root _ -> "folder of the data sets (default: data)."
            | Download -> "download the data set into that folder if it is not there."
            | Stream -> "read an image folder from a cache on disk, whatever its size."
            | Keep_Encoder ->
                "keep every run's encoder beside its outcome, as encoder.safetensors (see docs/weights.md)."
            | Limit _ -> "train on the first so many images only, the same number of each class."
            | Preset _ ->
                "smoke (does it run), cpu (CIFAR-10, about a quarter of an hour) or paper (the paper's settings)."
            | Device _ -> "cpu, cuda or auto (the default: cuda where there is one)."
            | Encoder _ ->
                "small (the default on shapes), resnet18 ... resnet152, resnet50-sk, vit-ti, vit-s, or vit-ti/8 for that patch."
            | Width _ -> "multiplies the encoder's channels, for example 0.25."
            | Epochs _ -> "passes over the images."
            | Batch _ -> "images per step."
            | Seeds _ -> "seeds per setting (default: 2; 1 with --preset smoke, 3 with --preset paper)."
            | Workers _ -> "compute in so many processes at once."
            | Threads _ -> "threads of each process (default: all cores, divided among the workers)."
            | Gpus _ -> "numbers of the GPUs that the workers take in turn, for example 0,1."
            | Deterministic ->
                "use libtorch's deterministic algorithms only; a run that needs another one fails (docs/determinism.md)."
            | Retry_Failed -> "try runs again that have failed before."
            | TensorBoard -> "write event files for TensorBoard, into the folder 'tensorboard' of the report."
            | Out _ ->
                "folder of the report; the outcomes lie in its parent's 'runs' (default: results/NAME, or results/NAME-PRESET)."
            | Dry_Run -> "say what would be run and what it costs, and train nothing."

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

    let private orFail result =
        match result with
        | Ok value -> value
        | Error message -> fail message

    let private resNets =
        [
            for depth in Encoder.depths do
                $"resnet{depth}", Encoder.resNet depth

                if depth >= 50 then
                    $"resnet{depth}-sk", Encoder.resNet depth |> Encoder.withSelectiveKernel
        ]

    /// The encoder of that name for images of that side; a transformer may say its patch: vit-ti/8.
    let private encoder side (name: string) =
        let transformer make (patch: string list) =
            match patch with
            // About as many tokens as patches of 16 make of 224 pixels, within powers of two.
            | [] -> make (if side >= 128 then 16 else 4) side
            | [ text ] ->
                match Int32.TryParse text with
                | true, patch -> make patch side
                | _ -> fail $"'{text}' of --encoder {name} is no patch; write a number of pixels, for example vit-ti/4."
            | _ -> fail $"--encoder {name} has more than one patch; write for example vit-ti/4."

        match List.ofArray (name.ToLowerInvariant().Split '/') with
        | "vit-ti" :: patch -> transformer Encoder.vitTiny patch
        | "vit-s" :: patch -> transformer Encoder.vitSmall patch
        | [ "small" ] -> Encoder.smallConv
        | [ name ] when List.exists (fst >> (=) name) resNets -> resNets |> List.find (fst >> (=) name) |> snd
        | _ ->
            let names = resNets |> List.map fst |> String.concat ", "
            fail $"There is no encoder '{name}': choose small, {names}, vit-ti or vit-s."

    /// The default run with what the arguments change.
    let private baseline preset standard (arguments: ParseResults<Argument>) =
        let apply set value run =
            value |> Option.fold (fun run value -> set value run) run

        let images =
            arguments.TryGetResult Argument.Data |> Option.map (Images.parse >> orFail)

        standard preset images
        |> apply
            (fun limit run -> Run.images (Images.limit limit run.Images) run)
            (arguments.TryGetResult Argument.Limit)
        |> apply
            (fun name run ->
                let size = Images.knownSize run.Images |> Option.defaultValue 32
                Run.encoder (encoder (View.outputSize size run.ViewA) name) run)
            (arguments.TryGetResult Argument.Encoder)
        |> apply
            (fun width run -> Run.encoder (Encoder.withWidth width run.Encoder) run)
            (arguments.TryGetResult Argument.Width)
        |> apply Run.epochs (arguments.TryGetResult Argument.Epochs)
        |> apply Run.batchSize (arguments.TryGetResult Argument.Batch)

    /// Fails with all that is wrong with the arguments themselves. Their numbers are the run's, which is checked later; where there
    /// will be no run, here.
    let private check (arguments: ParseResults<Argument>) =
        let tried read (text: string option) =
            try
                text |> Option.iter (read >> ignore)
                []
            with :? ArgumentException as error ->
                [ error.Message ]

        let number check (value: int option) =
            value |> Option.toList |> List.collect check

        let wrong =
            [
                yield! arguments.TryGetResult Argument.Data |> tried (Images.parse >> orFail)
                yield! arguments.TryGetResult Argument.Encoder |> tried (encoder 32)
                yield! arguments.TryGetResult Argument.Device |> tried (Device.parse >> orFail)

                yield!
                    arguments.TryGetResult Argument.Seeds
                    |> number (Check.between "--seeds" 1 10_000)

                yield!
                    arguments.TryGetResult Argument.Workers
                    |> number (Check.between "--workers" 1 1024)

                yield!
                    arguments.TryGetResult Argument.Threads
                    |> number (Check.between "--threads" 1 1024)
            ]

        if not wrong.IsEmpty then
            [
                yield! wrong

                yield!
                    arguments.TryGetResult Argument.Limit
                    |> number (Check.atLeast "Images.TrainLimit" 2)

                yield! arguments.TryGetResult Argument.Epochs |> number (Check.atLeast "Epochs" 1)
                yield!
                    arguments.TryGetResult Argument.Batch
                    |> number (Check.between "BatchSize" 2 1_048_576)
            ]
            |> String.concat Environment.NewLine
            |> fail

    let internal parse name standard (arguments: string list) =
        let parser =
            ArgumentParser.Create<Argument>(programName = $"./simclr run scripts/{name}.fsx", checkStructure = false)

        let arguments =
            parser.ParseCommandLine(inputs = List.toArray arguments, raiseOnUsage = true)

        check arguments

        let preset =
            arguments.TryGetResult Argument.Preset
            |> Option.map (Preset.parse >> orFail)
            |> Option.defaultValue SimCLR.Preset.Standard

        let folder =
            if preset = SimCLR.Preset.Standard then
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

        {
            Name = name
            Preset = preset
            Baseline = baseline preset standard arguments
            Seeds = [ 0 .. seeds - 1 ]
            Executor =
                { Executor.local with
                    Device =
                        arguments.GetResult(Argument.Device, defaultValue = "auto")
                        |> Device.parse
                        |> orFail
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
            Gpus =
                arguments.GetResult(Argument.Gpus, defaultValue = "").Split(',', StringSplitOptions.RemoveEmptyEntries)
                |> List.ofArray
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

    let private share sweep cancellation grid =
        Executor.check grid sweep.Executor

        let threads =
            sweep.Executor.Threads
            |> Option.defaultValue (max 1 (Environment.ProcessorCount / sweep.Workers))

        Workers.run sweep.Executor sweep.Workers threads sweep.Gpus cancellation grid

    /// What is stored after the workers have ended, or all of it, computed here.
    let private compute sweep (interruption: Interruption) grid =
        let executor =
            if sweep.Workers > 1 then
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

                if sweep.Workers > 1 then
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
