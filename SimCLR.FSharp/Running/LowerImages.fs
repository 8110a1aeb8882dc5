/// Where images lie and how they are read: image values as sources of SimCLR.Core.
module internal SimCLR.LowerImages

open System.IO
open SimCLR.Core.Images

/// Fashion-MNIST lies in the data folder, or where Debian's package puts it.
let private fashionMnistRoot dataRoot download =
    let here =
        Directory.Exists dataRoot
        && Directory.GetFiles(dataRoot, "*idx3-ubyte*").Length > 0

    if not here && not download && Directory.Exists FashionMnist.DebianFolder then
        FashionMnist.DebianFolder
    else
        dataRoot

let private folderOptions (value: FileReading) =
    FolderOptions(
        Labelled = value.Labelled,
        Channels = value.Channels,
        Bits = value.Bits,
        Range =
            (value.Range
             |> Option.map (fun (low, high) -> PixelRange(low, high))
             |> Option.toNullable),
        FollowOrientation = value.FollowOrientation,
        Whole = value.Whole
    )

let private imageFolder path size stream reading =
    ImageFolder(
        path,
        Option.toNullable size,
        stream = (if stream then System.Nullable true else System.Nullable()),
        options = folderOptions (reading |> Option.defaultValue FileReading.colour)
    )

/// Where the folder of a name lies.
let placeOf places name =
    match places |> Map.tryFind name with
    | Some path -> path
    | None ->
        let message =
            $"Nothing says where the images '{name}' lie: give --data-root {name}=PATH, or a file simclr.json with "
            + $"{{ \"data\": {{ \"{name}\": \"PATH\" }} }} in the current folder."

        raise (ImageSourceException(message, null, IsMissing = true))

/// The fingerprint of what a source holds now; None for data sets that are always the same.
let fingerprint places source =
    match source with
    | ImageSource.Folder(path, size, reading) -> Some((imageFolder path size false reading).Fingerprint())
    | ImageSource.Named(name, size, reading) ->
        Some((imageFolder (placeOf places name) size false reading).Fingerprint())
    | ImageSource.Custom c -> Some((Custom.make<DefinedImages> "images" c).Fingerprint())
    | _ -> None

/// Where images are read, given the folder of the data sets, whether they may be downloaded, and whether folders are read from a cache on disk in any case.
let imageSource (dataRoot: string) places (download: bool) (stream: bool) source : IImageSource =
    match source with
    | ImageSource.Shapes s -> Shapes(s.Train, s.Test, s.Size)
    | ImageSource.Cifar10 -> Cifar10(dataRoot, download)
    | ImageSource.Cifar100 -> Cifar100(dataRoot, download)
    | ImageSource.FashionMnist -> FashionMnist(fashionMnistRoot dataRoot download, download)
    | ImageSource.Folder(path, size, reading) -> imageFolder path size stream reading
    | ImageSource.Named(name, size, reading) -> imageFolder (placeOf places name) size stream reading
    | ImageSource.Voc2007 size -> Voc2007(dataRoot, size)
    | ImageSource.Svhn -> Svhn(dataRoot, download)
    | ImageSource.Stl10 unlabelled -> Stl10(dataRoot, download, unlabelled)
    | ImageSource.Custom c -> Custom.make<DefinedImages> "images" c
