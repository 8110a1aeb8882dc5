namespace SimCLR

open System
open System.ComponentModel
open System.Diagnostics
open System.IO
open Argu
open SimCLR.Core.Runtime

/// Sweeps on clusters, from a terminal: jobs for Slurm and Kubernetes, and how far they are.
[<RequireQualifiedAccess>]
module Cluster =

    let private usage =
        "Name what is asked for: slurm SCRIPT ..., kubernetes SCRIPT ... or status. Each has --help."

    let private program verb = $"./simclr cluster {verb}"

    /// The launcher that starts tasks, by its whole path.
    let private launcher () =
        match Environment.GetEnvironmentVariable "SIMCLR_LAUNCHER" |> Option.ofObj with
        | Some path when File.Exists path -> Path.GetFullPath path
        | _ -> CommandLine.fail "Tasks are started by the launcher: use ./simclr cluster."

    /// What a program says, and whether it went well; None where it is not on PATH.
    let private tryRun (name: string) (arguments: string list) =
        try
            let info =
                ProcessStartInfo(name, arguments, RedirectStandardOutput = true, RedirectStandardError = true)

            use started = Process.Start info
            let errors = started.StandardError.ReadToEndAsync()
            let said = started.StandardOutput.ReadToEnd()
            started.WaitForExit()
            Some(started.ExitCode = 0, said.Trim(), errors.Result.Trim())
        with :? Win32Exception ->
            None

    let private check problems =
        if not (List.isEmpty problems) then
            CommandLine.fail (String.concat Environment.NewLine problems)

    let private submit (path: string) =
        match tryRun "sbatch" [ "--parsable"; path ] with
        | Some(true, id, warnings) ->
            if warnings <> "" then
                eprintfn "%s" warnings

            printfn $"Job {id} is submitted ({path}). ./simclr cluster status says how far it is; scancel {id} ends it."
            0
        | Some(_, _, errors) -> CommandLine.fail $"sbatch refused {path}: {errors}"
        | None -> CommandLine.fail "sbatch has gone from PATH."

    let private slurm (arguments: string list) =
        let arguments, own =
            ClusterJob.split<SlurmArgument> (program "slurm SCRIPT ARGUMENTS") arguments

        let job =
            ClusterJob.make
                own
                (arguments.TryGetResult SlurmArgument.Name)
                (arguments.TryGetResult SlurmArgument.Array)
                (arguments.TryGetResult SlurmArgument.Ranks)
                (arguments.TryGetResult SlurmArgument.Gpus)
                (arguments.TryGetResult SlurmArgument.Cpus)
                (arguments.TryGetResult SlurmArgument.Memory)

        let settings: SlurmJob.Settings =
            {
                Partition = arguments.TryGetResult SlurmArgument.Partition
                Time = arguments.TryGetResult SlurmArgument.Time
                Notice = arguments.GetResult(SlurmArgument.Notice, defaultValue = 120)
                Mpi = arguments.TryGetResult SlurmArgument.Mpi
                Setup = arguments.GetResults SlurmArgument.Setup
                Options = arguments.GetResults SlurmArgument.Option
            }

        check (SlurmJob.problems settings)
        let logs = Path.GetFullPath(Path.Combine("results", "cluster"))

        let text =
            SlurmJob.text (launcher ()) Environment.CurrentDirectory logs job settings

        if arguments.Contains SlurmArgument.Dry_Run then
            printf "%s" text
            0
        elif (tryRun "sbatch" [ "--version" ]).IsNone then
            CommandLine.fail
                "sbatch is not on PATH, so that nothing can be submitted to Slurm from here: use a login node of the cluster. --dry-run prints the job file."
        else
            let path = Path.Combine(logs, $"{job.Name}.sbatch")
            // Slurm makes no folder for what tasks print.
            Directory.CreateDirectory logs |> ignore
            AtomicFile.WriteText(path, text)
            submit path

    let private kubernetes (arguments: string list) =
        let arguments, own =
            ClusterJob.split<KubernetesArgument> (program "kubernetes SCRIPT ARGUMENTS") arguments

        let job =
            ClusterJob.make
                own
                (arguments.TryGetResult KubernetesArgument.Name)
                (arguments.TryGetResult KubernetesArgument.Array)
                (arguments.TryGetResult KubernetesArgument.Ranks)
                (arguments.TryGetResult KubernetesArgument.Gpus)
                (arguments.TryGetResult KubernetesArgument.Cpus)
                (arguments.TryGetResult KubernetesArgument.Memory)

        let settings: KubernetesJob.Settings =
            {
                Image = arguments.GetResult(KubernetesArgument.Image, defaultValue = "")
                Claim = arguments.GetResult(KubernetesArgument.Claim, defaultValue = "")
                Queue = arguments.TryGetResult KubernetesArgument.Queue
                Grace = arguments.GetResult(KubernetesArgument.Grace, defaultValue = 120)
            }

        let root: string = Path.GetDirectoryName(launcher ())
        check (KubernetesJob.problems root job settings)
        printf "%s" (KubernetesJob.text root job settings)
        0

    /// What Slurm says of this user's tasks; nothing where there is no Slurm.
    let private queue () =
        match tryRun "squeue" [ "--me"; "--noheader"; "--format=%i %j %T %R" ] with
        | Some(true, said, _) when said <> "" ->
            let tasks = said.Split '\n' |> Array.filter _.Contains(" simclr-")

            if tasks.Length > 0 then
                printfn "Slurm: task, job, state, node or reason"
                tasks |> Array.iter (printfn "  %s")
        | _ -> ()

    let private status (arguments: string list) =
        let arguments = CommandLine.parse<StatusArgument> (program "status") arguments

        let store =
            arguments.GetResult(StatusArgument.Store, defaultValue = Path.Combine("results", "runs"))

        // Tasks that wait have written nothing yet.
        queue ()

        ClusterStatus.lines (Store.ofFolder store) (arguments.GetResult(StatusArgument.Sweeps, defaultValue = []))
        |> List.iter (printfn "%s")

        0

    /// Does what the arguments say; the exit code: 0, or 2 where they are wrong or nothing could be submitted.
    let run (arguments: string list) =
        try
            match arguments with
            | "slurm" :: arguments -> slurm arguments
            | "kubernetes" :: arguments -> kubernetes arguments
            | "status" :: arguments -> status arguments
            | [ "--help" ]
            | [ "-h" ] ->
                printfn "%s" usage
                0
            | other -> CommandLine.fail $"""There is no cluster '{String.concat " " other}'. {usage}"""
        with
        | :? ArguParseException as error ->
            printfn "%s" error.Message
            0
        | :? ArgumentException
        | :? InvalidDataException
        | :? IOException
        | :? UnauthorizedAccessException as error ->
            eprintfn "%s" error.Message
            2
