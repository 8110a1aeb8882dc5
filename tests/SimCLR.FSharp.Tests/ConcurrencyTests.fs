module SimCLR.Tests.ConcurrencyTests

open System
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open System.Threading
open SimCLR
open Xunit

let private root = Launcher.root

let private script = Path.Combine(root, "scripts", "temperature.fsx")

/// A sweep of eight runs of about a second.
let private quick = [ "--epochs"; "1"; "--limit"; "600"; "--batch"; "64" ]

/// The numbers of the cells that a sweep computed itself.
let private computed (errors: string) =
    [
        for line in errors.Split '\n' do
            let found = Regex.Match(line, @"\[(\d+)/8\] .*linear [\d.]+ ?%")

            if found.Success && not (line.Contains "stored already") then
                int found.Groups[1].Value
    ]

[<Trait("group", "slow")>]
[<Fact>]
let ``Two sweeps on one store run no cell twice, and a reader sees whole files all the while`` () =
    Launcher.inFolder (fun folder ->
        let sweeps =
            [
                for _ in 1..2 -> Launcher.start folder ([ "run"; script ] @ quick @ [ "--out"; "results/x" ])
            ]

        let store = Store.ofFolder (Path.Combine(folder, "results", "runs"))
        let mutable seen = 0

        while sweeps |> List.exists (fun sweep -> not sweep.Process.HasExited) do
            let all = Store.all failwith store
            Assert.True(all.Length >= seen, "A stored outcome has gone.")
            seen <- all.Length

            let results: Results =
                {
                    Axes = [ "run" ]
                    Cells =
                        [
                            for i, (run, outcome) in List.indexed all ->
                                {
                                    Cell =
                                        {
                                            Coordinates = [ "run", AxisValue.Number(float i) ]
                                            Run = run
                                        }
                                    Result = Ok outcome
                                    Stored = true
                                }
                        ]
                }

            Report.ofResults "reader" store results |> Report.toHtml |> ignore
            Thread.Sleep 50

        let ended = sweeps |> List.map Launcher.finish
        Assert.All(ended, fun (code, _, errors) -> Assert.True((code = 0), errors))

        let cells =
            ended |> List.collect (fun (_, _, errors) -> computed errors) |> List.sort

        Assert.Equal<int list>([ 1..8 ], cells)
        Assert.Equal(8, (Store.all failwith store).Length))

/// The processes that hold a run of the store.
let private holders runs =
    if Directory.Exists(Path.Combine(runs, "trainings")) then
        [
            for path in Directory.GetFiles(Path.Combine(runs, "trainings"), "lock", SearchOption.AllDirectories) do
                // .NET itself does not read a file that is locked.
                let info = ProcessStartInfo("cat", [ path ], RedirectStandardOutput = true)
                use cat = Process.Start info

                match Int32.TryParse(cat.StandardOutput.ReadToEnd().Split(' ')[0]) with
                | true, number -> number
                | _ -> ()
        ]
        |> List.distinct
    else
        []

/// Waits until so many processes have a run: a worker that still looks for one could take that of a killed one before it is missed.
let private waitForHolders count runs =
    let clock = Stopwatch.StartNew()

    while (holders runs).Length < count && clock.Elapsed < TimeSpan.FromMinutes 2.0 do
        Thread.Sleep 100

    holders runs

let private shared =
    [
        "run"
        script
        "--workers"
        "2"
        "--epochs"
        "4"
        "--seeds"
        "1"
        "--limit"
        "1200"
    ]

[<Fact>]
let ``Workers share a sweep, and the run of one that is killed is taken up by another`` () =
    Launcher.inFolder (fun folder ->
        let sweep = Launcher.start folder shared
        let runs = Path.Combine(folder, "results", "runs")
        Process.GetProcessById((waitForHolders 2 runs).Head).Kill()
        let code, _, errors = Launcher.finish sweep
        Assert.True((code = 0), errors)
        Assert.Equal(4, (Store.all failwith (Store.ofFolder runs)).Length)

        // Every run is told once, whoever computed it.
        for number in 1..4 do
            Assert.Equal(1, Regex.Count(errors, $@"(?m)^\[{number}/4\] .*  linear [\d.]+ %%"))

        // All is stored: no worker is started again.
        let code, _, errors = Launcher.run folder shared
        Assert.True((code = 0), errors)
        Assert.DoesNotContain("worker 0", errors))

[<Fact>]
let ``Workers end when the process that started them is killed`` () =
    Launcher.inFolder (fun folder ->
        let sweep = Launcher.start folder shared

        let workers =
            waitForHolders 2 (Path.Combine(folder, "results", "runs"))
            |> List.map Process.GetProcessById

        Assert.Equal(2, workers.Length)
        sweep.Process.Kill()
        Launcher.finish sweep |> ignore

        for worker in workers do
            Assert.True(
                worker.WaitForExit(TimeSpan.FromSeconds 60.0),
                "A worker goes on without the process that started it."
            ))

[<Fact>]
let ``Workers that cannot begin stop the sweep with what is missing`` () =
    Launcher.inFolder (fun folder ->
        let code, _, errors =
            Launcher.run
                folder
                [
                    "run"
                    script
                    "--workers"
                    "2"
                    "--data"
                    "cifar10"
                    "--data-root"
                    "/nowhere"
                ]

        Assert.Equal(2, code)
        Assert.Contains("The workers cannot go on.", errors)
        Assert.Contains("/nowhere", errors))

/// A script of one run of a second, which in a worker does something first.
let private withScript (inWorker: string) test =
    Launcher.inFolder (fun folder ->
        let path = Path.Combine(folder, "dying.fsx")

        File.WriteAllText(
            path,
            $"""
#load "{root}/scripts/load.fsx"
open System
open System.Diagnostics
open SimCLR

let die () = Process.GetCurrentProcess().Kill()
let isWorker = not (isNull (Environment.GetEnvironmentVariable "SIMCLR_WORKER"))

let dying: Observer =
    function
    | Event.Stepped _ -> die ()
    | _ -> ()

let sweep = Sweep.fromArgs "dying" [ "--workers"; "2"; "--out"; "results/dying"; "--epochs"; "1"; "--limit"; "600"; "--batch"; "64" ]
let executor = sweep.Executor
{inWorker}
let mine = {{ sweep with Executor = (if isWorker then {{ executor with Observer = dying }} else executor) }}
Grid.from mine.Baseline |> Grid.vary "temperature" Run.withTemperature [ 0.1 ] |> Sweep.main mine
"""
        )

        test (Launcher.run folder [ "run"; path ]))

[<Trait("group", "slow")>]
[<Fact>]
let ``A run whose processes die three times without coming further is a failed cell`` () =
    withScript "" (fun (code, output, errors) ->
        Assert.Equal(1, code)
        Assert.Contains("worker died", output + errors))

[<Trait("group", "slow")>]
[<Fact>]
let ``Workers that die before they have a run are not started for ever`` () =
    withScript "if isWorker then die ()" (fun (code, _, errors) ->
        Assert.Equal(2, code)
        Assert.Contains("Workers ended 3 times before they had a run", errors))

/// Two runs: of one a measurement fails, and the other's training in whichever worker has it first, both for want of memory, which is not stored.
let private failing =
    $"""
#load "{root}/scripts/load.fsx"
open System
open SimCLR

let isWorker = not (isNull (Environment.GetEnvironmentVariable "SIMCLR_WORKER"))

let measure _ (train: FeatureTable) _ =
    if train.Count > 12 then raise (OutOfMemoryException "no room to measure")
    [ "x", 1.0 ]

let hungry =
    Measurement.OfFeatures("hungry", 1, [], [ "x", FigureUnit.Plain ], Func<_, _, _, _> measure)

let fails: Observer =
    function
    | Event.Stepped(run, _) when run.BatchSize = 32 -> raise (OutOfMemoryException "no room to train")
    | _ -> ()

let sweep = Sweep.fromArgs "failing" [ "--workers"; "2"; "--out"; "results/failing"; "--epochs"; "1"; "--limit"; "600" ]
let executor = sweep.Executor
let mine =
    {{ sweep with
        Executor = (if isWorker then {{ executor with Observer = Observer.all [ fails; executor.Observer ] }} else executor) }}

Grid.from {{ mine.Baseline with Evaluation = mine.Baseline.Evaluation |> Evaluation.measuring [ hungry [] ] }}
|> Grid.vary "batch" Run.withBatchSize [ 64; 32 ]
|> Sweep.main mine
"""

[<Fact>]
let ``What fails in a worker without being stored is tried by no other process of the sweep`` () =
    Launcher.inFolder (fun folder ->
        let path = Path.Combine(folder, "failing.fsx")
        File.WriteAllText(path, failing)
        let code, _, errors = Launcher.run folder [ "run"; path ]
        Assert.Equal(1, code)
        Assert.Equal(1, Regex.Count(errors, "The measurement 'hungry' failed"))
        Assert.Equal(1, Regex.Count(errors, "FAILED, out of memory: no room to train"))
        Assert.Equal(1, Regex.Count(errors, @"(?m)^\[1/2\] .*hungry: out of memory"))

        // The next sweep tries both again.
        let code, _, errors = Launcher.run folder [ "run"; path ]
        Assert.Equal(1, code)
        Assert.Equal(1, Regex.Count(errors, "The measurement 'hungry' failed"))
        Assert.Equal(1, Regex.Count(errors, "FAILED, out of memory: no room to train")))

[<Fact>]
let ``Workers get GPUs among those that are visible here`` () =
    Assert.Equal<string list>([ "0"; "3" ], Workers.gpusAmong "" [ "0"; "3" ])
    Assert.Equal<string list>([ "6"; "4" ], Workers.gpusAmong "4,5,6" [ "2"; "0" ])
    Assert.Equal<string list>([ "GPU-7f" ], Workers.gpusAmong "GPU-7f" [ "0" ])
    Assert.Equal<string list>([], Workers.gpusAmong "4,5" [])

    let refused visible number =
        Assert.ThrowsAny<ArgumentException>(fun () -> Workers.gpusAmong visible [ number ] |> ignore).Message

    Assert.Contains("shows this process 2 GPU(s): use 0 to 1", refused "4,5" "2")
    Assert.Contains("--gpus has 'first'", refused "" "first")
    Assert.Contains("--gpus has '-1'", refused "" "-1")
