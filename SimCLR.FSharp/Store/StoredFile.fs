/// Values in files: written whole or not at all, and read with a word on what is wrong with them.
module internal SimCLR.StoredFile

open System
open System.IO
open System.Text.Json
open SimCLR.Core.Runtime

/// Writes a value as JSON.
let write (path: string) (value: 'T) =
    AtomicFile.WriteText(path, Json.write value + "\n")

/// Writes values as JSON, one to a line.
let writeLines (path: string) (values: 'T list) =
    AtomicFile.WriteText(
        path,
        values
        |> List.map (fun value -> Json.writeLine value + "\n")
        |> String.concat ""
    )

/// A file of the store holds what this version does not know: nothing is to be written in its place.
type OtherVersionException(message: string) =
    inherit Exception(message)

/// Whether a file is JSON to its end, so that what cannot be read of it is of another version, or was written by hand.
let private isWhole (path: string) =
    try
        use _document = JsonDocument.Parse(File.ReadAllText path)
        true
    with :? JsonException ->
        false

/// The value of a file; an error says that it is damaged. A file that cannot be read at the moment (a share that is away, too many open
/// files, a right that is missing) is no damage: that raises the system's error.
let read<'T> (path: string) : Result<'T, string> =
    Json.read<'T>(File.ReadAllText path)
    |> Result.mapError (fun why -> $"{path} is damaged: {why.TrimEnd '.'}")

/// Renames a file that is of no use to *.damaged; what is to be said of it. In a store that may only be read it stays where it is.
let putAside (path: string) =
    let name = Path.GetFileName path
    let renamed = $"{name} was renamed to {name}.damaged"

    try
        File.Move(path, path + ".damaged", overwrite = true)
        renamed
    with
    | :? FileNotFoundException -> renamed // By another that has read it.
    | :? IOException
    | :? UnauthorizedAccessException as error ->
        $"{name} could not be renamed to {name}.damaged ({error.Message.TrimEnd '.'})"

/// The value of a file, if there is one and it is whole. A damaged one is put aside, one of another version stays, and the warning says so and what it means.
let tryRead<'T> (warn: string -> unit) (consequence: string) (path: string) : 'T option =
    if not (File.Exists path) then
        None
    else
        match read<'T> path with
        | Ok value -> Some value
        | Error why when isWhole path ->
            warn $"{why}, or of another version. It stays as it is, and {consequence}."
            None
        | Error why ->
            warn $"{why}. {putAside path}, and {consequence}."
            None

/// Raises OtherVersionException where a file is there that would be written over, and holds what this version does not know.
let refuseOther<'T> (path: string) =
    if File.Exists path then
        match read<'T> path with
        | Error why when isWhole path ->
            raise (
                OtherVersionException
                    $"{why}, or of another version. Go on with the version that wrote it, or move it away: nothing is written over it."
            )
        | _ -> ()

/// The values of a file of one to a line, up to the first that is damaged, and the number of that line.
let readLines<'T> (path: string) : 'T list * int option =
    if File.Exists path then
        let results = File.ReadAllLines path |> Array.map Json.read<'T>

        results |> Seq.takeWhile Result.isOk |> Seq.choose Result.toOption |> Seq.toList,
        results |> Array.tryFindIndex Result.isError |> Option.map ((+) 1)
    else
        [], None
