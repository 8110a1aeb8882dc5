/// Job files for Slurm.
module internal SimCLR.SlurmJob

open System
open System.Text.RegularExpressions

/// What only Slurm asks.
type Settings =
    {
        Partition: string option
        Time: string option
        /// Seconds before the time limit at which tasks are told.
        Notice: int
        /// The type of MPI with which srun starts ranks; None: mpirun does.
        Mpi: string option
        /// Lines of bash that come first.
        Setup: string list
        /// Further options of sbatch.
        Options: string list
    }

/// A time limit as Slurm reads it; None: it does not.
let tryTime (text: string) =
    let read pattern (units: float list) =
        match Regex.Match(text, $"^{pattern}$") with
        | found when found.Success ->
            units
            |> List.mapi (fun i seconds -> float found.Groups[i + 1].Value * seconds)
            |> List.sum
            |> TimeSpan.FromSeconds
            |> Some
        | _ -> None

    let number = @"(\d{1,6})"

    [
        read number [ 60.0 ]
        read $"{number}:{number}" [ 60.0; 1.0 ]
        read $"{number}:{number}:{number}" [ 3600.0; 60.0; 1.0 ]
        read $"{number}-{number}" [ 86400.0; 3600.0 ]
        read $"{number}-{number}:{number}" [ 86400.0; 3600.0; 60.0 ]
        read $"{number}-{number}:{number}:{number}" [ 86400.0; 3600.0; 60.0; 1.0 ]
    ]
    |> List.tryPick id

/// All that is wrong with it.
let problems (settings: Settings) =
    [
        yield! Check.between "--notice" 10 86_400 settings.Notice

        match settings.Time with
        | None -> ()
        | Some text ->
            match tryTime text with
            | None ->
                $"--time is '{text}', which Slurm does not read: write minutes, HH:MM:SS or DAYS-HH:MM:SS, for example 02:00:00."
            // Slurm looks at its clock once a minute.
            | Some time when time.TotalSeconds < float (settings.Notice + 60) ->
                $"--time is {text}, and a task is told {settings.Notice} seconds before it ends, or up to a minute earlier: use at least {TimeSpan.FromSeconds(float (settings.Notice + 60))}, or a smaller --notice."
            | Some _ -> ()

        for option in settings.Options do
            if not (option.StartsWith "-") then
                $"--option is '{option}', which is no option of sbatch; write --option=--account=lab, for example."
    ]

let private directives (folder: string) (job: ClusterJob) (settings: Settings) =
    [
        $"--job-name={job.Name}"
        match job.AtOnce with
        | Some atOnce -> $"--array=0-{job.Tasks - 1}%%{atOnce}"
        | None -> $"--array=0-{job.Tasks - 1}"
        yield! settings.Partition |> Option.map (sprintf "--partition=%s") |> Option.toList
        yield! settings.Time |> Option.map (sprintf "--time=%s") |> Option.toList
        $"--ntasks={job.Ranks}"
        yield! job.Cpus |> Option.map (sprintf "--cpus-per-task=%d") |> Option.toList
        if job.Gpus > 0 then
            $"--gpus-per-task={job.Gpus}"
        yield! job.Memory |> Option.map (sprintf "--mem=%s") |> Option.toList
        $"--signal=B:USR2@{settings.Notice}"
        "--requeue"
        "--open-mode=append"
        "--output=" + ClusterJob.quote $"{folder}/{job.Name}-%%A_%%a.txt"
        yield! settings.Options
    ]
    |> List.map (sprintf "#SBATCH %s")

/// The job file: an array of tasks, each of which is the script, started in that folder by the launcher. What they print goes into the folder of logs.
let text (launcher: string) (folder: string) (logs: string) (job: ClusterJob) (settings: Settings) =
    let command = launcher :: "run" :: job.Script :: job.Arguments

    let command =
        match settings.Mpi with
        | Some mpi when job.Ranks > 1 -> "srun" :: $"--mpi={mpi}" :: "-n" :: string job.Ranks :: command
        | _ -> ClusterJob.byMpirun [] job command

    [
        "#!/usr/bin/env bash"
        yield! directives logs job settings
        "#"
        "# Every task of this array takes runs of the sweep that no other task has, until there are none. A task that Slurm tells of its end (USR2)"
        "# writes a checkpoint and is queued again; after TERM it writes a checkpoint and ends: Slurm queues again what it preempts."
        $"cd {ClusterJob.quote folder} || exit 2"
        yield! settings.Setup
        $"export {Workers.TaskVariable}=slurm"
        "told=''"
        "tell() { told=$1; kill -USR2 \"$sweep\" 2>/dev/null; }"
        "trap 'tell requeue' USR2"
        "trap 'tell end' TERM"
        $"{ClusterJob.words command} &"
        "sweep=$!"
        "wait \"$sweep\"; code=$?"
        "# A signal ends the waiting, and not the sweep."
        "while [ -n \"$told\" ] && kill -0 \"$sweep\" 2>/dev/null; do wait \"$sweep\"; code=$?; done"
        "trap '' USR2 TERM"
        "case $told:$code in"
        "*:0 | *:1 | *:2 | end:*) exit $code ;; # All done; done, but some runs failed; wrong arguments; to end."
        "requeue:*) again=yes ;;"
        "# It was killed, or lost its GPU: three times more at most."
        "*) again=$([ \"${SLURM_RESTART_COUNT:-0}\" -lt 3 ] && echo yes) ;;"
        "esac"
        "[ -z \"$again\" ] || { echo \"Queued again (code $code).\"; scontrol requeue \"${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID\"; }"
        "exit $code"
        ""
    ]
    |> String.concat "\n"
