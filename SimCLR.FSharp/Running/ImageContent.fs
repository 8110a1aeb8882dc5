/// Whether what is stored was computed on the images that a folder, or a source of one's own, holds now.
module internal SimCLR.ImageContent

open System.Collections.Concurrent
open System.IO
open SimCLR.Core.Images
open SimCLR.Core.Runtime

/// In the folder of a training, or of an encoder before training: the fingerprint of the images.
let private fileName = "images.sha256"

let private known = ConcurrentDictionary<Images, string>()

let private whole (images: Images) = { images with TrainLimit = None }

let private ofImages images =
    match known.TryGetValue(whole images) with
    | true, fingerprint -> Some fingerprint
    | _ -> None

/// The fingerprint of a run's images, once they were looked at; None where they are a data set that is always the same.
let ofRun (run: Run) = ofImages run.Images

let private noteImages images folder =
    ofImages images
    |> Option.iter (fun fingerprint ->
        Directory.CreateDirectory folder |> ignore
        AtomicFile.WriteText(Path.Combine(folder, fileName), fingerprint))

/// Notes in a folder of the store of which images it is.
let note (run: Run) folder = noteImages run.Images folder

/// Images of its own that a measurement has.
let private ofMeasurement measurement =
    match measurement with
    | Measurement.Transfer s -> Some s.Images
    | _ -> None

/// Notes in a measurement's folder of which images of its own it is.
let noteTask (task: EvaluationTask) folder =
    ofMeasurement task.Measurement
    |> Option.iter (fun images -> noteImages images folder)

let private look (executor: Executor) (images: Images) =
    try
        LowerImages.fingerprint executor.Places images.Source
        |> Option.iter (fun fingerprint ->
            match known.TryGetValue images with
            | true, before when before = fingerprint -> ()
            | _ -> Executor.forget images

            known[images] <- fingerprint)
    with :? ImageSourceException ->
        () // Said when they are read.

/// The fingerprint that a folder was computed on, if it is another one.
let private other images folder =
    let noted = Path.Combine(folder, fileName)

    match ofImages images with
    | Some now when File.Exists noted ->
        let before = File.ReadAllText noted
        if before = now then None else Some(before, now)
    | _ -> None

/// Puts a folder aside that is of other images, under that name, unless another process is working at it.
let private putAside (executor: Executor) (run: Run) images name folder (before, now) =
    match Store.tryLock run executor.Store with
    | None -> ()
    | Some held ->
        held.Dispose()
        let aside = Path.Combine(executor.Store.Folder, "other-images", $"{name}-{before}")
        Directory.CreateDirectory(Path.GetDirectoryName aside) |> ignore

        if Directory.Exists aside then
            Directory.Delete(aside, true)

        Directory.Move(folder, aside)

        Executor.note
            executor
            $"The images of {Images.name images} have changed since {name} was computed ({before}, now {now}): it is computed anew, and what was there lies in {aside}."

/// What is stored of a run: the images that it is of, its name, and its folder.
let private stored (executor: Executor) run =
    let nameOf (folder: string) = Path.GetFileName folder
    let trained = Store.folderOf run executor.Store

    [
        for folder in [ trained; StoreFolder.ofUntrained (Run.untrained run) executor.Store ] do
            run.Images, nameOf folder, folder

        for task in Run.tasks run do
            // A task is hashed for its folder: most have no images of their own, and runs may be ten thousand.
            for images in Option.toList (ofMeasurement task.Measurement) do
                let folder = StoreFolder.ofEvaluation task trained
                images, $"{nameOf trained}-{nameOf folder}", folder
    ]

/// Looks at the images of runs and of their measurements: those in memory that are others now are let go, and what is stored that was computed on others is put aside,
/// finished or not.
let check (executor: Executor) (runs: Run list) =
    let known = [ for run in runs -> run, stored executor run ]

    known
    |> List.collect (fun (_, folders) -> [ for images, _, _ in folders -> whole images ])
    |> List.distinct
    |> List.iter (look executor)

    if not executor.DryRun then
        for run, folders in known do
            for images, name, folder in folders do
                other images folder |> Option.iter (putAside executor run images name folder)
