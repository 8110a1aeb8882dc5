/// What of a run is still to be computed, where its outcome is not stored.
module internal SimCLR.Remaining

open System.IO

/// Work on a run.
[<RequireQualifiedAccess>]
type Work =
    /// Training from a step on, 0 without a checkpoint, and measuring; again: it was trained, but its networks are not there any more.
    | Train of again: bool * from: int64
    /// Measuring of networks that are stored.
    | Measure

/// The stored training of a run, if it has what is to be kept of it.
let training (executor: Executor) run =
    let isWhole (stored: StoredTraining) =
        executor.KeepEncoder <> KeepEncoder.Always
        || stored.Encoder.IsSome && File.Exists(Store.encoderOf run executor.Store)

    StoredTraining.tryFind (Executor.note executor) (Run.training run) executor.Store
    |> Option.filter isWhole

/// The tasks that are not stored of the encoder of that folder.
let tasks (executor: Executor) folder tasks =
    tasks
    |> List.filter (fun task -> Option.isNone (StoredFigures.tryFind (Executor.note executor) task folder))

/// What is to be done for a run that is not stored.
let work (executor: Executor) run =
    let folder = Store.folderOf run executor.Store

    let isUsable stored =
        let missing = tasks executor folder (Run.tasks run)

        missing.IsEmpty
        || (RunNetworks.lacking executor.Store run missing stored).IsNone

    if training executor run |> Option.exists isUsable then
        Work.Measure
    else
        let from =
            match executor.CheckpointEvery with
            | Some _ ->
                (Train.checkpoints executor folder).NewestStep
                |> Option.ofNullable
                |> Option.defaultValue 0L
            | None -> 0L

        Work.Train(Store.isTrained run executor.Store, from)
