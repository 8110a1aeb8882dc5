namespace SimCLR

open System
open Argu

/// simclr.json of a project: where named images lie on this machine.
type internal PlacesFile = { data: Map<string, string> }

[<RequireQualifiedAccess>]
module internal SweepArguments =

    let private fail message = CommandLine.fail message
    let orFail result = CommandLine.orFail result

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
        | [ name ] when List.exists (fst >> (=) name) resNets ->
            let encoder = resNets |> List.find (fst >> (=) name) |> snd
            // CIFAR's stem, without stride and pooling, is for small images (SimCLR, appendix B.9).
            if side >= 64 then
                Encoder.withStem Stem.ImageNet encoder
            else
                encoder
        | _ ->
            let names = resNets |> List.map fst |> String.concat ", "
            fail $"There is no encoder '{name}': choose small, {names}, vit-ti or vit-s."

    /// What the arguments set and vary by path, and those with names of their own.
    let private overrides (arguments: ParseResults<Argument>) =
        let named path name value =
            value |> Option.map (fun value -> path, $"--{name} {value}") |> Option.toList

        {
            Set = arguments.GetResults Argument.Set |> List.map (CommandLine.assignment "--set")
            Vary =
                arguments.GetResults Argument.Vary
                |> List.map (
                    CommandLine.assignment "--vary"
                    >> fun (path, text) -> path, Overrides.values text
                )
            Named =
                [
                    yield! named "Images.TrainLimit" "limit" (arguments.TryGetResult Argument.Limit)
                    yield! named "Encoder.Width" "width" (arguments.TryGetResult Argument.Width)
                    yield! named "Encoder.SmallConv" "width" (arguments.TryGetResult Argument.Width)
                    yield! named "Encoder" "encoder" (arguments.TryGetResult Argument.Network)
                    yield! named "Epochs" "epochs" (arguments.TryGetResult Argument.Epochs)
                    yield! named "BatchSize" "batch" (arguments.TryGetResult Argument.Batch)
                ]
        }

    /// Arguments with names of their own, and the leaves of the default run that each has changed.
    let private changes preset standard (arguments: ParseResults<Argument>) (baseline: Run) =
        let images =
            arguments.TryGetResult Argument.Data |> Option.map (Images.parse >> orFail)

        let changed path (before: Run) =
            let before = set (Run.paths before)

            Run.paths baseline
            |> List.filter (fun leaf -> (path = "" || Overrides.isUnder path (fst leaf)) && not (before.Contains leaf))

        [
            match arguments.TryGetResult Argument.Preset with
            | Some name -> $"--preset {name}", changed "" (standard Preset.Standard None)
            | None -> ()

            match arguments.TryGetResult Argument.Data with
            | Some name -> $"--data {name}", changed "Images.Source" (standard preset None)
            | None -> ()

            for path, argument in (overrides arguments).Named do
                argument, changed path (standard preset images)
        ]

    /// Fails where the seeds that are asked for are not the grid's.
    let private checkSeeds (arguments: ParseResults<Argument>) (grid: Grid) =
        match arguments.TryGetResult Argument.Seeds with
        | Some count ->
            let seeds = Grid.runs grid |> List.map _.Seed |> List.distinct |> List.sort

            if not seeds.IsEmpty && seeds <> [ 0L .. int64 count - 1L ] then
                let own = seeds |> List.map string |> String.concat ", "

                fail
                    $"--seeds {count} has no effect: the script has the seeds {own}. Leave it out, or use sweep.Seeds in the script."
        | None -> ()

    /// The script's grid with the axes that the arguments ask for. Raises ArgumentException where an argument has no effect on it, or makes a run
    /// that cannot start.
    let apply preset standard arguments (baseline: Run) (grid: Grid) =
        checkSeeds arguments grid
        Overrides.checkEffects (changes preset standard arguments baseline) grid
        Overrides.apply (overrides arguments) baseline grid

    /// The folder of the data sets, and where named ones lie: by --data-root NAME=PATH, else by "data" in simclr.json of the current folder.
    let places (arguments: ParseResults<Argument>) =
        let roots =
            arguments.GetResults Argument.Data_Root
            |> List.map (fun text ->
                match text.Split('=', 2) with
                | [| name; path |] when Images.isName name -> Some name, path
                | _ -> None, text)
            |> List.distinct

        for name, paths in List.groupBy fst roots do
            match name, List.map snd paths with
            | None, first :: second :: _ ->
                fail
                    $"--data-root names two folders of the data sets, {first} and {second}; name one of them. --data-root NAME={second} says where --data named:NAME lies."
            | Some name, first :: second :: _ ->
                fail $"--data-root says that '{name}' lies in {first} and in {second}; name one of them."
            | _ -> ()

        let file = "simclr.json"

        let written =
            if IO.File.Exists file then
                match Json.read<PlacesFile>(IO.File.ReadAllText file) with
                | Ok places -> places.data
                | Error why ->
                    fail
                        $"{file} is not as it should be: {why}. It says where named images lie: {{ \"data\": {{ \"birds\": \"/data/birds\" }} }}."
            else
                Map.empty

        let places =
            (written, roots)
            ||> List.fold (fun places (name, path) ->
                match name with
                | Some name -> Map.add name path places
                | None -> places)

        roots
        |> List.tryPick (fun (name, path) -> if name.IsNone then Some path else None)
        |> Option.defaultValue "data",
        places

    /// The images of the size that is asked for; a folder's of unknown size are looked at, as the crop is of their side.
    let private sized preset (size: int option) images =
        match size, images.Source with
        | Some size, (ImageSource.Folder _ | ImageSource.Named _) -> Images.withSize size images
        | Some size, _ -> fail $"--size is {size}, but {Images.name images} has a size of its own; leave it out."
        // The paper's own.
        | None, _ when preset = Preset.Paper -> images
        | None, ImageSource.Named(name, None, _) ->
            fail $"Nothing says what size the images '{name}' are to have; give --size, for example 32 or 224."
        | None, ImageSource.Folder(path, None, _) ->
            match SimCLR.Core.Images.ImageFolder.SomeSizes path |> Seq.distinct |> List.ofSeq with
            // What the crop is without a word; and missing folders are said when they are read.
            | []
            | [ struct (32, 32) ] -> images
            | [ struct (width, height) ] when width = height -> Images.withSize width images
            | sizes ->
                let some =
                    [ for struct (width, height) in List.truncate 3 sizes -> $"{width} x {height}" ]
                    |> String.concat ", "

                fail
                    $"The images in {path} are no squares of one size ({some}, ...); give the side that they are resized to, for example --size 224."
        | _ -> images

    /// The default run with what the arguments change.
    let baseline preset standard (arguments: ParseResults<Argument>) =
        let apply set value run =
            value |> Option.fold (fun run value -> set value run) run

        let images =
            arguments.TryGetResult Argument.Data
            |> Option.map (Images.parse >> orFail >> sized preset (arguments.TryGetResult Argument.Size))
            |> Option.map (
                if arguments.Contains Argument.Whole then
                    Images.whole
                else
                    id
            )

        let standard = standard preset images

        standard
        |> apply
            (fun limit run -> Run.withImages (Images.limit limit run.Images) run)
            (arguments.TryGetResult Argument.Limit)
        |> apply
            (fun name run ->
                let size = Images.knownSize run.Images |> Option.defaultValue 32
                Run.withEncoder (encoder (View.outputSize size run.ViewA) name) run)
            (arguments.TryGetResult Argument.Network)
        |> apply
            (fun width run -> Run.withEncoder (Encoder.withWidth (CommandLine.number "--width" width) run.Encoder) run)
            (arguments.TryGetResult Argument.Width)
        |> apply Run.shortened (arguments.TryGetResult Argument.Epochs)
        |> apply (fun size -> Run.scaled >> Run.withBatchSize size) (arguments.TryGetResult Argument.Batch)
        |> Overrides.baseline (overrides arguments) standard

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
                yield! arguments.TryGetResult Argument.Network |> tried (encoder 32)
                yield! arguments.TryGetResult Argument.Width |> tried (CommandLine.number "--width")
                yield! arguments.TryGetResult Argument.Device |> tried (Device.parse >> orFail)

                if
                    arguments.Contains Argument.Keep_Encoder
                    && arguments.Contains Argument.No_Encoder
                then
                    "--keep-encoder and --no-encoder exclude each other; use one of them."

                if not (arguments.Contains Argument.Data) then
                    for name, isGiven in
                        [
                            "--size", arguments.Contains Argument.Size
                            "--whole", arguments.Contains Argument.Whole
                        ] do
                        if isGiven then
                            $"{name} has no effect without --data; name the folder too, for example --data folder:PATH."

                yield!
                    arguments.TryGetResult Argument.Seeds
                    |> number (Check.between "--seeds" 1 10_000)

                yield! arguments.TryGetResult Argument.Workers |> tried (WorkerCount.parse >> orFail)

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

    /// Reads them; raises ArgumentException with all that is wrong, or Argu's own with the usage.
    let parse script (arguments: string list) =
        let arguments = CommandLine.parse<Argument> (CommandLine.program script) arguments

        check arguments
        arguments
