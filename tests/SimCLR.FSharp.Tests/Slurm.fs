/// A Slurm of one node, of Debian's packages, that lives as long as a test.
module SimCLR.Tests.Slurm

open System
open System.Diagnostics
open System.IO
open System.Net
open System.Net.Sockets
open System.Security.Cryptography
open System.Text.RegularExpressions
open System.Threading
open Xunit

let private programs =
    [
        "/usr/sbin/munged"
        "/usr/sbin/slurmctld"
        "/usr/sbin/slurmd"
        "/usr/bin/sbatch"
    ]

/// Skips the test, visibly, where Slurm is not installed or may not be started.
let need () =
    for program in programs do
        Assert.SkipUnless(File.Exists program, $"{program} is not installed (Debian: slurm-wlm, munge)")

    Assert.SkipUnless(Environment.UserName = "root", "only root may start a Slurm")

let private freePort () =
    use listener = new TcpListener(IPAddress.Loopback, 0)
    listener.Start()
    (listener.LocalEndpoint :?> IPEndPoint).Port

/// Waits until something is so; fails with what is said then.
let until (seconds: float) (is: unit -> bool) (otherwise: unit -> string) =
    let clock = Stopwatch.StartNew()

    while not (is ()) do
        if clock.Elapsed.TotalSeconds > seconds then
            Assert.Fail(otherwise ())

        Thread.Sleep 200

/// As Debian's packages of a machine without systemd and cgroups take it. The node has more cores than the machine, so that tasks run side by side.
let private configuration (folder: string) (host: string) =
    $"""ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={freePort ()}
SlurmdPort={freePort ()}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SlurmctldParameters=preempt_send_user_signal
SchedulerParameters=batch_sched_delay=0,sched_interval=1
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
KillWait=20
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=low Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=high Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10
"""

type Slurm() =
    do need ()
    let folder = Directory.CreateTempSubdirectory("simclr-slurm-").FullName
    let inFolder name = Path.Combine(folder, name)
    let host = Dns.GetHostName().Split('.')[0]

    let call (program: string) (arguments: string list) =
        let info =
            ProcessStartInfo(program, arguments, RedirectStandardOutput = true, RedirectStandardError = true)

        info.Environment["SLURM_CONF"] <- inFolder "slurm.conf"
        use started = Process.Start info
        let errors = started.StandardError.ReadToEndAsync()
        let said = started.StandardOutput.ReadToEnd()
        started.WaitForExit()
        started.ExitCode, said.Trim(), errors.Result.Trim()

    let ask program arguments =
        match call program arguments with
        | 0, said, _ -> said
        | code, said, errors -> failwith $"{program} ended with {code}: {said} {errors}"

    let startDaemon program arguments =
        // Its standard streams outlive it: they are not this process's.
        let words = String.concat " " (program :: arguments)
        ask "bash" [ "-c"; $"{words} >/dev/null 2>>{folder}/errors" ] |> ignore

    let pid name =
        let path = inFolder name

        if File.Exists path then
            Some(int (File.ReadAllText(path).Trim()))
        else
            None

    let kill name =
        match pid name with
        | Some number ->
            try
                use daemon = Process.GetProcessById number
                daemon.Kill()
            with :? ArgumentException ->
                ()
        | None -> ()

    let state () =
        ask "sinfo" [ "--noheader"; "--format=%T" ]

    let startNode () =
        startDaemon "slurmd" []

        until
            30.0
            (fun () ->
                call "sinfo" [ "--noheader"; "--format=%T" ]
                |> fun (_, said, _) -> said.StartsWith "idle")
            (fun () -> $"the node is {state ()}; {folder}/slurmd.log says why")

    do
        File.SetUnixFileMode(folder, enum<UnixFileMode> 0o755)

        for name in [ "state"; "spool" ] do
            Directory.CreateDirectory(inFolder name) |> ignore

        File.WriteAllBytes(inFolder "munge.key", RandomNumberGenerator.GetBytes 128)
        File.SetUnixFileMode(inFolder "munge.key", UnixFileMode.UserRead)
        File.WriteAllText(inFolder "slurm.conf", configuration folder host)
        File.WriteAllText(inFolder "cgroup.conf", "CgroupPlugin=cgroup/v1\n")

        startDaemon
            "munged"
            [
                "--force"
                $"--key-file={folder}/munge.key"
                $"--socket={folder}/munge.socket"
                $"--pid-file={folder}/munged.pid"
                $"--log-file={folder}/munged.log"
                $"--seed-file={folder}/munge.seed"
            ]

        startDaemon "slurmctld" [ "-i" ]
        startNode ()

    /// What a user's environment has.
    member _.Environment = [ "SLURM_CONF", inFolder "slurm.conf" ]

    /// Calls one of Slurm's programs; what it says.
    member _.Ask(program, arguments) = ask program arguments

    /// The tasks that are not over, with their states.
    member _.Tasks() =
        [
            for line in (ask "squeue" [ "--noheader"; "--array"; "--format=%i %T" ]).Split('\n') do
                match line.Split ' ' with
                | [| id; state |] -> id, state
                | _ -> ()
        ]

    /// Sets the time limit of all tasks to so many minutes from now, rounded up.
    member slurm.Limit(minutes: int) =
        for id, _ in slurm.Tasks() do
            let elapsed = ask "squeue" [ "--noheader"; $"--jobs={id}"; "--format=%M" ]
            let whole = elapsed.Split(':') |> Array.rev |> Array.item 1 |> int

            ask "scontrol" [ "update"; $"JobId={id}"; $"TimeLimit={whole + minutes}" ]
            |> ignore

    /// Slurm lets tasks that are queued again wait two minutes; they begin now.
    member slurm.BeginNow() =
        for id, state in slurm.Tasks() do
            if state = "PENDING" then
                call "scontrol" [ "update"; $"JobId={id}"; "StartTime=now" ] |> ignore

    /// The node loses its power: whatever runs there ends at once, and nobody tells Slurm.
    member slurm.LosePower(processes: int list) =
        kill "slurmd.pid"

        for number in processes do
            try
                use process' = Process.GetProcessById number
                process'.Kill()
            with :? ArgumentException ->
                ()

        ask "scontrol" [ "update"; $"NodeName={host}"; "State=DOWN"; "Reason=power" ]
        |> ignore

    /// And comes back. Slurm may have taken it again by itself; it refuses to do so twice. What Slurm had still to tell the node
    /// has been told then: the end of the tasks that were there would end the same tasks, begun again within a second.
    member slurm.ComeBack() =
        startDaemon "slurmd" []

        until
            60.0
            (fun () ->
                match state () with
                | "idle"
                | "mixed"
                | "allocated" -> true
                | _ ->
                    call "scontrol" [ "update"; $"NodeName={host}"; "State=RESUME" ] |> ignore
                    Thread.Sleep 1000
                    false)
            (fun () -> $"The node does not come back. {slurm.Situation}")

        let told () =
            let said = ask "sdiag" []

            [ "queue size"; "count" ]
            |> List.forall (fun what -> Regex.IsMatch(said, $@"^Agent {what}:\s+0\s", RegexOptions.Multiline))

        until 60.0 told (fun () -> ask "sdiag" [])

    /// The node, the tasks and why they wait.
    member _.Situation =
        let _, nodes, _ = call "sinfo" [ "--noheader"; "--Node"; "--format=%N %T %E" ]
        let _, tasks, _ = call "squeue" [ "--noheader"; "--array"; "--format=%i %T %r %S" ]
        $"Nodes: {nodes}. Tasks: {tasks}."

    interface IDisposable with
        member slurm.Dispose() =
            for id, _ in slurm.Tasks() do
                call "scancel" [ "--signal=KILL"; "--full"; id ] |> ignore

            call "scontrol" [ "shutdown" ] |> ignore

            until 20.0 (fun () -> (pid "slurmd.pid").IsNone && (pid "slurmctld.pid").IsNone) (fun () ->
                "Slurm does not end")

            kill "munged.pid"
            Directory.Delete(folder, true)
