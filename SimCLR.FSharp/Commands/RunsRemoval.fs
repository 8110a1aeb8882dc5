/// Deletes of a store what is asked for: says first what and how large it is, and leaves alone what another process computes.
module internal SimCLR.RunsRemoval

open System
open System.IO

/// Something to delete.
[<NoEquality; NoComparison>]
type Removal =
    {
        /// The folder whose lock must be free.
        Lock: string
        /// Its files and folders; the folder itself: all of it.
        Paths: string list
        /// What is done before they go.
        Before: unit -> unit
    }

let private removal folder paths =
    {
        Lock = folder
        Paths = paths
        Before = ignore
    }

let private files folder pattern =
    if Directory.Exists folder then
        Directory.GetFiles(folder, pattern, SearchOption.AllDirectories)
        |> Array.sort
        |> List.ofArray
    else
        []

let private bytes path =
    if File.Exists path then
        FileInfo(path).Length
    else
        files path "*" |> List.sumBy (fun file -> FileInfo(file).Length)

let private size (bytes: int64) =
    if bytes < 1_000_000L then
        $"{float bytes / 1e3:F1} kB"
    else
        $"{float bytes / 1e6:F1} MB"

let private delete (path: string) =
    if File.Exists path then
        File.Delete path
    elif Directory.Exists path then
        Directory.Delete(path, true)

/// A whole folder leaves its place at once: nobody sees half of it, and who waits for its lock makes it anew.
let private deleteWhole store (folder: string) =
    let bin = Path.Combine(store.Folder, "deleted")
    delete bin
    Directory.CreateDirectory bin |> ignore
    Directory.Move(folder, Path.Combine(bin, Path.GetFileName folder))
    delete bin

/// False where another process computes in the folder, which is told and left as it is.
let private carryOut store (removal: Removal) =
    match StoreFolder.tryLock removal.Lock with
    | None ->
        eprintfn "%s stays as it is: another process computes there." removal.Lock
        false
    | Some lock ->
        use _held = lock
        removal.Before()

        if removal.Paths = [ removal.Lock ] then
            deleteWhole store removal.Lock
        else
            removal.Paths |> List.iter delete

        true

/// Says what would go, asks unless the answer is given, and does it. The exit code: 1 where something stays.
let perform (ask: string -> bool) isAgreed store (removals: Removal list) =
    let removals = removals |> List.filter (fun removal -> not removal.Paths.IsEmpty)

    let sizes =
        [
            for removal in removals do
                for path in removal.Paths -> path, bytes path
        ]

    for path, bytes in sizes do
        printfn $"{Path.GetRelativePath(store.Folder, path)}  {size bytes}"

    if sizes.IsEmpty then
        printfn "There is nothing to delete."
        0
    elif
        isAgreed
        || ask $"Delete these {sizes.Length} files and folders of {store.Folder}, {size (List.sumBy snd sizes)}?"
    then
        let gone = removals |> List.map (carryOut store)
        if List.forall id gone then 0 else 1
    else
        printfn "Nothing was deleted."
        1

let private evaluations folder =
    let path = Path.Combine(folder, "evaluations")

    if Directory.Exists path then
        Directory.GetDirectories path |> Array.sort |> List.ofArray
    else
        []

/// Measurements of a training's folder that those runs take, and nobody else does.
let private measuredOnlyBy store folder gone remaining =
    let tasks files =
        files
        |> List.choose (StoreListing.readRun ignore store)
        |> List.collect Run.tasks
        |> List.map (fun task -> StoreFolder.ofEvaluation task folder)
        |> set

    Set.difference (tasks gone) (tasks remaining)
    |> Set.filter Directory.Exists
    |> Set.toList

/// Runs, each with the measurements that no other run takes; a training goes with the last of its runs.
let ofRuns store (named: RunsSearch.Named list) =
    [
        for folder, named in named |> List.groupBy _.Folder do
            let all = List.ofArray (StoreListing.runFiles folder)

            let gone =
                named
                |> List.collect (function
                    | RunsSearch.Named.Run(_, file) -> [ file ]
                    | RunsSearch.Named.Training _ -> all)
                |> List.distinct

            match List.except gone all with
            | [] -> removal folder [ folder ]
            | remaining -> removal folder (gone @ measuredOnlyBy store folder gone remaining)
    ]

let private hasFailed folder =
    File.Exists(Path.Combine(folder, "failure.json"))
    && not (File.Exists(Path.Combine(folder, "figures.json")))

/// Failed measurements, and trainings that failed themselves.
let failures folder =
    if hasFailed folder then
        removal folder [ folder ]
    else
        removal folder (evaluations folder |> List.filter hasFailed)

let checkpoints folder =
    folder :: evaluations folder
    |> List.map (fun folder -> Path.Combine(folder, "checkpoint"))
    |> List.filter Directory.Exists
    |> removal folder

let damaged folder =
    removal folder (files folder "*.damaged")

/// Encoders before training that no training of the store begins with.
let untrained store =
    let used =
        StoreListing.trainings store
        |> Seq.choose StoredTraining.valueIn
        |> Seq.map (Untrained.ofTraining >> Untrained.hash)
        |> set

    [
        for folder in StoreListing.untrained store do
            if not (used.Contains(Path.GetFileName folder)) then
                removal folder [ folder ]
    ]

/// Weights of a finished training, whose figures then say that none are kept.
let encoders folder =
    let figures = Path.Combine(folder, "figures.json")

    let weights =
        [ "encoder.safetensors"; "head.safetensors" ]
        |> List.map (fun name -> Path.Combine(folder, name))

    if not (File.Exists figures) then
        removal folder []
    else
        { removal folder (weights |> List.filter File.Exists) with
            Before = fun () -> StoredTraining.forgetWeights folder
        }
