namespace SimCLR

open Argu

[<RequireQualifiedAccess>]
module internal SweepPaths =

    /// Those of ViewB are those of ViewA.
    let names =
        Run.paths Run.shapes
        |> List.map fst
        |> List.filter (fun path -> not (path.StartsWith "ViewB"))
        |> String.concat ", "

/// An argument that every script of a sweep takes.
[<RequireQualifiedAccess>]
type internal Argument =
    | [<AltCommandLine "-d">] Data of string
    | Data_Root of string
    | Size of int
    | Whole
    | Download
    | Stream
    | Keep_Encoder
    | No_Encoder
    | Limit of int
    | Preset of string
    | Device of string
    | [<CustomCommandLine "--encoder">] Network of string
    | Width of string
    | Epochs of int
    | Batch of int
    | Set of string
    | Vary of string
    | Seeds of int
    | Workers of string
    | Threads of int
    | Gpus of string
    | Deterministic
    | Retry_Failed
    | Continue_Collapsed
    | Trust_Custom
    | TensorBoard
    | Out of string
    | Dry_Run

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Data _ ->
                "shapes (the default, generated), cifar10, cifar100, fashion-mnist, svhn, stl10, stl10-labelled, folder:PATH, unlabelled:PATH or named:NAME."
            | Data_Root _ ->
                "folder of the data sets (default: data); NAME=PATH says where named:NAME lies. May be given several times."
            | Size _ -> "resize the images of a folder to that side, in pixels."
            | Whole ->
                "keep the images of a folder whole, with that as their shorter side, so that crops are of all of an image."
            | Download -> "download the data set into that folder if it is not there."
            | Stream -> "read an image folder from a cache on disk, whatever its size."
            | Keep_Encoder ->
                "keep encoders and heads of any size; unasked, those of up to 1 GiB are kept (see docs/weights.md)."
            | No_Encoder -> "keep no encoder once all is measured; a measurement asked for later then trains again."
            | Limit _ -> "train on the first so many images only, the same number of each class."
            | Preset _ ->
                "smoke (does it run), cpu (CIFAR-10, for two cores), gpu (CIFAR-10 or --data stl10, a ResNet-18, for one GPU and a night) or paper (the paper's settings, in parts that fit into a GPU of 80 GB); --dry-run says how long it takes here, and how the runs differ from the paper's."
            | Device _ -> "cpu, cuda or auto (the default: cuda where there is one)."
            | Network _ ->
                "small (the default on shapes), resnet18 ... resnet152, resnet50-sk, vit-ti, vit-s, or vit-ti/8 for that patch."
            | Width _ -> "multiplies the encoder's channels, for example 0.25."
            | Epochs _ -> "passes over the images; a warmup that is longer than a tenth of them is shortened to that."
            | Batch _ -> "images per step; the learning rate of --data cifar10 follows, in proportion."
            | Set _ ->
                "PATH=VALUE: sets a field of every run, for example Optimizer.WeightDecay=1e-5; a list, pair or record is JSON. "
                + $"May be given several times. Paths of the default run: {SweepPaths.names}."
            | Vary _ ->
                "PATH=A,B,C: an axis with these values, for example Loss.Temperature=0.05,0.1. May be given several times."
            | Seeds _ -> "seeds per setting (default: 2; with --preset smoke 1, gpu 5, paper 3)."
            | Workers _ ->
                "compute in so many processes at once (default: 1, in most sweeps of scripts/ auto); auto: one for each core, as many as there are runs and memory for, or one for each GPU of --gpus."
            | Threads _ -> "threads of each process (default: all cores, divided among the workers)."
            | Gpus _ -> "numbers of the GPUs that the workers take in turn, for example 0,1."
            | Deterministic ->
                "use libtorch's deterministic algorithms only; a run that needs another one fails (docs/determinism.md)."
            | Retry_Failed -> "try runs again that have failed before."
            | Continue_Collapsed ->
                "train on, and measure, where a training collapses or learns nothing; unasked, it fails with what to try."
            | Trust_Custom -> "use stored results that another source of a custom component computed (docs/extend.md)."
            | TensorBoard -> "write event files for TensorBoard, into the folder 'tensorboard' of the report."
            | Out _ ->
                "folder of the report; the outcomes lie in its parent's 'runs' (default: results/NAME, or results/NAME-PRESET)."
            | Dry_Run -> "say what would be run and what it costs, and train nothing."
