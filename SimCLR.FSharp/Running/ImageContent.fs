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

/// Where a folder of that name lies aside, computed on the images of that fingerprint.
let private asideOf (executor: Executor) name fingerprint =
    Path.Combine(executor.Store.Folder, "other-images", $"{name}-{fingerprint}")

/// A path that is free: what lies aside already is not written over.
let private free path =
    Seq.initInfinite (fun i -> if i = 0 then path else $"{path}-{i + 1}")
    |> Seq.find (Directory.Exists >> not)

/// Puts a folder aside that is of other images, under that name, unless another process is working at it, and takes what was computed on today's images, if it lies aside, in its place.
let private putAside (executor: Executor) images name folder locked =
    match StoreFolder.tryLock locked with
    | None -> ()
    | Some held ->
        use _held = held

        // Another process may have put it aside meanwhile.
        match other images folder with
        | None -> ()
        | Some(before, now) ->
            let aside = free (asideOf executor name before)
            Directory.CreateDirectory(Path.GetDirectoryName aside) |> ignore
            Directory.Move(folder, aside)
            StoreFolder.forgetLock aside

            let again =
                try
                    Directory.Move(asideOf executor name now, folder)
                    "what was computed on these images before is there again"
                with :? IOException ->
                    // There is none, or another process has begun.
                    "it is computed anew"

            Executor.note
                executor
                $"The images of {Images.name images} have changed since {name} was computed ({before}, now {now}): {again}, and what was there lies in {aside}."

/// What is stored of a run: the images that it is of, its name, its folder, and the one whose lock it has.
let private stored (executor: Executor) run =
    let nameOf (folder: string) = Path.GetFileName folder
    let trained = Store.folderOf run executor.Store

    [
        for folder in [ trained; StoreFolder.ofUntrained (Run.untrained run) executor.Store ] do
            run.Images, nameOf folder, folder, folder

        for task in Run.tasks run do
            // A task is hashed for its folder: most have no images of their own, and runs may be ten thousand.
            for images in Option.toList (ofMeasurement task.Measurement) do
                let folder = StoreFolder.ofEvaluation task trained
                images, $"{nameOf trained}-{nameOf folder}", folder, trained
    ]

/// Looks at the images of runs and of their measurements: those in memory that are others now are let go, and what is stored that was computed on others is put aside,
/// finished or not.
let check (executor: Executor) (runs: Run list) =
    let known = [ for run in runs -> run, stored executor run ]

    known
    |> List.collect (fun (_, folders) -> [ for images, _, _, _ in folders -> whole images ])
    |> List.distinct
    |> List.iter (look executor)

    if not executor.DryRun then
        for _, folders in known do
            for images, name, folder, locked in folders do
                if (other images folder).IsSome then
                    putAside executor images name folder locked
