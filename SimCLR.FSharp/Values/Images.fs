namespace SimCLR

/// The generated data set: shapes on backgrounds, classes told apart by shape and texture.
type ShapesSettings =
    {
        /// Training images.
        Train: int
        /// Test images.
        Test: int
        /// Side in pixels.
        Size: int
    }

/// Where images come from.
[<RequireQualifiedAccess>]
type ImageSource =
    /// Generated; needs no file.
    | Shapes of ShapesSettings
    /// 50,000 and 10,000 images of 32x32 in 10 classes (Krizhevsky 2009).
    | Cifar10
    /// 50,000 and 10,000 images of 32x32 in 100 classes.
    | Cifar100
    /// 60,000 and 10,000 grey images of 28x28 in 10 classes (Xiao et al. 2017).
    | FashionMnist
    /// PATH/train/CLASS/*.jpg and PATH/test/CLASS/*.jpg; resized to that side, if one is given.
    | Folder of path: string * size: int option
    /// 5,011 and 4,952 images in 20 classes, several to an image, resized to that side (Everingham et al. 2007): to transfer to.
    | Voc2007 of size: int
    /// 73,257 and 26,032 images of 32x32 in 10 classes, house numbers (Netzer et al. 2011).
    | Svhn
    /// 5,000 and 8,000 images of 96x96 in 10 classes and, if asked for, 100,000 without labels that only pretraining sees (Coates et al. 2011).
    | Stl10 of unlabelled: bool

/// The images of a run. Where a data set lies on disk is not part of it.
type Images =
    {
        Source: ImageSource
        /// Train on the first so many images, the same number of each class; None: on all.
        TrainLimit: int option
    }

[<RequireQualifiedAccess>]
module Images =

    let private all source = { Source = source; TrainLimit = None }

    /// 4,000 training and 1,000 test images of 32x32.
    let shapes = all (ImageSource.Shapes { Train = 4000; Test = 1000; Size = 32 })

    let cifar10 = all ImageSource.Cifar10
    let cifar100 = all ImageSource.Cifar100
    let fashionMnist = all ImageSource.FashionMnist

    let voc2007 size = all (ImageSource.Voc2007 size)
    let svhn = all ImageSource.Svhn

    /// Pretraining on the training images and those without labels, as is customary; evaluation on those with labels.
    let stl10 = all (ImageSource.Stl10 true)

    /// Without the 100,000 images that have no labels: to transfer to, or to train on labels.
    let stl10Labelled = all (ImageSource.Stl10 false)

    /// An image folder, its images resized to that side.
    let folder size path = all (ImageSource.Folder(path, size))

    /// Trains on the first so many images only; those with labels come first.
    let limit count images = { images with TrainLimit = Some count }

    /// Short: "cifar10", or the last part of a folder's path, in one line whatever the path holds.
    let internal name images =
        match images.Source with
        | ImageSource.Shapes _ -> "shapes"
        | ImageSource.Cifar10 -> "cifar10"
        | ImageSource.Cifar100 -> "cifar100"
        | ImageSource.FashionMnist -> "fashion-mnist"
        | ImageSource.Voc2007 _ -> "voc2007"
        | ImageSource.Svhn -> "svhn"
        | ImageSource.Stl10 _ -> "stl10"
        | ImageSource.Folder(path, _) ->
            System.IO.Path.GetFileName(path.TrimEnd('/', '\\'))
            |> String.map (fun c -> if System.Char.IsControl c then ' ' else c)

    let internal problems field images =
        [
            match images.Source with
            | ImageSource.Shapes s ->
                yield! Check.between $"{field}.Train" 10 1_000_000 s.Train
                yield! Check.between $"{field}.Test" 10 1_000_000 s.Test
                yield! Check.between $"{field}.Size" 16 256 s.Size
            | ImageSource.Folder(path, size) ->
                if System.String.IsNullOrWhiteSpace path then
                    $"{field}.Folder has an empty path; give the folder with train and test."

                yield!
                    size
                    |> Option.toList
                    |> List.collect (Check.between $"{field}.Folder size" 8 4096)
            | ImageSource.Voc2007 size -> yield! Check.between $"{field}.Voc2007 size" 8 4096 size
            | _ -> ()

            yield!
                images.TrainLimit
                |> Option.toList
                |> List.collect (Check.atLeast $"{field}.TrainLimit" 2)
        ]

    /// Reads "shapes", "cifar10", "cifar100", "fashion-mnist", "svhn", "stl10", "stl10-labelled" or "folder:PATH".
    let parse (text: string) =
        match text.ToLowerInvariant() with
        | "shapes" -> Ok shapes
        | "cifar10" -> Ok cifar10
        | "cifar100" -> Ok cifar100
        | "fashion-mnist" -> Ok fashionMnist
        | "svhn" -> Ok svhn
        | "stl10" -> Ok stl10
        | "stl10-labelled" -> Ok stl10Labelled
        | lower when lower.StartsWith "folder:" && text.Length > 7 -> Ok(folder None (text.Substring 7))
        | _ ->
            Error
                $"There is no data set '{text}': choose shapes, cifar10, cifar100, fashion-mnist, svhn, stl10, stl10-labelled or folder:PATH."

    /// Side of the square images, where it is known before they are read.
    let knownSize images =
        match images.Source with
        | ImageSource.Shapes s -> Some s.Size
        | ImageSource.Cifar10
        | ImageSource.Cifar100
        | ImageSource.Svhn -> Some 32
        | ImageSource.Stl10 _ -> Some 96
        | ImageSource.FashionMnist -> Some 28
        | ImageSource.Voc2007 size -> Some size
        | ImageSource.Folder(_, size) -> size

    /// Number of images that pretraining sees, where it is known before they are read.
    let knownCount images =
        let all =
            match images.Source with
            | ImageSource.Shapes s -> Some s.Train
            | ImageSource.Cifar10
            | ImageSource.Cifar100 -> Some 50000
            | ImageSource.FashionMnist -> Some 60000
            | ImageSource.Svhn -> Some 73257
            | ImageSource.Stl10 unlabelled -> Some(if unlabelled then 105000 else 5000)
            | ImageSource.Voc2007 _ -> Some 5011
            | ImageSource.Folder _ -> None

        match all, images.TrainLimit with
        | Some count, Some limit -> Some(min count limit)
        | None, limit -> limit
        | count, None -> count
