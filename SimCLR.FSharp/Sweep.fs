namespace SimCLR

open System
open System.IO
open Argu

/// The arguments that every script of a sweep takes.
[<RequireQualifiedAccess>]
type private Argument =
    | [<AltCommandLine "-d">] Data of string
    | Data_Root of string
    | Download
    | Limit of int
    | Device of string
    | Encoder of string
    | Width of float
    | Epochs of int
    | Batch of int
    | Seeds of int
    | Out of string
    | Dry_Run

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Data _ -> "shapes (the default, generated), cifar10, cifar100, fashion-mnist or folder:PATH."
            | Data_Root _ -> "folder of the data sets (default: data)."
            | Download -> "download the data set into that folder if it is not there."
            | Limit _ -> "train on the first so many images only, the same number of each class."
            | Device _ -> "cpu, cuda or auto (the default: cuda where there is one)."
            | Encoder _ -> "small (the default on shapes), resnet18, resnet34, resnet50, resnet101 or resnet152."
            | Width _ -> "multiplies the encoder's channels, for example 0.25."
            | Epochs _ -> "passes over the images."
            | Batch _ -> "images per step."
            | Seeds _ -> "seeds per setting (default: 2)."
            | Out _ -> "folder of the report; the outcomes lie in its parent's 'runs' (default: results/NAME)."
            | Dry_Run -> "say what would be run and what it costs, and train nothing."

/// What a script of a sweep was asked for.
type Sweep =
    {
        /// Name of the sweep; its report lies in a folder of that name.
        Name: string
        /// The run that the script varies.
        Baseline: Run
        /// Seeds of every setting.
        Seeds: int list
        Executor: Executor
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

    let private encoder (name: string) =
        match name.ToLowerInvariant() with
        | "small" -> Encoder.smallConv
        | name when
            name.StartsWith "resnet"
            && List.contains name [ for d in Encoder.depths -> $"resnet{d}" ]
            ->
            Encoder.resNet (int (name.Substring 6))
        | _ -> fail $"There is no encoder '{name}': choose small, resnet18, resnet34, resnet50, resnet101 or resnet152."

    /// The recipe that fits the data: image sizes decide the crop.
    let private recipe images =
        match images.Source with
        | ImageSource.Shapes _ -> Run.shapes |> Run.images images
        | _ ->
            let size = Images.knownSize images |> Option.defaultValue 32

            Run.cifar10
            |> Run.images images
            |> Run.views (Views.paperCifar10 |> View.withSize size)

    /// The default run with what the arguments change.
    let private baseline standard (arguments: ParseResults<Argument>) =
        let apply set value run =
            value |> Option.fold (fun run value -> set value run) run

        let images =
            arguments.TryGetResult Argument.Data |> Option.map (Images.parse >> orFail)

        standard images
        |> apply
            (fun limit run -> Run.images (Images.limit limit run.Images) run)
            (arguments.TryGetResult Argument.Limit)
        |> apply (encoder >> Run.encoder) (arguments.TryGetResult Argument.Encoder)
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
                yield! arguments.TryGetResult Argument.Encoder |> tried encoder
                yield! arguments.TryGetResult Argument.Device |> tried (Device.parse >> orFail)

                yield!
                    arguments.TryGetResult Argument.Seeds
                    |> number (Check.between "--seeds" 1 10_000)
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

        let out =
            arguments.GetResult(Argument.Out, defaultValue = Path.Combine("results", name))

        let seeds = arguments.GetResult(Argument.Seeds, defaultValue = 2)

        let runs =
            Path.Combine(
                Path.GetDirectoryName(Path.GetFullPath out)
                |> Option.ofObj
                |> Option.defaultValue ".",
                "runs"
            )

        {
            Name = name
            Baseline = baseline standard arguments
            Seeds = [ 0 .. seeds - 1 ]
            Executor =
                { Executor.local with
                    Device =
                        arguments.GetResult(Argument.Device, defaultValue = "auto")
                        |> Device.parse
                        |> orFail
                    DataRoot = arguments.GetResult(Argument.Data_Root, defaultValue = "data")
                    Download = arguments.Contains Argument.Download
                    Store = Store.at runs
                    DryRun = arguments.Contains Argument.Dry_Run
                }
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

    /// Reads a script's arguments: the recipe that fits the data, with what the arguments change. Prints the usage and ends the
    /// script where they ask for it or are wrong.
    let fromArgs name arguments =
        parseOrStop name (Option.defaultValue Images.shapes >> recipe) arguments

    /// The same with the script's own run as what the arguments change.
    let ofRun run name arguments =
        let standard images =
            images |> Option.fold (fun run images -> Run.images images run) run

        parseOrStop name standard arguments

    /// Says what would be run and what it costs.
    let private plan (grid: Grid) sweep =
        let lines, seconds = Plan.describe grid sweep.Executor
        lines |> List.iter (printfn "%s")
        printfn $"\nEstimated: {Plan.duration seconds}. Nothing was trained (--dry-run)."

    let private finish (results: Results) sweep =
        let sheet = Path.Combine(sweep.Out, "views.png")
        Executor.writeViewSheet sheet sweep.Baseline sweep.Executor

        let report =
            { Report.ofResults $"SimCLR: {sweep.Name}" sweep.Executor.Store results with
                ViewSheet = Some sheet
            }

        let page = Report.write sweep.Out report
        report.Tables |> List.iter (fun table -> printfn $"\n{Table.toText table}")
        printfn $"\nReport: {Path.GetFullPath page}"

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

                use interruption = new Interruption()

                let results = Grid.execute interruption.Token sweep.Executor grid

                if not results.Cells.IsEmpty then
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
