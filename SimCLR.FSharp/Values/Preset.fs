namespace SimCLR

/// How much of an ablation a script runs.
[<RequireQualifiedAccess>]
type Preset =
    /// What the script runs unasked: generated images, few enough for two cores.
    | Standard
    /// Does it run at all: tiny. Its figures mean nothing.
    | Smoke
    /// CIFAR-10, little enough of it for two cores; shows orders, not levels.
    | Cpu
    /// CIFAR-10, or STL-10, with a ResNet-18: for one GPU and a night.
    | Gpu
    /// The paper's settings, in parts that a GPU of 80 GB has the memory for.
    | Paper

/// Presets of a sweep: smoke, cpu, gpu, paper.
[<RequireQualifiedAccess>]
module Preset =

    /// Reads "smoke", "cpu", "gpu" or "paper".
    let parse (text: string) =
        match text.ToLowerInvariant() with
        | "smoke" -> Ok Preset.Smoke
        | "cpu" -> Ok Preset.Cpu
        | "gpu" -> Ok Preset.Gpu
        | "paper" -> Ok Preset.Paper
        | _ -> Error $"There is no preset '{text}': choose smoke, cpu, gpu or paper, or leave it out."

    /// As it is written in arguments and folder names.
    let name preset =
        match preset with
        | Preset.Standard -> "standard"
        | Preset.Smoke -> "smoke"
        | Preset.Cpu -> "cpu"
        | Preset.Gpu -> "gpu"
        | Preset.Paper -> "paper"

    /// Seeds per setting.
    let seeds preset =
        match preset with
        | Preset.Smoke -> 1
        | Preset.Standard
        | Preset.Cpu -> 2
        | Preset.Gpu -> 5
        | Preset.Paper -> 3

    /// The recipe that fits the data: image sizes decide the crop.
    let private standard images =
        match images.Source with
        | ImageSource.Shapes _ -> Run.shapes |> Run.withImages images
        | _ ->
            let size = Images.knownSize images |> Option.defaultValue 32

            Run.cifar10
            |> Run.withImages images
            |> Run.withViews (Views.paperCifar10 |> View.withSize size)

    /// The recipe of the generated images, its crop of the images' own side.
    let private sized images =
        let view =
            Run.shapes.ViewA
            |> View.withSize (Images.knownSize images |> Option.defaultValue 32)

        Run.shapes |> Run.withImages images |> Run.withViews view

    /// 512 generated images, two epochs.
    let private smoke images =
        let few =
            {
                Source = ImageSource.Shapes { Train = 512; Test = 256; Size = 32 }
                TrainLimit = None
            }

        { sized (images |> Option.defaultValue few) with
            Epochs = 2
            BatchSize = 64
            Schedule = Schedule.cosine 0.2
            Evaluation =
                { Evaluation.standard with
                    L2 = [ 1e-2 ]
                    KnnK = 20
                }
        }

    /// 10,000 images of CIFAR-10, 1,000 of each class, and a small convolutional network, 20 epochs with the recipe of the generated images.
    let private cpu images =
        let images = images |> Option.defaultValue Images.cifar10

        let limit = images.TrainLimit |> Option.defaultValue 10000

        { sized (Images.limit limit images) with
            Epochs = 20
        }

    /// CIFAR-10, or images of another size, with a ResNet-18 of the stem that fits the side: dkobak's recipe with the paper's head and twice its rate,
    /// 200 epochs of batch 512, as trained on an H100 (benchmarks/RESULTS.md).
    let private gpu images =
        let images = images |> Option.defaultValue Images.cifar10
        let side = Images.knownSize images |> Option.defaultValue 32

        let encoder =
            match Recipe.dkobak.Encoder with
            // The paper's stem for small images is CIFAR's (appendix B.9).
            | encoder when side < 64 -> encoder
            | encoder -> Encoder.withStem Stem.ImageNet encoder

        { Recipe.dkobak with
            Images = images
            Encoder = encoder
            Head = Head.nonLinear
            LearningRate = LearningRate.Linear 0.06
            Epochs = 200
        }
        |> Run.withViews (Recipe.dkobak.ViewA |> View.withSize side)

    /// An image folder's images whole, as the paper crops them.
    let private uncut images =
        match images.Source with
        | ImageSource.Folder _
        | ImageSource.Named _ -> Images.whole images
        | _ -> images

    /// The paper's run on ImageNet, or its run on CIFAR-10 for images that are as small.
    let private paper images =
        match images with
        | None -> Recipe.paperImageNet |> Run.withImages (uncut Recipe.paperImageNet.Images)
        | Some({
                   Source = ImageSource.Folder(_, None, _) | ImageSource.Named(_, None, _)
               } as images) -> Recipe.paperImageNet |> Run.withImages (images |> Images.withSize 256 |> uncut)
        | Some images ->
            match Images.knownSize images with
            | Some side when side < 64 ->
                Recipe.paperCifar10
                |> Run.withViews (Views.paperCifar10 |> View.withSize side)
                |> Run.withImages images
            | Some side when side < 224 ->
                Recipe.paperImageNet
                |> Run.withViews (Views.paperImageNet |> View.withSize side)
                |> Run.withImages (uncut images)
            | _ -> Recipe.paperImageNet |> Run.withImages (uncut images)

    /// The run that a script varies, on those images or on the preset's own.
    let run preset images =
        match preset with
        | Preset.Standard -> standard (images |> Option.defaultValue Images.shapes)
        | Preset.Smoke -> smoke images
        | Preset.Cpu -> cpu images
        | Preset.Gpu -> gpu images
        | Preset.Paper -> paper images

    /// A GPU's memory that the paper's settings are to fit into, in GiB: 80 GB.
    let private paperMemory = 80e9 / 1073741824.0

    /// The run as the preset executes it: with the paper's, in parts of the batch that fit into the memory of a GPU (GpuMemory.fit).
    let fitted preset run =
        match preset with
        | Preset.Paper -> GpuMemory.fit paperMemory run
        | Preset.Standard
        | Preset.Smoke
        | Preset.Cpu
        | Preset.Gpu -> run

    /// A preset's run as other methods than SimCLR need it. Of generated images: Views.colourless, and where the preset is the standard one 30 epochs of
    /// batch 64, six times the steps; with Run.shapes as it is they learn nothing of the classes. Of other images: as it is.
    let forMethods preset run =
        match run.Images.Source with
        | ImageSource.Shapes shapes ->
            let run = run |> Run.withViews (Views.colourless shapes.Size)

            if preset = Preset.Standard then
                run |> Run.withBatchSize 64 |> Run.withEpochs 30
            else
                run
        | _ -> run
