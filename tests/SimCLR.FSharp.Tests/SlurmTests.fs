/// Sweeps on a real Slurm of one node.
[<Xunit.Trait("group", "slow")>]
module SimCLR.Tests.SlurmTests

open System
open System.IO
open SimCLR
open SimCLR.Tests.Slurm
open Xunit

/// Three runs of which two last for as long as there is a file of the name "slow", and checkpoints every second.
let private script =
    $"""
#load @"{Launcher.root}/scripts/load.fsx"
open System
open System.IO
open System.Threading
open SimCLR

let tiny =
    {{ Run.shapes with
        Images = {{ Source = ImageSource.Shapes {{ Train = 40; Test = 20; Size = 16 }}; TrainLimit = None }}
        ViewA = View.crop 16 >-> View.flip
        ViewB = View.crop 16 >-> View.flip
        Encoder = Encoder.SmallConv [ 8; 16 ]
        Schedule = Schedule.cosine 0.0
        BatchSize = 10 }}

let slow: Observer =
    function
    | Event.Stepped(run, _) when run.Epochs > 1 && File.Exists "slow" -> Thread.Sleep 1000
    | _ -> ()

let sweep = Sweep.fromArgs "sweep" Load.arguments

let executor =
    {{ sweep.Executor with
        CheckpointEvery = Some(TimeSpan.FromSeconds 1.0)
        Observer = Observer.all [ sweep.Executor.Observer; slow ] }}

Grid.from tiny
|> Grid.vary "epochs" Run.shortened [ 1; 20; 21 ]
|> Sweep.main {{ sweep with Executor = executor }}
"""

/// A folder with that sweep, submitted as two tasks.
let private submitted (more: string list) test =
    use slurm = new Slurm()

    Launcher.inFolder (fun folder ->
        let inFolder name = Path.Combine(folder, name)
        File.WriteAllText(inFolder "sweep.fsx", script)
        File.WriteAllText(inFolder "slow", "")

        let cluster arguments =
            Launcher.startWith slurm.Environment folder ("cluster" :: arguments)
            |> Launcher.finish

        let code, said, errors =
            cluster (
                [
                    "slurm"
                    "sweep.fsx"
                    "--device"
                    "cpu"
                    "--threads"
                    "1"
                    "--partition"
                    "low"
                    "--array"
                    "2"
                ]
                @ more
            )

        Assert.True((code = 0), errors)
        Assert.StartsWith("Job ", said)
        test slurm folder cluster)

let private logs folder =
    [
        for path in
            Directory.GetFiles(Path.Combine(folder, "results", "cluster"), "*.txt")
            |> Array.sort -> File.ReadAllText path
    ]

let private allLogs folder = String.concat "\n" (logs folder)

let private store folder =
    Store.ofFolder (Path.Combine(folder, "results", "runs"))

/// The processes that have runs of which there are checkpoints.
let private holders folder =
    let trainings = Path.Combine(folder, "results", "runs", "trainings")

    [
        if Directory.Exists trainings then
            for path in Directory.GetFiles(trainings, "step-*.safetensors", SearchOption.AllDirectories) do
                let training: string = Path.GetDirectoryName(Path.GetDirectoryName path)

                match StoreFolder.holder training with
                | Some holder -> training, int (holder.Split(' ')[0])
                | None -> ()
    ]
    |> List.distinct

/// Until two tasks have a run each, and a checkpoint of it.
let private untilBothTrain folder =
    until 120.0 (fun () -> (holders folder).Length = 2) (fun () -> allLogs folder)
    holders folder

/// Lets the sweep come to its end, and looks at what it came to.
let private ends (slurm: Slurm) folder cluster =
    File.Delete(Path.Combine(folder, "slow"))

    let stored () =
        (Store.all failwith (store folder)).Length

    until
        180.0
        (fun () ->
            slurm.BeginNow()
            (slurm.Tasks()).IsEmpty && stored () = 3)
        (fun () -> $"{stored ()} runs are stored. {slurm.Situation} {allLogs folder}")

    let code, said, errors = cluster [ "status" ]
    Assert.True((code = 0), errors)
    Assert.Contains("sweep: 3 runs: 3 done, 0 failed, 0 running, 0 waiting", said)

let private goesOn = "Goes on from the checkpoint of step "

[<Fact>]
let ``Tasks share a sweep, and go on from a checkpoint when their time limit has come`` () =
    submitted [ "--time"; "10"; "--notice"; "60" ] (fun slurm folder cluster ->
        untilBothTrain folder |> ignore
        slurm.Limit 2

        until 120.0 (fun () -> logs folder |> List.forall _.Contains("Queued again (code 140).")) (fun () ->
            allLogs folder)

        slurm.Limit 10
        ends slurm folder cluster
        // Either task may take the run of the other.
        Assert.Equal(2, (allLogs folder).Split(goesOn).Length - 1))

[<Fact>]
let ``A task that is preempted is queued again, and takes the run of one that was killed`` () =
    submitted [ "--time"; "10" ] (fun slurm folder cluster ->
        let before = untilBothTrain folder |> List.map fst
        let code, said, errors = cluster [ "status" ]
        Assert.True((code = 0), errors)
        Assert.Contains("sweep: 3 runs: 1 done, 0 failed, 2 running, 0 waiting", said)
        Assert.Contains("_0 simclr-sweep RUNNING", said)
        let killed = fst (slurm.Tasks().Head)
        slurm.Ask("scancel", [ "--signal=KILL"; "--full"; killed ]) |> ignore
        until 60.0 (fun () -> (slurm.Tasks()).Length = 1) (fun () -> allLogs folder)
        let left = fst (slurm.Tasks().Head)

        slurm.Ask("sbatch", [ "--partition=high"; "--exclusive"; "--output=/dev/null"; "--wrap"; "sleep 1" ])
        |> ignore

        // The other job waits, too, before it drives the task out.
        until 60.0 (fun () -> slurm.Tasks() |> List.contains (left, "PENDING")) (fun () ->
            $"{slurm.Situation} {allLogs folder}")

        ends slurm folder cluster
        // The killed one was not started again.
        let log = Assert.Single(logs folder |> List.filter _.Contains(goesOn))
        Assert.Contains("interrupted; it goes on from the checkpoint of step", log)
        Assert.Equal(2, log.Split(goesOn).Length - 1)
        Assert.All(before, fun taken -> Assert.True(File.Exists(Path.Combine(taken, "figures.json")))))

let private parent (number: int) =
    let status = $"/proc/{number}/status"

    if File.Exists status then
        File.ReadLines status
        |> Seq.tryPick (fun line ->
            if line.StartsWith "PPid:" then
                Some(int (line.Substring(5).Trim()))
            else
                None)
        |> Option.filter (fun number -> number > 1)
    else
        None

[<Fact>]
let ``When a node has gone and come back, its tasks begin again and go on from their checkpoints`` () =
    submitted [ "--time"; "10" ] (fun slurm folder cluster ->
        let processes = untilBothTrain folder |> List.map snd

        let scripts =
            [
                for line in slurm.Ask("scontrol", [ "listpids" ]).Split('\n') |> Seq.skip 1 ->
                    int (line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0])
            ]
            |> List.filter (fun number -> number > 0)

        // What watches the scripts first: it would tell Slurm that they have ended.
        slurm.LosePower((scripts |> List.choose parent |> List.distinct) @ scripts @ processes)
        slurm.ComeBack()
        ends slurm folder cluster
        Assert.All(logs folder, fun log -> Assert.Contains("Goes on", log)))

[<Fact>]
let ``What Slurm refuses is said in its words, and nothing is queued`` () =
    use slurm = new Slurm()

    Launcher.inFolder (fun folder ->
        File.WriteAllText(Path.Combine(folder, "sweep.fsx"), script)

        let code, _, errors =
            Launcher.startWith
                slurm.Environment
                folder
                [ "cluster"; "slurm"; "sweep.fsx"; "--time"; "10"; "--partition"; "nowhere" ]
            |> Launcher.finish

        Assert.Equal(2, code)
        Assert.Contains("sbatch refused", errors)
        Assert.Contains("invalid partition", errors)
        Assert.Empty(slurm.Tasks()))
