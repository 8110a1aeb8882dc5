namespace SimCLR

open System
open System.IO
open System.Text.Json

/// What a run was executed with; it changes no run's value.
type Provenance =
    { Commit: string
      Versions: string
      Device: string
      Threads: int
      Precision: string
      Machine: string
      Date: DateTimeOffset }

/// A folder of outcomes, one folder per run under its hash.
type Store = { Folder: string }

[<RequireQualifiedAccess>]
module Store =

    let private options = JsonSerializerOptions(WriteIndented = true)
    do options.Converters.Add(Serialization.JsonFSharpConverter())

    /// The store in that folder; it is made when something is saved.
    let at folder = { Folder = Path.GetFullPath folder }

    /// The folder of a run.
    let folderOf run store = Path.Combine(store.Folder, Run.hash run)

    /// Written to a temporary file, flushed to the disk and renamed: a reader sees all of it or nothing.
    let private write (path: string) (text: string) =
        let temporary = $"{path}.{Environment.ProcessId}.tmp"

        do
            use stream = new FileStream(temporary, FileMode.Create, FileAccess.Write)
            stream.Write(ReadOnlySpan(Text.Encoding.UTF8.GetBytes text))
            stream.Flush true

        File.Move(temporary, path, overwrite = true)

    let private read<'T> (path: string) =
        try
            Ok(JsonSerializer.Deserialize<'T>(File.ReadAllText path, options))
        with
        | :? JsonException as error -> Error $"{path} is damaged ({error.Message})"
        | :? IOException as error -> Error $"{path} cannot be read ({error.Message})"

    /// Files of a run's folder.
    let private outcomeFile = "outcome.json"

    /// The outcome of a run, if it has one. A damaged one is put aside as *.damaged, and the warning says so.
    let tryFind (warn: string -> unit) run store =
        let path = Path.Combine(folderOf run store, outcomeFile)

        if not (File.Exists path) then
            None
        else
            match read<Outcome> path with
            | Ok outcome -> Some outcome
            | Error why ->
                File.Move(path, path + ".damaged", overwrite = true)
                warn $"{why}: it was renamed to {outcomeFile}.damaged, and the run is done again."
                None

    /// What a stored run was executed with.
    let tryProvenance run store =
        let path = Path.Combine(folderOf run store, "provenance.json")

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
        write (file "run.json") (Run.toJson run)
        write (file "run.fsx") (Run.toCode run + "\n")
        write (file "provenance.json") (JsonSerializer.Serialize(provenance, options))
        let compact = JsonSerializerOptions()
        compact.Converters.Add(Serialization.JsonFSharpConverter())
        let lines = outcome.Curve |> List.map (fun point -> JsonSerializer.Serialize(point, compact))
        write (file "metrics.jsonl") (String.concat "\n" lines + "\n")
        write (file outcomeFile) (JsonSerializer.Serialize(outcome, options))

    /// Every finished run of the store.
    let all (warn: string -> unit) store =
        if not (Directory.Exists store.Folder) then
            []
        else
            [ for folder in Directory.GetDirectories store.Folder |> Array.sort do
                  let runFile = Path.Combine(folder, "run.json")

                  if File.Exists runFile then
                      match Run.ofJson (File.ReadAllText runFile) with
                      | Error why -> warn $"{runFile}: {why}"
                      | Ok run ->
                          match tryFind warn run store with
                          | Some outcome -> run, outcome
                          | None -> () ]
