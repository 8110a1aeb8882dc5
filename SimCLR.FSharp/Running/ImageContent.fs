/// Whether what is stored was computed on the images that a folder, or a source of one's own, holds now.
module internal SimCLR.ImageContent

open System.Collections.Concurrent
open System.IO
open SimCLR.Core.Images
open SimCLR.Core.Runtime

/// In the folder of a training, or of an encoder before training: the fingerprint of the images.
let private fileName = "images.sha256"

let private known = ConcurrentDictionary<Images, string>()

/// The fingerprint of a run's images, once they were looked at; None where they are a data set that is always the same.
let ofRun (run: Run) =
    match known.TryGetValue { run.Images with TrainLimit = None } with
    | true, fingerprint -> Some fingerprint
    | _ -> None

/// Notes in a folder of the store of which images it is.
let note run folder =
    ofRun run
    |> Option.iter (fun fingerprint ->
        Directory.CreateDirectory folder |> ignore
        AtomicFile.WriteText(Path.Combine(folder, fileName), fingerprint))

let private look (executor: Executor) (images: Images) =
    try
        LowerImages.fingerprint executor.Places images.Source
        |> Option.iter (fun fingerprint -> known[{ images with TrainLimit = None }] <- fingerprint)
    with :? ImageSourceException ->
        () // Said when they are read.

/// The fingerprint that a folder was computed on, if it is another one.
let private other run folder =
    let noted = Path.Combine(folder, fileName)

    match ofRun run with
    | Some now when File.Exists noted ->
        let before = File.ReadAllText noted
        if before = now then None else Some(before, now)
    | _ -> None

/// Puts a folder aside that is of other images, unless another process is working at it.
let private putAside (executor: Executor) (run: Run) folder (before, now) =
    match Store.tryLock run executor.Store with
    | None -> ()
    | Some held ->
        held.Dispose()
        let name = Path.GetFileName(folder: string)
        let aside = Path.Combine(executor.Store.Folder, "other-images", $"{name}-{before}")
        Directory.CreateDirectory(Path.GetDirectoryName aside) |> ignore

        if Directory.Exists aside then
            Directory.Delete(aside, true)

        Directory.Move(folder, aside)

        Executor.note
            executor
            $"The images of {Images.name run.Images} have changed since {name} was computed ({before}, now {now}): it is computed anew, and what was there lies in {aside}."

/// Looks at the images of runs, and puts aside what is stored of them that was computed on others, finished or not.
let check (executor: Executor) (runs: Run list) =
    for images in
        runs
        |> List.map (fun run -> { run.Images with TrainLimit = None })
        |> List.distinct do
        look executor images

    if not executor.DryRun then
        for run in runs do
            for folder in
                [
                    Store.folderOf run executor.Store
                    StoreFolder.ofUntrained (Run.untrained run) executor.Store
                ] do
                other run folder |> Option.iter (putAside executor run folder)
