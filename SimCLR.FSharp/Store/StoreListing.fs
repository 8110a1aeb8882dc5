/// What a store holds.
module internal SimCLR.StoreListing

open System.IO

let private folders path =
    if Directory.Exists path then
        Directory.GetDirectories path |> Array.sort
    else
        [||]

/// The folders of all trainings, finished or not.
let trainings store = folders (StoreFolder.trainings store)

/// The folders of all encoders before training.
let untrained store =
    folders (Path.Combine(store.Folder, "untrained"))

/// The files of the runs of a training's folder that have been taken to their end, named by their hashes.
let runFiles folder =
    try
        Directory.GetFiles(Path.Combine(folder, "runs"), "*.json") |> Array.sort
    with :? DirectoryNotFoundException ->
        [||] // It has none yet, or somebody deletes it.

/// The run of such a file, unless it is damaged or lies in the wrong place, which the warning says.
let readRun (warn: string -> unit) store path =
    match StoredFile.read<Run> path with
    | Error why ->
        warn $"{why}. It is left out."
        None
    | Ok run when path <> StoreFolder.ofRun run store ->
        warn $"{path} is of a run that would lie in {StoreFolder.ofRun run store}. It is left out."
        None
    | Ok run -> Some run
