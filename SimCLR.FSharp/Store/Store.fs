namespace SimCLR

open System
open System.IO
open SimCLR.Core.Evaluation
open SimCLR.Core.Runtime

/// A folder of outcomes, one folder per run under its hash.
type Store = { Folder: string }

[<RequireQualifiedAccess>]
module Store =

    let private runFile = "run.json"
    let private outcomeFile = "outcome.json"
    let private provenanceFile = "provenance.json"
    let private failureFile = "failure.json"
    let private featuresFile = "features.safetensors"
    let private lockFile = "lock"

    /// The store in that folder; it is made when something is saved.
    let at folder = { Folder = Path.GetFullPath folder }

    /// The folder of a run.
    let folderOf run store =
        Path.Combine(store.Folder, Run.hash run)

    /// Where the encoder of a run lies, if it was kept.
    let encoderOf run store =
        Path.Combine(folderOf run store, "encoder.safetensors")

    let private read<'T> (path: string) =
        try
            Json.read<'T>(File.ReadAllText path)
            |> Result.mapError (fun why -> $"{path} is damaged: {why.TrimEnd '.'}")
        with :? IOException as error ->
            Error $"{path} cannot be read: {error.Message.TrimEnd '.'}"

    /// The stored outcome, if it is whole and belongs to the run.
    let private readOutcome run (folder: string) =
        read<Run>(Path.Combine(folder, runFile))
        |> Result.bind (fun stored ->
            if stored = run then
                read<Outcome>(Path.Combine(folder, outcomeFile))
            else
                let differences =
                    [ for path, _, _ in Run.diff stored run -> path ] |> String.concat ", "

                Error $"{Path.Combine(folder, runFile)} holds another run, which differs in {differences}")

    /// The outcome of a run, if it has one. A damaged one is put aside as *.damaged, and the warning says so.
    let tryFind (warn: string -> unit) run store =
        let folder = folderOf run store
        let path = Path.Combine(folder, outcomeFile)

        if not (File.Exists path) then
            None
        else
            match readOutcome run folder with
            | Ok outcome -> Some outcome
            | Error why ->
                File.Move(path, path + ".damaged", overwrite = true)
                warn $"{why}. {outcomeFile} was renamed to {outcomeFile}.damaged, and the run counts as not done."
                None

    /// What a stored run was executed with.
    let tryProvenance run store =
        let path = Path.Combine(folderOf run store, provenanceFile)

        if File.Exists path then
            match read<Provenance> path with
            | Ok provenance -> Some provenance
            | Error _ -> None
        else
            None

    /// Forgets that a run has failed.
    let forgetFailure run store =
        let path = Path.Combine(folderOf run store, failureFile)

        if File.Exists path then
            File.Delete path

    /// Saves what a run came to. The outcome is written last: a folder without it is unfinished.
    let save run (provenance: Provenance) (outcome: Outcome) store =
        let folder = folderOf run store
        Directory.CreateDirectory folder |> ignore
        let file name = Path.Combine(folder, name)
        AtomicFile.WriteText(file runFile, Run.toJson run)
        AtomicFile.WriteText(file "run.fsx", Run.toCode run + "\n")
        AtomicFile.WriteText(file provenanceFile, Json.write provenance)
        let lines = outcome.Curve |> List.map Json.writeLine
        AtomicFile.WriteText(file "metrics.jsonl", lines |> List.map (fun line -> line + "\n") |> String.concat "")
        AtomicFile.WriteText(file outcomeFile, Json.write outcome)
        forgetFailure run store

    /// Saves representations of test images beside a run's outcome, for maps and retrieval.
    let internal saveFeatures run (samples: FeatureSamples) store =
        let folder = folderOf run store
        Directory.CreateDirectory folder |> ignore
        samples.Save(Path.Combine(folder, featuresFile))

    /// A stored run's representations of test images; None where there are none, as of runs of older versions, or they are damaged.
    let internal tryFeatures run store =
        let path = Path.Combine(folderOf run store, featuresFile)

        try
            if File.Exists path then
                Some(FeatureSamples.Load path)
            else
                None
        with
        | :? InvalidDataException
        | :? IOException -> None

    /// Saves why a run has no outcome.
    let saveFailure run (failure: Failure) store =
        let file name = Path.Combine(folderOf run store, name)

        Directory.CreateDirectory(folderOf run store) |> ignore
        AtomicFile.WriteText(file runFile, Run.toJson run)
        AtomicFile.WriteText(file failureFile, Json.write failure)

    /// Why a run has failed, if it has.
    let tryFailure run store =
        let path = Path.Combine(folderOf run store, failureFile)

        if File.Exists path then
            match read<Failure> path with
            | Ok failure -> Some failure
            | Error _ -> None
        else
            None

    /// Whether a file could not be opened because another process has it. .NET gives the system's number: EAGAIN, or Windows' sharing and
    /// lock violations.
    let private isHeld (error: IOException) =
        if OperatingSystem.IsWindows() then
            List.contains (error.HResult &&& 0xffff) [ 32; 33 ]
        else
            error.HResult = (if OperatingSystem.IsMacOS() then 35 else 11)

    /// Takes a run for this process, until it is disposed or the process ends, however it ends: the system holds the lock (flock). None
    /// where another process has it. Fails where the lock cannot be made: the disk is full, or a right is missing. Locks work between the
    /// processes of a machine, and over NFS 4.
    let tryLock run store : IDisposable option =
        let folder = folderOf run store
        Directory.CreateDirectory folder |> ignore
        let path = Path.Combine(folder, lockFile)

        try
            let file =
                new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None)

            try
                // For people; and for the parent of a worker that dies.
                file.SetLength 0L

                file.Write(
                    ReadOnlySpan(Text.Encoding.UTF8.GetBytes $"{Environment.ProcessId} {Environment.MachineName}\n")
                )

                file.Flush()
                Some file
            with _ ->
                file.Dispose()
                reraise ()
        with :? IOException as error when isHeld error ->
            None

    /// The number of the process that had the run last, as far as can be told.
    let internal lastProcess run store =
        let path = Path.Combine(folderOf run store, lockFile)

        try
            match Int32.TryParse((File.ReadAllText path).Split(' ')[0]) with
            | true, number -> Some number
            | _ -> None
        with :? IOException ->
            None

    /// Every finished run of the store.
    let all (warn: string -> unit) store =
        if not (Directory.Exists store.Folder) then
            []
        else
            [
                for folder in Directory.GetDirectories store.Folder |> Array.sort do
                    if File.Exists(Path.Combine(folder, outcomeFile)) then
                        match read<Run>(Path.Combine(folder, runFile)) with
                        | Error why -> warn $"{why}. The folder is left out."
                        | Ok run when Path.GetFileName folder <> Run.hash run ->
                            warn
                                $"{Path.Combine(folder, runFile)} is of a run whose folder would be {Run.hash run}. The folder is left out."
                        | Ok run ->
                            match tryFind warn run store with
                            | Some outcome -> run, outcome
                            | None -> ()
            ]
