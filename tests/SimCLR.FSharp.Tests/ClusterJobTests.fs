/// What ./simclr cluster slurm and kubernetes take and refuse; job files of Slurm.
module SimCLR.Tests.ClusterJobTests

open System
open System.Diagnostics
open System.IO
open SimCLR
open Xunit

let private temperature = Path.Combine(Launcher.root, "scripts", "temperature.fsx")

let private jobOf arguments =
    let arguments, own = ClusterJob.split<SlurmArgument> "cluster" arguments

    ClusterJob.make
        own
        (arguments.TryGetResult SlurmArgument.Name)
        (arguments.TryGetResult SlurmArgument.Array)
        (arguments.TryGetResult SlurmArgument.Ranks)
        (arguments.TryGetResult SlurmArgument.Gpus)
        (arguments.TryGetResult SlurmArgument.Cpus)
        (arguments.TryGetResult SlurmArgument.Memory)

let private plain: SlurmJob.Settings =
    {
        Partition = None
        Time = None
        Notice = 120
        Mpi = None
        Setup = []
        Options = []
    }

let private refused arguments =
    Assert.ThrowsAny<ArgumentException>(fun () -> jobOf arguments |> ignore).Message

[<Fact>]
let ``What belongs to the cluster and what to the script is told apart wherever it stands`` () =
    let job =
        jobOf
            [
                "--gpus"
                "1"
                temperature
                "--epochs"
                "4"
                "--array"
                "16%4"
                "--set"
                "Loss.Temperature=0.1"
                "--ranks=2"
                "--"
                "--gpus"
                "0,1"
            ]

    Assert.Equal("simclr-temperature", job.Name)
    Assert.Equal(temperature, job.Script)
    Assert.Equal<string list>([ "--epochs"; "4"; "--set"; "Loss.Temperature=0.1"; "--gpus"; "0,1" ], job.Arguments)
    Assert.Equal((16, Some 4, 2, 1), (job.Tasks, job.AtOnce, job.Ranks, job.Gpus))

[<Fact>]
let ``What is wrong is said before anything is written`` () =
    Assert.Contains("Name the script", refused [])
    Assert.Contains("There is no script 'nowhere.fsx'", refused [ "nowhere.fsx" ])
    Assert.Contains("no F# script", refused [ Path.Combine(Launcher.root, "README.md") ])
    Assert.Contains("--array is '4-8'", refused [ temperature; "--array"; "4-8" ])
    Assert.Contains("--array is 0; use 1 to 10000", refused [ temperature; "--array"; "0" ])
    Assert.Contains("use 1 to 4", refused [ temperature; "--array"; "4%9" ])
    Assert.Contains("--ranks is 0", refused [ temperature; "--ranks"; "0" ])
    Assert.Contains("Did you mean --partition?", refused [ temperature; "--partitoin=gpu" ])
    Assert.Contains("1 to 40 letters", refused [ temperature; "--name"; "..." ])

[<Theory>]
[<InlineData("90", 5400.0)>]
[<InlineData("90:30", 5430.0)>]
[<InlineData("02:00:00", 7200.0)>]
[<InlineData("1-12", 129600.0)>]
[<InlineData("1-12:30", 131400.0)>]
[<InlineData("1-12:30:15", 131415.0)>]
let ``Time limits are read as Slurm reads them`` (text: string, seconds: float) =
    Assert.Equal(Some(TimeSpan.FromSeconds seconds), SlurmJob.tryTime text)

[<Fact>]
let ``A time limit that Slurm does not read, or that leaves no time, is refused`` () =
    let problem settings =
        Assert.Single(SlurmJob.problems settings)

    for text in [ "2h"; "1:2:3:4"; ""; "-5"; "12:00:00 " ] do
        Assert.Contains("which Slurm does not read", problem { plain with Time = Some text })

    Assert.Contains("use at least 00:03:00", problem { plain with Time = Some "2" })
    Assert.Empty(SlurmJob.problems { plain with Time = Some "3" })
    Assert.Contains("--option is 'qos'", problem { plain with Options = [ "qos" ] })

/// What bash makes of it.
let private bash (arguments: string list) =
    use started =
        Process.Start(ProcessStartInfo("bash", arguments, RedirectStandardOutput = true))

    let said = started.StandardOutput.ReadToEnd()
    started.WaitForExit()
    started.ExitCode, said

[<Fact>]
let ``Words are passed on by a shell as they are`` () =
    let words =
        [ "plain"; "two words"; "it's"; "$HOME `ls` \"quoted\""; "*"; ""; "a\\b" ]

    let _, said = bash [ "-c"; "printf '%s\\n' " + ClusterJob.words words ]
    Assert.Equal<string list>(words, said.TrimEnd('\n').Split '\n' |> List.ofArray)

let private fileOf job settings =
    SlurmJob.text "/opt/simclr/simclr" "/home/u/my project" "/home/u/my project/results/cluster" job settings

[<Fact>]
let ``A job file says what was asked for`` () =
    let job =
        jobOf
            [
                temperature
                "--seeds"
                "3"
                "--array"
                "16%4"
                "--ranks"
                "4"
                "--gpus"
                "1"
                "--cpus"
                "8"
                "--memory"
                "64G"
            ]

    let text =
        fileOf
            job
            { plain with
                Partition = Some "gpu"
                Time = Some "02:00:00"
                Setup = [ "module load cuda" ]
                Options = [ "--account=lab" ]
            }

    for line in
        [
            "#SBATCH --array=0-15%4"
            "#SBATCH --partition=gpu"
            "#SBATCH --time=02:00:00"
            "#SBATCH --ntasks=4"
            "#SBATCH --gpus-per-task=1"
            "#SBATCH --cpus-per-task=8"
            "#SBATCH --mem=64G"
            "#SBATCH --signal=B:USR2@120"
            "#SBATCH --requeue"
            "#SBATCH --account=lab"
            "#SBATCH --output='/home/u/my project/results/cluster/simclr-temperature-%A_%a.txt'"
            "cd '/home/u/my project' || exit 2"
            "module load cuda"
        ] do
        Assert.Contains(line, text.Split '\n')

    Assert.Contains($"/opt/simclr/simclr run {temperature} --seeds 3 &", text)
    Assert.Contains("mpirun -n 4 bash -c ", text)
    Assert.Contains("srun --mpi=pmix -n 4 /opt/simclr/simclr run", fileOf job { plain with Mpi = Some "pmix" })
    Assert.Contains("\n/opt/simclr/simclr run", fileOf { job with Ranks = 1 } plain)

/// Runs a job file whose sweep and scontrol are scripts: its exit code, and with what scontrol was called.
let private played (sweep: string) (restarts: int) (signal: string) =
    Launcher.inFolder (fun folder ->
        let program name (text: string) =
            let path = Path.Combine(folder, name)
            File.WriteAllText(path, "#!/bin/bash\n" + text)
            File.SetUnixFileMode(path, UnixFileMode.UserRead ||| UnixFileMode.UserWrite ||| UnixFileMode.UserExecute)
            path

        let launcher =
            program "simclr" $"ready() {{ echo $$ >'{folder}/started'; }}\n{sweep}"

        program "scontrol" $"echo \"$@\" >>'{folder}/called'" |> ignore
        let file = Path.Combine(folder, "job")
        File.WriteAllText(file, SlurmJob.text launcher folder folder (jobOf [ temperature ]) plain)
        let info = ProcessStartInfo("bash", [ file ], RedirectStandardOutput = true)
        info.Environment["PATH"] <- folder + ":" + Environment.GetEnvironmentVariable "PATH"
        info.Environment["SLURM_ARRAY_JOB_ID"] <- "7"
        info.Environment["SLURM_ARRAY_TASK_ID"] <- "3"
        info.Environment["SLURM_RESTART_COUNT"] <- string restarts
        use job = Process.Start info

        if signal <> "" then
            while not (File.Exists(Path.Combine(folder, "started"))) do
                Threading.Thread.Sleep 5

            bash [ "-c"; $"sleep 0.2; kill -{signal} {job.Id}" ] |> ignore

        Assert.True(job.WaitForExit(TimeSpan.FromSeconds 30.0), "the task does not end")
        let called = Path.Combine(folder, "called")

        job.ExitCode,
        (if File.Exists called then
             File.ReadAllText(called).Trim()
         else
             ""))

/// A sweep that ends a moment after it was told to, as one that writes a checkpoint.
let private patient =
    "trap 'sleep 0.3; exit 140' USR2; ready; for i in {1..200}; do sleep 0.05; done"

[<Fact>]
let ``A task is queued again when its time is up or its process was killed, and not when it is done, wrong or to end``
    ()
    =
    let again = "requeue 7_3"
    Assert.Equal((0, ""), played "exit 0" 0 "")
    Assert.Equal((1, ""), played "exit 1" 0 "")
    Assert.Equal((2, ""), played "exit 2" 0 "")
    Assert.Equal((140, again), played patient 50 "USR2")
    Assert.Equal((140, ""), played patient 0 "TERM")
    Assert.Equal((137, again), played "kill -9 $$" 2 "")
    Assert.Equal((137, ""), played "kill -9 $$" 3 "")
    Assert.Equal((0, ""), played "trap 'exit 0' USR2; ready; for i in {1..200}; do sleep 0.05; done" 0 "USR2")

[<Fact>]
let ``Without Slurm nothing is written, and a dry run prints the job`` () =
    Launcher.inFolder (fun folder ->
        // Programs of the system, without Slurm's.
        let path = Path.Combine(folder, "bin")
        Directory.CreateDirectory path |> ignore

        for name in
            [
                "bash"
                "readlink"
                "dirname"
                "find"
                "sed"
                "grep"
                "mkdir"
                "touch"
                "uname"
                "dotnet"
                "cat"
            ] do
            let _, found = bash [ "-c"; $"readlink -f $(command -v {name})" ]
            File.CreateSymbolicLink(Path.Combine(path, name), found.Trim()) |> ignore

        let slurm more =
            Launcher.startWith [ "PATH", path ] folder ([ "cluster"; "slurm"; temperature; "--time"; "10" ] @ more)
            |> Launcher.finish

        let code, _, errors = slurm []
        Assert.Equal(2, code)
        Assert.Contains("sbatch is not on PATH", errors)
        let code, printed, errors = slurm [ "--dry-run"; "--epochs"; "4" ]
        Assert.True((code = 0), errors)
        Assert.StartsWith("#!/usr/bin/env bash\n#SBATCH", printed)
        Assert.Contains($"{Launcher.root}/simclr run {temperature} --epochs 4 &", printed)
        Assert.False(Directory.Exists(Path.Combine(folder, "results"))))
