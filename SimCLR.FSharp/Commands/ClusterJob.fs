namespace SimCLR

open System
open System.IO
open System.Text.RegularExpressions
open Argu

/// A sweep that is to be computed by the tasks of a cluster: each is the script itself, and takes runs from the store that all share.
type internal ClusterJob =
    {
        /// In letters that both Slurm and Kubernetes take.
        Name: string
        Script: string
        /// The script's own.
        Arguments: string list
        Tasks: int
        /// At most so many at once.
        AtOnce: int option
        /// Processes that compute a run together.
        Ranks: int
        /// Of every process.
        Gpus: int
        Cpus: int option
        Memory: string option
    }

[<RequireQualifiedAccess>]
module internal ClusterJob =

    let private fail message = CommandLine.fail message

    /// How tasks are counted on a cluster, at most.
    let private mostTasks = 10_000

    /// Reads what belongs to the cluster, and leaves what belongs to the script: the rest, and all after "--".
    let split<'T when 'T :> IArgParserTemplate> program (arguments: string list) : ParseResults<'T> * string list =
        let ours = arguments |> List.takeWhile ((<>) "--")
        let theirs = arguments |> List.skip (min arguments.Length (ours.Length + 1))
        let results, unknown = CommandLine.parseSome<'T> program ours
        results, unknown @ theirs

    /// "16" or "16%4": tasks, and how many at once.
    let private array (text: string) =
        match Regex.Match(text, @"^(\d{1,9})(?:%(\d{1,9}))?$") with
        | found when found.Success ->
            let tasks = int found.Groups[1].Value

            let atOnce =
                if found.Groups[2].Success then
                    Some(int found.Groups[2].Value)
                else
                    None

            [
                yield! Check.between "--array" 1 mostTasks tasks
                yield! atOnce |> Option.toList |> List.collect (Check.between "--array N%M: M" 1 tasks)
            ],
            (tasks, atOnce)
        | _ ->
            [
                $"--array is '{text}'; write how many tasks, for example 16, or 16%%4 for at most four at once."
            ],
            (1, None)

    let private nameOf (script: string) (name: string option) =
        let plain =
            name
            |> Option.defaultValue (Path.GetFileNameWithoutExtension script)
            |> fun name -> Regex.Replace(name.ToLowerInvariant(), "[^a-z0-9]+", "-").Trim('-')

        if plain.Length = 0 || plain.Length > 40 then
            fail
                $"'{Option.defaultValue script name}' makes no name of a job: --name needs 1 to 40 letters, digits and hyphens."

        plain

    /// A job of the script that comes first among those arguments. Raises ArgumentException with all that is wrong.
    let make
        (own: string list)
        (name: string option)
        (tasks: string option)
        (ranks: int option)
        (gpus: int option)
        (cpus: int option)
        memory
        =
        let script, arguments =
            match own with
            | script :: arguments when not (script.StartsWith '-') -> script, arguments
            | [] -> fail "Name the script that is to run, for example scripts/temperature.fsx."
            | other :: _ -> fail $"The script comes before its arguments, and '{other}' is none; write SCRIPT first."

        let wrongArray, (tasks, atOnce) = array (Option.defaultValue "1" tasks)

        let wrong =
            [
                if not (File.Exists script) then
                    $"There is no script '{script}' in {Environment.CurrentDirectory}."
                elif Path.GetExtension script <> ".fsx" then
                    $"'{script}' is no F# script; its name would end with .fsx."

                yield! wrongArray

                yield! Check.between "--ranks" 1 4096 (Option.defaultValue 1 ranks)
                yield! Check.between "--gpus" 0 64 (Option.defaultValue 0 gpus)
                yield! cpus |> Option.toList |> List.collect (Check.between "--cpus" 1 1024)
            ]

        if not wrong.IsEmpty then
            fail (String.concat Environment.NewLine wrong)

        {
            Name = $"simclr-{nameOf script name}"
            Script = script
            Arguments = arguments
            Tasks = tasks
            AtOnce = atOnce
            Ranks = Option.defaultValue 1 ranks
            Gpus = Option.defaultValue 0 gpus
            Cpus = cpus
            Memory = memory
        }

    /// A word of a shell, whatever is in it.
    let quote (word: string) =
        if Regex.IsMatch(word, "^[A-Za-z0-9_./:=,@%+-]+$") then
            word
        else
            "'" + word.Replace("'", @"'\''") + "'"

    let words (command: string list) =
        command |> List.map quote |> String.concat " "

    /// Gives each rank of a machine one of the GPUs that the job has there, by number.
    let private ownGpu =
        "rank=${OMPI_COMM_WORLD_LOCAL_RANK:-${MPI_LOCALRANKID:-0}}; gpus=(${CUDA_VISIBLE_DEVICES//,/ }); "
        + "[ ${#gpus[@]} -lt 2 ] || export CUDA_VISIBLE_DEVICES=${gpus[rank % ${#gpus[@]}]}; exec \"$@\""

    /// The command of a task by mpirun with further options, where several ranks compute.
    let byMpirun (options: string list) (job: ClusterJob) (command: string list) =
        if job.Ranks = 1 then
            command
        else
            [
                "mpirun"
                "-n"
                string job.Ranks
                yield! options
                if job.Gpus > 0 then
                    yield! [ "bash"; "-c"; ownGpu; "rank" ]
                yield! command
            ]
