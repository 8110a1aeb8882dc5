namespace SimCLR

open System.IO

/// A cell of a sweep and what became of it.
[<RequireQualifiedAccess>]
type SweepCell =
    {
        Coordinates: (string * AxisValue) list
        /// Of the run, and of its training: where its figures lie in the store.
        Hash: string
        TrainingHash: string
        Run: Run
        /// Why it has no outcome.
        Failure: Failure option
    }

/// A sweep as it is written beside its report, as sweep.json: the report can be made again from it and the store.
[<RequireQualifiedAccess>]
type SweepFile =
    {
        Name: string
        Axes: string list
        Cells: SweepCell list
        /// What was said of published orders.
        Verdicts: string list
        /// The store's folder, from that of this file.
        Store: string
    }

[<RequireQualifiedAccess>]
module SweepFile =

    /// The name of the file.
    [<Literal>]
    let Name = "sweep.json"

    /// A sweep's results as they are written.
    let ofResults name (folder: string) (store: Store) verdicts (results: Results) : SweepFile =
        {
            Name = name
            Axes = results.Axes
            Cells =
                [
                    for cell in results.Cells ->
                        {
                            Coordinates = cell.Cell.Coordinates
                            Hash = Run.hash cell.Cell.Run
                            TrainingHash = Run.trainingHash cell.Cell.Run
                            Run = cell.Cell.Run
                            Failure =
                                match cell.Result with
                                | Ok _ -> None
                                | Error failure -> Some failure
                        }
                ]
            Verdicts = verdicts
            Store = Path.GetRelativePath(Path.GetFullPath folder, store.Folder)
        }

    /// Writes it into a folder, whole or not at all.
    let write (folder: string) (file: SweepFile) =
        StoredFile.write (Path.Combine(folder, Name)) file

    /// Reads the one of a folder. Fails where there is none, or it is damaged.
    let read (folder: string) : SweepFile =
        match StoredFile.read<SweepFile>(Path.Combine(folder, Name)) with
        | Ok file -> file
        | Error why -> raise (InvalidDataException $"{why}.")

    /// The store that a sweep's outcomes lie in, given the folder of its file.
    let store (folder: string) (file: SweepFile) =
        Store.ofFolder (Path.Combine(Path.GetFullPath folder, file.Store))

    /// Its cells with what the store has of them now; those that have neither an outcome nor a failure are left out.
    let results (warn: string -> unit) store (file: SweepFile) : Results =
        {
            Axes = file.Axes
            Cells =
                [
                    for cell in file.Cells do
                        match Store.tryFind warn cell.Run store, cell.Failure with
                        | Some outcome, _ ->
                            {
                                Cell =
                                    {
                                        Coordinates = cell.Coordinates
                                        Run = cell.Run
                                    }
                                Result = Ok outcome
                                Stored = true
                            }
                        | None, Some failure ->
                            {
                                Cell =
                                    {
                                        Coordinates = cell.Coordinates
                                        Run = cell.Run
                                    }
                                Result = Error failure
                                Stored = true
                            }
                        | None, None -> ()
                ]
        }
