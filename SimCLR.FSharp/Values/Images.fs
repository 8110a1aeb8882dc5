namespace SimCLR

/// The images of a run. Where a data set lies on disk is not part of it.
type Images =
    {
        Source: ImageSource
        /// Train on the first so many images, the same number of each class; None: on all.
        TrainLimit: int option
    }

/// Images to train and to measure on: known sets, folders, generated shapes.
[<RequireQualifiedAccess>]
module Images =

    let private all source = { Source = source; TrainLimit = None }

    /// 4,000 training and 1,000 test images of 32x32.
    let shapes = all (ImageSource.Shapes { Train = 4000; Test = 1000; Size = 32 })

    /// CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test images of 32x32, ten classes.
    let cifar10 = all ImageSource.Cifar10

    /// CIFAR-100 (Krizhevsky 2009): 50,000 training and 10,000 test images of 32x32, a hundred classes.
    let cifar100 = all ImageSource.Cifar100

    /// Fashion-MNIST (Xiao et al. 2017, 1708.07747): 60,000 training and 10,000 test images of 28x28, ten classes.
    let fashionMnist = all ImageSource.FashionMnist

    /// PASCAL VOC 2007, resized to that side: images that show several of twenty classes, to transfer to (Measurement.transfer).
    let voc2007 size = all (ImageSource.Voc2007 size)

    /// Street View House Numbers (Netzer et al. 2011): 73,257 training and 26,032 test images of 32x32, ten classes.
    let svhn = all ImageSource.Svhn

    /// Pretraining on the training images and those without labels, as is customary; evaluation on those with labels.
    let stl10 = all (ImageSource.Stl10 true)

    /// Without the 100,000 images that have no labels: to transfer to, or to train on labels.
    let stl10Labelled = all (ImageSource.Stl10 false)

    /// Whether they are the generated images (Shapes), of whatever number and side.
    let areGenerated images =
        match images.Source with
        | ImageSource.Shapes _ -> true
        | _ -> false

    /// An image folder, its images resized to that side.
    let folder size path =
        all (ImageSource.Folder(path, size, None))

    /// The image folder of that name, wherever it lies, its images resized to that side.
    let named size name =
        all (ImageSource.Named(name, size, None))

    /// An image folder's images resized to that side.
    let withSize size images =
        match images.Source with
        | ImageSource.Folder(path, _, reading) ->
            { images with
                Source = ImageSource.Folder(path, Some size, reading)
            }
        | ImageSource.Named(name, _, reading) ->
            { images with
                Source = ImageSource.Named(name, Some size, reading)
            }
        | _ -> wrongValue "withSize is said of image folders; these images have a size of their own."

    /// Another way of reading a folder's files.
    let private reading what change images =
        match images.Source with
        | ImageSource.Folder(path, size, reading) ->
            let changed = change (reading |> Option.defaultValue FileReading.colour)
            // The default has one form, so that one value has one hash.
            let reading = if changed = FileReading.colour then None else Some changed

            { images with
                Source = ImageSource.Folder(path, size, reading)
            }
        | ImageSource.Named(name, size, reading) ->
            let changed = change (reading |> Option.defaultValue FileReading.colour)
            let reading = if changed = FileReading.colour then None else Some changed

            { images with
                Source = ImageSource.Named(name, size, reading)
            }
        | _ -> wrongValue $"{what} is said of image folders; these images are what they are."

    /// A folder of images without classes, in any folders below, resized to that side. Pretraining needs no labels; one image in five is held out
    /// to measure on, or what lies in test/ beside train/.
    let unlabelled size path =
        folder size path
        |> reading "unlabelled" (fun reading -> { reading with Labelled = false })

    /// Whether the images that measure have labels.
    let hasLabels images =
        match images.Source with
        | ImageSource.Folder(_, _, Some reading)
        | ImageSource.Named(_, _, Some reading) -> reading.Labelled
        | ImageSource.Custom c -> Custom.hasLabels c
        | _ -> true

    /// Reads a folder's files as so many channels: 1 for gray, 3 for colour, 4 for colour and opacity, else as many as they have.
    let withChannels count images =
        images
        |> reading "withChannels" (fun reading -> { reading with Channels = count })

    /// Keeps so many bits of each number, 8 or 16.
    let withBits bits images =
        images |> reading "withBits" (fun reading -> { reading with Bits = bits })

    /// Numbers of the files that become 0 and 1; those outside are clipped. 0 and 4095 for medical images of 12 bits.
    let withRange low high images =
        images
        |> reading "withRange" (fun reading -> { reading with Range = Some(low, high) })

    /// Follows the orientation that the camera noted in the files.
    let withOrientation images =
        images
        |> reading "withOrientation" (fun reading ->
            { reading with
                FollowOrientation = true
            })

    /// Keeps images whole: their shorter sides are resized to the size, and random crops are of all of an image, as in the paper, not of the square at its
    /// centre. Measurements see that square. The images lie in a cache on disk, whatever their number.
    let whole images =
        images |> reading "whole" (fun reading -> { reading with Whole = true })

    /// Whether images are kept whole.
    let internal areWhole images =
        match images.Source with
        | ImageSource.Folder(_, _, Some reading)
        | ImageSource.Named(_, _, Some reading) -> reading.Whole
        | _ -> false

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
        | ImageSource.Named(name, _, _) -> name
        | ImageSource.Custom c -> c.Name
        | ImageSource.Folder(path, _, _) ->
            System.IO.Path.GetFileName(path.TrimEnd('/', '\\'))
            |> String.map (fun c -> if System.Char.IsControl c then ' ' else c)

    let private isNameLetter c =
        System.Char.IsAsciiLetterOrDigit c || c = '.' || c = '-' || c = '_'

    /// Whether a text can name a set whose place is said elsewhere.
    let internal isName (text: string) =
        text <> "" && Seq.forall isNameLetter text

    let internal problems field images =
        [
            match images.Source with
            | ImageSource.Shapes s ->
                yield! Check.between $"{field}.Train" 10 1_000_000 s.Train
                yield! Check.between $"{field}.Test" 10 1_000_000 s.Test
                yield! Check.between $"{field}.Size" 16 256 s.Size
            | ImageSource.Folder(path, size, reading)
            | ImageSource.Named(path, size, reading) ->
                match images.Source with
                | ImageSource.Named(name, _, _) when name = "" || not (Seq.forall isNameLetter name) ->
                    $"{field}.Named is '{name}'; use a name of letters, digits, '.', '-' and '_'."
                | _ when System.String.IsNullOrWhiteSpace path ->
                    $"{field}.Folder has an empty path; give the folder with train and test."
                | _ -> ()

                yield!
                    size
                    |> Option.toList
                    |> List.collect (Check.between $"{field}.Folder size" 8 4096)

                yield! reading |> Option.toList |> List.collect (FileReading.problems field)

                if areWhole images && size.IsNone then
                    $"{field} are whole, but have no size; give that of their shorter sides, for example 256."
            | ImageSource.Voc2007 size -> yield! Check.between $"{field}.Voc2007 size" 8 4096 size
            | ImageSource.Custom c -> yield! Custom.problems "images" field c
            | _ -> ()

            yield!
                images.TrainLimit
                |> Option.toList
                |> List.collect (Check.atLeast $"{field}.TrainLimit" 2)
        ]

    /// Reads "shapes", "cifar10", "cifar100", "fashion-mnist", "svhn", "stl10", "stl10-labelled", "folder:PATH", "unlabelled:PATH" or "named:NAME".
    let parse (text: string) =
        // One folder has one name, from wherever it is asked for.
        let oneName (path: string) =
            System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath path)

        match text.ToLowerInvariant() with
        | "shapes" -> Ok shapes
        | "cifar10" -> Ok cifar10
        | "cifar100" -> Ok cifar100
        | "fashion-mnist" -> Ok fashionMnist
        | "svhn" -> Ok svhn
        | "stl10" -> Ok stl10
        | "stl10-labelled" -> Ok stl10Labelled
        | lower when lower.StartsWith "folder:" && text.Length > 7 -> Ok(folder None (oneName (text.Substring 7)))
        | lower when lower.StartsWith "unlabelled:" && text.Length > 11 ->
            Ok(unlabelled None (oneName (text.Substring 11)))
        | lower when lower.StartsWith "named:" && isName (text.Substring 6) -> Ok(named None (text.Substring 6))
        | _ ->
            Error
                $"There is no data set '{text}': choose shapes, cifar10, cifar100, fashion-mnist, svhn, stl10, stl10-labelled, folder:PATH, unlabelled:PATH or named:NAME."

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
        | ImageSource.Custom c -> Custom.imageSide c
        | ImageSource.Folder(_, size, _)
        | ImageSource.Named(_, size, _) -> size

    /// Channels of the images.
    let channels images =
        match images.Source with
        | ImageSource.FashionMnist -> 1
        | ImageSource.Folder(_, _, Some reading)
        | ImageSource.Named(_, _, Some reading) -> reading.Channels
        | ImageSource.Custom c -> Custom.channels c
        | _ -> 3

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
            | ImageSource.Folder _
            | ImageSource.Named _
            | ImageSource.Custom _ -> None

        match all, images.TrainLimit with
        | Some count, Some limit -> Some(min count limit)
        | None, limit -> limit
        | count, None -> count
