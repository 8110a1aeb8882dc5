/// Which runs of a store are meant.
module internal SimCLR.RunsSearch

open System
open System.Globalization
open System.IO
open System.Text.RegularExpressions

/// Something of a store that a hash names.
[<RequireQualifiedAccess>]
type Named =
    | Run of trainingFolder: string * file: string
    | Training of folder: string

    /// The folder of its training.
    member named.Folder =
        match named with
        | Run(folder, _)
        | Training folder -> folder

let private several hash (paths: string list) =
    let shown =
        paths
        |> List.truncate 5
        |> List.map Path.GetFileNameWithoutExtension
        |> String.concat ", "

    CommandLine.fail $"'{hash}' begins {paths.Length} hashes, such as {shown}; write more of the one that is meant."

/// The run or else the training whose hash begins so. With a store alone it is a function that finds any number of hashes in one listing.
let find store : string -> Named =
    let trainings = StoreListing.trainings store

    let files =
        [
            for folder in trainings do
                for file in StoreListing.runFiles folder -> folder, file
        ]

    fun hash ->
        let begins (path: string) =
            (Path.GetFileNameWithoutExtension path).StartsWith(hash, StringComparison.Ordinal)

        match files |> List.filter (snd >> begins), trainings |> Array.filter begins |> List.ofArray with
        | [ run ], _ -> Named.Run run
        | [], [ folder ] -> Named.Training folder
        | [], [] ->
            CommandLine.fail
                $"There is no run and no training '{hash}' in {store.Folder}; './simclr runs list' lists the runs."
        | [], folders -> several hash folders
        | runs, _ -> several hash (List.map snd runs)

/// A condition of --where.
type Condition =
    {
        Column: string
        Sign: string
        Value: string
    }

let number (text: string) =
    match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
    | true, number -> Some number
    | _ -> None

let condition (text: string) =
    match Regex.Match(text, @"^\s*(.+?)\s*(>=|<=|=|>|<)\s*(.*?)\s*$") with
    | parts when parts.Success ->
        let sign, value = parts.Groups[2].Value, parts.Groups[3].Value

        if sign <> "=" && (number value |> Option.forall Double.IsNaN) then
            CommandLine.fail
                $"--where is '{text}', and '{value}' is no number; write one after {sign}, for example \"Epochs{sign}5\"."

        {
            Column = parts.Groups[1].Value
            Sign = sign
            Value = value
        }
    | _ ->
        CommandLine.fail
            $"--where is '{text}'; write PATH=VALUE, or a number after >, <, >= or <=, for example Loss.Temperature=0.1."

/// Whether a run fits, whose columns are looked up by name. Numbers are compared as numbers: 0.1 is 1e-1.
let holds (lookUp: string -> string option) condition =
    match lookUp condition.Column with
    | None -> false
    | Some value ->
        match condition.Sign, number value, number condition.Value with
        | "=", Some a, Some b -> a = b
        | "=", _, _ -> value = condition.Value
        | ">", Some a, Some b -> a > b
        | "<", Some a, Some b -> a < b
        | ">=", Some a, Some b -> a >= b
        | "<=", Some a, Some b -> a <= b
        | _ -> false

/// Fails where no run has a column of that name.
let checkColumn argument (known: string list) name =
    if not (known.IsEmpty || List.contains name known) then
        let last (path: string) =
            path.Substring(path.LastIndexOf '.' + 1)

        let near = (Near.byKey id name known @ Near.byKey last name known) |> List.distinct

        CommandLine.fail
            $"{argument} names '{name}', which no run has.{Near.question near} './simclr runs export FILE.csv' writes all names."
