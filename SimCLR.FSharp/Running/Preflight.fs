/// What a sweep needs of this machine, checked before it starts: hours of training should not end at a full disk.
module internal SimCLR.Preflight

open System
open System.IO
open SimCLR.Core.Encoders
open SimCLR.Core.Runtime

let private MiB = 1024L * 1024L

let private counts =
    Collections.Concurrent.ConcurrentDictionary<Custom * int, float>()

/// Those of an encoder of one's own, which is made to be counted; 0 where it cannot be made, which its contract says.
let private count channels custom =
    let made (custom: Custom, channels: int) =
        try
            use weights = new TorchSharp.torch.Generator(0UL)
            use encoder = (Custom.make<EncoderSpec> "encoder" custom).Create(channels, weights)
            encoder.parameters () |> Seq.sumBy (fun weight -> float (weight.numel ()))
        with error when not (error :? OutOfMemoryException) ->
            0.0

    LibTorch.Load() |> ignore
    counts.GetOrAdd((custom, channels), made)

/// Weights of a run's encoder, roughly and rather too many.
let private weights (run: Run) =
    match run.Encoder, WeightCount.ofEncoder run.Encoder with
    | Encoder.Custom c, _ -> count (Images.channels run.Images) c
    | _, known -> known |> Option.defaultValue 0.0

/// Whether a run keeps the weights of its best look beside those that it goes on with.
let private keepsBest (run: Run) =
    run.Monitor
    |> Option.bind _.EarlyStopping
    |> Option.exists (fun stopping -> stopping.Weights = KeptWeights.Best)

/// Bytes of a checkpoint: all that is trained with two averages or momenta, what a method keeps beside, and the best look's weights, in float32.
let private checkpoint run =
    let encoder = weights run
    let networks = encoder + WeightCount.ofHead run
    let trained, kept = WeightCount.ofMethod encoder run
    let best = if keepsBest run then networks else 0.0
    4.0 * (3.0 * (networks + trained) + kept + best)

/// Bytes that the store should have free: 2 MiB for the outcomes, curve and representations of each training, and three checkpoints (two are kept while the
/// next is written) of the largest run.
let need (runs: Run list) =
    let largest = runs |> List.map checkpoint |> List.fold max 0.0
    let trainings = runs |> List.distinctBy Run.training |> List.length

    2L * MiB * int64 trainings + int64 (3.0 * largest) + 16L * MiB

let rec private existing (folder: string) =
    if Directory.Exists folder || File.Exists folder then
        folder
    else
        match Path.GetDirectoryName folder with
        | null -> folder
        | parent -> existing parent

/// What hinders writing below a folder, which need not be there yet. Leaves nothing behind.
let unwritable (folder: string) =
    let place = existing (Path.GetFullPath folder)

    if File.Exists place then
        [
            $"The folder {folder} cannot be made: {place} is a file. Choose another folder (--out)."
        ]
    else
        try
            let probe = Path.Combine(place, $".simclr-{Guid.NewGuid():N}.tmp")

            use _file =
                new FileStream(
                    probe,
                    FileMode.CreateNew,
                    FileAccess.Write,
                    FileShare.None,
                    1,
                    FileOptions.DeleteOnClose
                )

            []
        with
        | :? IOException
        | :? UnauthorizedAccessException as error ->
            [
                $"The folder {folder} cannot be written: {error.Message.TrimEnd '.'}. Choose another (--out), or change its rights."
            ]

/// Says that there is too little room, given what is free.
let tooSmall (folder: string) (need: int64) (free: int64) =
    if free >= need then
        []
    else
        [
            $"The disk of {folder} has {free / MiB} MiB free, but these runs may need {need / MiB} MiB for outcomes and checkpoints. "
            + "Free some, or choose another folder (--out)."
        ]

/// Bytes that are free on the disk of a folder, which need not be there yet; None where that cannot be told.
let free (folder: string) =
    try
        Some(DriveInfo(existing (Path.GetFullPath folder)).AvailableFreeSpace)
    with
    | :? IOException
    | :? UnauthorizedAccessException
    | :? ArgumentException -> None

/// Bytes of the encoders that are kept, in float32, one for each training.
let encoders keep (runs: Run list) =
    let bytes run = int64 (4.0 * weights run)

    let kept run =
        match keep with
        | KeepEncoder.Always -> bytes run
        | KeepEncoder.UpTo limit -> if bytes run <= limit then bytes run else 0L
        | KeepEncoder.Never -> 0L

    runs |> List.distinctBy Run.training |> List.sumBy kept

/// All that hinders storing these runs, with their encoders where they are kept: what is trained already lies there.
let problems keep runs (store: Store) =
    match unwritable store.Folder with
    | [] ->
        let ahead = runs |> List.filter (fun run -> not (Store.isTrained run store))

        free store.Folder
        |> Option.toList
        |> List.collect (tooSmall store.Folder (need ahead + encoders keep ahead))
    | wrong -> wrong
