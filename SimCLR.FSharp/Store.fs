namespace SimCLR

open System
open System.IO

/// What a run was executed with; it changes no run's value.
type Provenance =
    {
        Commit: string
        Versions: string
        Device: string
        Threads: int
        Precision: string
        Machine: string
        Date: DateTimeOffset
    }

/// A folder of outcomes, one folder per run under its hash.
type Store = { Folder: string }

[<RequireQualifiedAccess>]
module Store =

    let private runFile = "run.json"
    let private outcomeFile = "outcome.json"
    let private provenanceFile = "provenance.json"

    /// The store in that folder; it is made when something is saved.
    let at folder = { Folder = Path.GetFullPath folder }

    /// The folder of a run.
    let folderOf run store =
        Path.Combine(store.Folder, Run.hash run)

    /// Written to a temporary file, flushed to the disk and renamed: a reader sees all of it or nothing.
    /// Every writer has a temporary file of its own, so that two may save the same run.
    let private write (path: string) (text: string) =
        let temporary = $"{path}.{Guid.NewGuid():N}.tmp"

        do
            use stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write)
            stream.Write(ReadOnlySpan(Text.Encoding.UTF8.GetBytes text))
            stream.Flush true

        File.Move(temporary, path, overwrite = true)

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

    /// Saves what a run came to. The outcome is written last: a folder without it is unfinished.
    let save run (provenance: Provenance) (outcome: Outcome) store =
        let folder = folderOf run store
        Directory.CreateDirectory folder |> ignore
        let file name = Path.Combine(folder, name)
        write (file runFile) (Run.toJson run)
        write (file "run.fsx") (Run.toCode run + "\n")
        write (file provenanceFile) (Json.write provenance)
        let lines = outcome.Curve |> List.map Json.writeLine
        write (file "metrics.jsonl") (lines |> List.map (fun line -> line + "\n") |> String.concat "")
        write (file outcomeFile) (Json.write outcome)

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
