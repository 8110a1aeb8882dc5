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

/// The file that a sweep writes of its runs, for programs that read results.
[<RequireQualifiedAccess>]
module SweepFile =

    /// The name of the file.
    [<Literal>]
    let Name = "sweep.json"

    /// The name of the file that says which runs a sweep is of, while it is computed.
    [<Literal>]
    let PlanName = "plan.json"

    let private ofCell (cell: Cell) failure : SweepCell =
        {
            Coordinates = cell.Coordinates
            Hash = Run.hash cell.Run
            TrainingHash = Run.trainingHash cell.Run
            Run = cell.Run
            Failure = failure
        }

    let private make name (folder: string) (store: Store) axes verdicts cells : SweepFile =
        {
            Name = name
            Axes = axes
            Cells = cells
            Verdicts = verdicts
            Store = Path.GetRelativePath(Path.GetFullPath folder, store.Folder)
        }

    /// A sweep's results as they are written.
    let ofResults name folder store verdicts (results: Results) : SweepFile =
        make
            name
            folder
            store
            results.Axes
            verdicts
            [
                for cell in results.Cells ->
                    ofCell
                        cell.Cell
                        (match cell.Result with
                         | Ok _ -> None
                         | Error failure -> Some failure)
            ]

    /// A sweep of which nothing is known yet.
    let internal ofCells name folder store axes (cells: Cell list) : SweepFile =
        make name folder store axes [] [ for cell in cells -> ofCell cell None ]

    /// Writes it into a folder, whole or not at all.
    let write (folder: string) (file: SweepFile) =
        StoredFile.write (Path.Combine(folder, Name)) file

    /// Writes which runs a sweep is of into a folder.
    let internal writePlan (folder: string) (file: SweepFile) =
        StoredFile.write (Path.Combine(folder, PlanName)) file

    let private readFrom (path: string) : SweepFile =
        match StoredFile.read<SweepFile> path with
        | Ok file -> file
        | Error why -> raise (InvalidDataException $"{why}.")

    /// Reads the one of a folder. Fails where there is none, or it is damaged.
    let read (folder: string) : SweepFile = readFrom (Path.Combine(folder, Name))

    let private tryReadFrom (folder: string) name =
        let path = Path.Combine(folder, name)
        if File.Exists path then Some(readFrom path) else None

    /// What has failed without being stored, and what was said, are among the results alone.
    let private withResults (results: SweepFile) (plan: SweepFile) : SweepFile =
        let failures = Map [ for cell in results.Cells -> cell.Hash, cell.Failure ]

        { plan with
            Verdicts = results.Verdicts
            Cells =
                [
                    for cell in plan.Cells ->
                        { cell with
                            Failure = failures |> Map.tryFind cell.Hash |> Option.flatten
                        }
                ]
        }

    /// Which runs the sweep of a folder is of, and what was written of their results. An interrupted sweep has written those alone that are finished;
    /// a script that executes several grids has planned the last of them alone.
    let internal tryRead folder : SweepFile option =
        match tryReadFrom folder PlanName, tryReadFrom folder Name with
        | Some plan, Some results ->
            let hashes (file: SweepFile) =
                set [ for cell in file.Cells -> cell.Hash ]

            if Set.isSubset (hashes plan) (hashes results) then
                Some results
            else
                Some(withResults results plan)
        | plan, results -> plan |> Option.orElse results

    /// The store that a sweep's outcomes lie in, given the folder of its file.
    let store (folder: string) (file: SweepFile) =
        Store.ofFolder (Path.Combine(Path.GetFullPath folder, file.Store))

    /// What a store has of a run now: an outcome, or else the last failure that is known.
    let private resultNow warn store (cell: SweepCell) =
        match Store.tryFind warn cell.Run store with
        | Some outcome -> Some(Ok outcome)
        | None ->
            Store.tryFailure cell.Run store
            |> Option.orElse cell.Failure
            |> Option.map Error

    /// Its cells with what the store has of them now; those that have neither an outcome nor a failure are left out.
    let results (warn: string -> unit) store (file: SweepFile) : Results =
        {
            Axes = file.Axes
            Cells =
                [
                    for cell in file.Cells do
                        match resultNow warn store cell with
                        | Some result ->
                            {
                                Cell =
                                    {
                                        Coordinates = cell.Coordinates
                                        Run = cell.Run
                                    }
                                Result = result
                                Stored = true
                            }
                        | None -> ()
                ]
        }
