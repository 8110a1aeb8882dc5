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
        /// The same as it is now: what has been computed since it was asked for is not to go.
        Again: unit -> string list
        /// What is done before they go.
        Before: unit -> unit
    }

let private removal folder find =
    {
        Lock = folder
        Paths = find ()
        Again = find
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
        let now = removal.Again()

        match removal.Paths |> List.filter (fun path -> not (List.contains path now)) with
        | [] ->
            removal.Before()

            if removal.Paths = [ removal.Lock ] then
                deleteWhole store removal.Lock
            else
                removal.Paths |> List.iter delete

            true
        | changed ->
            let names =
                changed |> List.map (fun path -> Path.GetRelativePath(store.Folder, path))

            eprintfn "%s stays as it is: it has changed since it was asked for. Ask again." (String.concat ", " names)
            false

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

/// Measurements of a training's folder that those runs take; None where a run of them cannot be read.
let private measuredBy store folder files =
    let runs = files |> List.map (StoreListing.readRun ignore store)

    if List.contains None runs then
        None
    else
        runs
        |> List.choose id
        |> List.collect Run.tasks
        |> List.map (fun task -> StoreFolder.ofEvaluation task folder)
        |> set
        |> Some

/// Runs of a folder, each with the measurements that no other run takes. The training goes with the last of its runs, unless something in it is of a run that has not come to its end.
let private runsOf store folder (named: RunsSearch.Named list) () =
    let all = List.ofArray (StoreListing.runFiles folder)

    let gone =
        named
        |> List.collect (function
            | RunsSearch.Named.Run(_, file) -> [ file ]
            | RunsSearch.Named.Training _ -> all)
        |> List.distinct

    let isWhole = named |> List.exists _.IsTraining
    let remaining = List.except gone all
    let measured = measuredBy store folder gone |> Option.defaultValue Set.empty

    let isOfOthers =
        Directory.Exists(Path.Combine(folder, "checkpoint"))
        || evaluations folder |> List.exists (fun path -> not (measured.Contains path))

    if isWhole || (remaining.IsEmpty && not isOfOthers) then
        [ folder ]
    else
        match measuredBy store folder remaining with
        | Some others ->
            gone
            @ (Set.difference measured others |> Set.filter Directory.Exists |> Set.toList)
        // What that run takes is not known.
        | None -> gone

/// Runs, each with the measurements that no other run takes; a training goes with the last of its runs.
let ofRuns store (named: RunsSearch.Named list) =
    [
        for folder, named in named |> List.groupBy _.Folder do
            removal folder (runsOf store folder named)
    ]

let private hasFailed folder =
    File.Exists(Path.Combine(folder, "failure.json"))
    && not (File.Exists(Path.Combine(folder, "figures.json")))

/// Failed measurements, and trainings that failed themselves; of one that could go on from a checkpoint its failure alone.
let failures folder =
    removal folder (fun () ->
        if not (hasFailed folder) then
            evaluations folder |> List.filter hasFailed
        elif Directory.Exists(Path.Combine(folder, "checkpoint")) then
            [ Path.Combine(folder, "failure.json") ]
        else
            [ folder ])

let checkpoints folder =
    removal folder (fun () ->
        folder :: evaluations folder
        |> List.map (fun folder -> Path.Combine(folder, "checkpoint"))
        |> List.filter Directory.Exists)

let damaged folder =
    removal folder (fun () -> files folder "*.damaged")

let private trainedIn folder =
    match StoredTraining.valueIn folder with
    | Some training -> training
    | None ->
        wrongValue
            $"What is trained in {folder} cannot be read, so that it is not known which encoder it begins with; nothing is deleted. Mend it, or take it away."

/// The encoders that the store's trainings begin with, by their hashes.
let private begun store =
    [
        for folder in StoreListing.trainings store do
            Untrained.hash (Untrained.ofTraining (trainedIn folder))
    ]
    |> set

/// Encoders before training that no training of the store begins with. All trainings are read when they are looked for, and once more before the first goes.
let untrained store =
    let used, usedNow = begun store, lazy (begun store)

    [
        for folder in StoreListing.untrained store do
            let name = Path.GetFileName folder

            if not (used.Contains name) then
                { removal folder (fun () -> [ folder ]) with
                    Again = fun () -> if usedNow.Value.Contains name then [] else [ folder ]
                }
    ]

/// The trainings that others of the store, which have not come to their end, begin with.
let private begunWith store =
    [
        for folder in StoreListing.trainings store do
            if not (File.Exists(Path.Combine(folder, "figures.json"))) then
                match (trainedIn folder).InitialWeights with
                | Some(InitialWeights.Training hash) -> hash, Path.GetFileName folder
                | _ -> ()
    ]
    |> Map.ofList

/// Weights of finished trainings, whose figures then say that none are kept; those that an unfinished one begins with stay, and that is told.
let encoders store =
    let needed, neededNow = lazy (begunWith store), lazy (begunWith store)

    let weights (needed: Lazy<Map<string, string>>) (folder: string) =
        if
            File.Exists(Path.Combine(folder, "figures.json"))
            && not (needed.Value.ContainsKey(Path.GetFileName folder))
        then
            [ "encoder.safetensors"; "head.safetensors" ]
            |> List.map (fun name -> Path.Combine(folder, name))
            |> List.filter File.Exists
        else
            []

    fun (folder: string) ->
        needed.Value.TryFind(Path.GetFileName folder)
        |> Option.iter (
            eprintfn "The encoder of %s stays: %s, which is not finished, begins with it." (Path.GetFileName folder)
        )

        { removal folder (fun () -> weights needed folder) with
            Again = fun () -> weights neededNow folder
            Before = fun () -> StoredTraining.forgetWeights folder
        }
