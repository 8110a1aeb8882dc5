/// What the commands of a terminal have in common.
module internal SimCLR.CommandLine

open System
open System.Globalization
open System.Text.RegularExpressions
open Argu

let fail message = wrongValue message

/// How this program was started, for the first line of its usage: a script by the launcher or by dotnet fsi, or a program of one's own.
let program name =
    let variable = Environment.GetEnvironmentVariable "SIMCLR_LAUNCHER" |> Option.ofObj

    match Script.path (), variable, Option.ofObj Environment.ProcessPath with
    | Some script, Some launcher, _ -> $"{launcher} run {script}"
    | Some script, None, _ -> $"dotnet fsi {script}"
    | None, _, Some path when IO.Path.GetFileNameWithoutExtension path <> "dotnet" -> IO.Path.GetFileName path
    | None, _, _ -> name

let orFail result =
    match result with
    | Ok value -> value
    | Error message -> fail message

/// What Argu says of wrong arguments in the first line of its message; below it stands the usage, from which near names are taken.
let private oneLine (message: string) =
    let line = message.Split '\n' |> Array.head |> _.Trim()
    let line = if line.StartsWith "ERROR: " then line.Substring 7 else line

    let known =
        Regex.Matches(message, @"(?m)^ {4}(--?[a-z][\w-]*|[a-z]+(?= <options>))")
        |> Seq.map _.Groups[1].Value
        |> List.ofSeq

    let near =
        match Regex.Match(line, "'([^']+)'") with
        | quoted when quoted.Success && not (List.contains quoted.Groups[1].Value known) ->
            Near.byKey id quoted.Groups[1].Value known
        | _ -> []

    $"{line.TrimEnd '.'}.{Near.question near} --help lists what there is."

let private parseWith<'T when 'T :> IArgParserTemplate>
    program
    ignoreUnknown
    (arguments: string list)
    : ParseResults<'T> =
    Culture.useInvariant ()

    let parser =
        ArgumentParser.Create<'T>(programName = program, checkStructure = false)

    try
        parser.ParseCommandLine(
            inputs = List.toArray arguments,
            raiseOnUsage = true,
            ignoreUnrecognized = ignoreUnknown
        )
    with :? ArguParseException as error when error.ErrorCode <> ErrorCode.HelpText ->
        fail (oneLine error.Message)

/// Reads arguments, in the same way in every language of the system. Raises ArgumentException with a line that says what is wrong, or Argu's
/// exception with the usage, where that is asked for.
let parse<'T when 'T :> IArgParserTemplate> program (arguments: string list) : ParseResults<'T> =
    parseWith program false arguments

/// The same, and what it does not know. Raises ArgumentException where that is nearly something that it does.
let parseSome<'T when 'T :> IArgParserTemplate> program (arguments: string list) : ParseResults<'T> * string list =
    let results = parseWith<'T> program true arguments

    let known =
        results.Parser.GetArgumentCases()
        |> List.collect (fun case -> case.CommandLineNames.Value)

    let unknown = results.UnrecognizedCliParams

    for word in unknown do
        match Near.byKey id (word.Split('=')[0]) known with
        | near when word.StartsWith "--" && not near.IsEmpty ->
            fail
                $"There is no {word} here.{Near.question near} What belongs to the script and is like it comes last, after \"--\"."
        | _ -> ()

    results, unknown

/// The number that an argument gives.
let number name (text: string) =
    match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
    | true, number -> number
    | _ when text.Contains ',' -> fail $"{name} is '{text}', which is no number: write {text.Replace(',', '.')}."
    | _ -> fail $"{name} is '{text}', which is no number; write one such as 0.25."

/// Splits PATH=VALUE.
let assignment name (text: string) =
    match text.IndexOf '=' with
    | -1
    | 0 -> fail $"{name} is '{text}'; write PATH=VALUE, for example Loss.Temperature=0.1."
    | at -> text.Substring(0, at).Trim(), text.Substring(at + 1).Trim()
