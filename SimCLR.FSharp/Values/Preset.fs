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
    /// The paper's settings: for a GPU, or many.
    | Paper

[<RequireQualifiedAccess>]
module Preset =

    /// Reads "smoke", "cpu" or "paper".
    let parse (text: string) =
        match text.ToLowerInvariant() with
        | "smoke" -> Ok Preset.Smoke
        | "cpu" -> Ok Preset.Cpu
        | "paper" -> Ok Preset.Paper
        | _ -> Error $"There is no preset '{text}': choose smoke, cpu or paper, or leave it out."

    /// As it is written in arguments and folder names.
    let name preset =
        match preset with
        | Preset.Standard -> "standard"
        | Preset.Smoke -> "smoke"
        | Preset.Cpu -> "cpu"
        | Preset.Paper -> "paper"

    /// Seeds per setting.
    let seeds preset =
        match preset with
        | Preset.Smoke -> 1
        | Preset.Standard
        | Preset.Cpu -> 2
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

    /// The paper's run on ImageNet, or its run on CIFAR-10 for images that are as small.
    let private paper images =
        match images with
        | None -> Recipe.paperImageNet
        | Some({
                   Source = ImageSource.Folder(path, None, reading)
               } as images) ->
            Recipe.paperImageNet
            |> Run.withImages
                { images with
                    Source = ImageSource.Folder(path, Some 256, reading)
                }
        | Some({
                   Source = ImageSource.Named(_, None, _)
               } as images) -> Recipe.paperImageNet |> Run.withImages (Images.withSize 256 images)
        | Some images ->
            match Images.knownSize images with
            | Some side when side < 64 ->
                Recipe.paperCifar10 |> Run.withViews (Views.paperCifar10 |> View.withSize side)
            | Some side when side < 224 ->
                Recipe.paperImageNet
                |> Run.withViews (Views.paperImageNet |> View.withSize side)
            | _ -> Recipe.paperImageNet
            |> Run.withImages images

    /// The run that a script varies, on those images or on the preset's own.
    let run preset images =
        match preset with
        | Preset.Standard -> standard (images |> Option.defaultValue Images.shapes)
        | Preset.Smoke -> smoke images
        | Preset.Cpu -> cpu images
        | Preset.Paper -> paper images
