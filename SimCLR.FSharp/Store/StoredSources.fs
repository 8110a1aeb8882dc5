/// By which sources the custom components were registered that computed what lies in a folder of the store.
module internal SimCLR.StoredSources

open System.IO

let private file folder = Path.Combine(folder, "sources.json")

/// Says it, before anything is computed there; what is there already stays.
let note folder (sources: CustomSource list) =
    if not sources.IsEmpty && not (File.Exists(file folder)) then
        Directory.CreateDirectory folder |> ignore
        StoredFile.write (file folder) sources

/// Sources that a folder names and this process has otherwise, each with this process's.
let private others folder (sources: CustomSource list) =
    let stored =
        if sources.IsEmpty then
            []
        else
            StoredFile.tryRead<CustomSource list> ignore "is left out" (file folder)
            |> Option.defaultValue []

    [
        for before, now in List.allPairs stored sources do
            if
                (before.Kind, before.Name, before.Version) = (now.Kind, now.Name, now.Version)
                && before.Sha256 <> now.Sha256
            then
                before, now
    ]

/// Whether something of use was computed there: figures, or a checkpoint.
let private isOfUse folder =
    File.Exists(Path.Combine(folder, StoreFolder.figuresFile))
    || Directory.Exists(Path.Combine(folder, "checkpoint"))

/// The same, where something of use was computed by them.
let othersOfUse folder sources =
    if isOfUse folder then others folder sources else []

/// Forgets that something failed which another source computed: it is tried again.
let forgetFailure folder sources =
    if not (isOfUse folder) && not (others folder sources).IsEmpty then
        StoreFolder.forget folder
        File.Delete(file folder)
