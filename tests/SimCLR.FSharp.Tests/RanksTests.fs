/// Sweeps by several processes together, started as a user starts them: mpirun -n 2 ./simclr run SCRIPT.
[<Xunit.Trait("group", "slow")>]
module SimCLR.Tests.RanksTests

open System
open System.Diagnostics
open System.IO
open SimCLR
open Xunit

/// Two runs, checkpoints every second, and a loss that does on a rank what the file "do" says of it, after some steps: "1 throw", "0 throw", "1 die". While there is a
/// file "slow", steps are.
let private script =
    $"""
#load @"{Launcher.root}/scripts/load.fsx"
open System
open System.Diagnostics
open System.IO
open System.Threading
open SimCLR
open TorchSharp

let rank = Environment.GetEnvironmentVariable "OMPI_COMM_WORLD_RANK"
let mutable steps = 0

let mine =
    Loss.Define(
        "mine",
        1,
        [],
        fun _ (a: torch.Tensor) (b: torch.Tensor) ->
            // Not where the loss is tried before the sweep.
            if a.shape[0] = 64L then
                steps <- steps + 1

                if File.Exists "slow" then
                    Thread.Sleep 300

            if steps = 12 && File.Exists "do" then
                File.WriteAllText("done", "")

                match File.ReadAllText("do").Trim().Split ' ' with
                | [| who; "throw" |] when who = rank -> failwith "planted"
                | [| who; "die" |] when who = rank -> Process.GetCurrentProcess().Kill()
                | _ -> ()

            let n = a.shape[0]
            let z = torch.nn.functional.normalize (torch.cat [| a; b |])
            let logits = z.mm (z.t ()) * 2.0 - torch.eye (2L * n) * 100.0
            let positives = torch.cat [| torch.arange (n, 2L * n); torch.arange n |]
            torch.nn.functional.cross_entropy (logits, positives)
    )

let run =
    {{ Run.shapes with
        Images = {{ Source = ImageSource.Shapes {{ Train = 640; Test = 620; Size = 16 }}; TrainLimit = None }}
        ViewA = View.crop 16 >-> View.flip
        ViewB = View.crop 16 >-> View.flip
        Encoder = Encoder.SmallConv [ 8; 16 ]
        Schedule = Schedule.cosine 0.0
        Loss = mine []
        BatchSize = 64
        Epochs = 2
        Evaluation =
            Evaluation.standard
            |> Evaluation.measuring
                [
                    Measurement.OnlineProbe 0.1
                    Measurement.HeadProbe
                    Measurement.LinearSgd
                        {{
                            Epochs = 2
                            BatchSize = 64
                            LearningRate = LearningRate.Linear 0.1
                            WeightDecay = 0.0
                            Decay = Decay.Cosine
                            Optimizer = None
                        }}
                ] }}

let sweep = Sweep.fromArgs "sweep" Load.arguments

Grid.from run
|> Grid.seeds [ 0; 1 ]
|> Sweep.main
    {{ sweep with
        Executor = {{ sweep.Executor with CheckpointEvery = Some(TimeSpan.FromSeconds 1.0) }} }}
"""

let private mpirun = "/usr/bin/mpirun.openmpi"

/// In a folder with that script.
let private inFolder test =
    Assert.SkipUnless(File.Exists mpirun, "mpirun.openmpi is not installed (Debian: openmpi-bin)")

    Launcher.inFolder (fun folder ->
        File.WriteAllText(Path.Combine(folder, "sweep.fsx"), script)
        test folder)

let private environment =
    [
        "OMPI_ALLOW_RUN_AS_ROOT", "1"
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"
        "OMP_NUM_THREADS", "1"
    ]

let private arguments = [ "run"; "sweep.fsx"; "--device"; "cpu"; "--threads"; "1" ]

/// Begins the sweep on so many ranks, with more arguments.
let private startWith more ranks folder =
    let arguments = arguments @ more

    if ranks = 1 then
        Launcher.startWith environment folder arguments
    else
        Launcher.startProgram
            mpirun
            environment
            folder
            ([
                "--oversubscribe"
                "--bind-to"
                "none"
                "-n"
                string ranks
                Path.Combine(Launcher.root, "simclr")
             ]
             @ arguments)

let private start ranks folder = startWith [] ranks folder

let private store folder =
    Store.ofFolder (Path.Combine(folder, "results", "runs"))

let private outcomes folder =
    Store.all failwith (store folder) |> List.sortBy (fun (run, _) -> run.Seed)

/// What the sweep comes to by one process that nothing stops.
let private expected =
    lazy
        (Launcher.inFolder (fun folder ->
            File.WriteAllText(Path.Combine(folder, "sweep.fsx"), script)
            let code, _, errors = start 1 folder |> Launcher.finish
            Assert.True((code = 0), errors)
            outcomes folder))

/// The figures of both runs, each near what it should be.
let private compare folder =
    let found = outcomes folder
    Assert.Equal<Run list>(List.map fst expected.Value, List.map fst found)

    for (_, expected), (run, found) in List.zip expected.Value found do
        Assert.Empty found.Failures

        Assert.Equal<(string * string) list>(
            [ for f in expected.Figures -> f.Of, f.Name ],
            [ for f in found.Figures -> f.Of, f.Name ]
        )

        for a, b in List.zip expected.Figures found.Figures do
            // Accuracies are of 620 images: a few may lie on a border.
            let limit =
                if a.Unit = FigureUnit.Share then
                    0.01
                else
                    0.002 * max 1.0 (abs a.Value)

            Assert.True(abs (a.Value - b.Value) <= limit, $"{run.Seed}: {a.Of} {a.Name} is {b.Value}, not {a.Value}")

let private count (part: string) (text: string) = text.Split(part).Length - 1

[<Fact>]
let ``Ranks train and measure together, and the first alone writes and speaks`` () =
    inFolder (fun folder ->
        let code, said, errors = start 3 folder |> Launcher.finish
        Assert.True((code <> 0), "a batch of 64 cannot be shared by 3")
        Assert.Contains("BatchSize is 64, which 3 ranks cannot share evenly", said + errors)
        Directory.Delete(Path.Combine(folder, "results"), true)

        let code, said, errors = start 2 folder |> Launcher.finish
        Assert.True((code = 0), errors + said)
        compare folder
        Assert.Equal(1, count "report.html" said)

        for run, _ in outcomes folder do
            match Store.tryProvenance run (store folder) with
            | Some provenance -> Assert.Equal(2, provenance.Ranks)
            | None -> Assert.Fail "there is no provenance"

        // One process has nothing left to do.
        let code, said, errors = start 1 folder |> Launcher.finish
        Assert.True((code = 0), errors + said)
        Assert.DoesNotContain("step", errors))

/// Stops a sweep of so many ranks once there is a checkpoint, and has it go on on others.
let private goesOn first signal code next =
    inFolder (fun folder ->
        let slow = Path.Combine(folder, "slow")
        File.WriteAllText(slow, "")
        let started = start first folder
        let clock = Stopwatch.StartNew()

        let checkpoints () =
            let trainings = Path.Combine(folder, "results", "runs", "trainings")

            if Directory.Exists trainings then
                Directory.GetFiles(trainings, "step-*.safetensors", SearchOption.AllDirectories)
            else
                [||]

        while checkpoints().Length = 0 do
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes 2.0, "there is no checkpoint")
            Threading.Thread.Sleep 100

        Launcher.signal signal started
        let ended, said, errors = Launcher.finish started
        Assert.True((ended = code), $"{ended}: {said} {errors}")
        Assert.Empty(outcomes folder)
        File.Delete slow

        let ended, said, errors = start next folder |> Launcher.finish
        Assert.True((ended = 0), errors + said)
        Assert.Contains("Goes on from the checkpoint of step", said + errors)
        Assert.Contains("under other conditions", said + errors)
        compare folder)

[<Fact>]
let ``What two ranks began, one process brings to its end`` () = goesOn 2 "USR2" 140 1

[<Fact>]
let ``What one process began, two ranks bring to its end`` () =
    Launcher.needCtrlC ()
    goesOn 1 "INT" 130 2

[<Theory>]
[<InlineData("1 throw", "Rank 1 of 2 ends all: Exception: planted")>]
[<InlineData("0 throw", "Rank 0 of 2 ends all: Exception: planted")>]
[<InlineData("1 die", "exited on signal 9")>]
[<InlineData("0 die", "exited on signal 9")>]
let ``A rank that throws or is killed ends the others, and the same command goes on`` (what: string, message: string) =
    inFolder (fun folder ->
        let plan = Path.Combine(folder, "do")
        File.WriteAllText(plan, what)
        let started = start 2 folder
        let code, said, errors = Launcher.finish started
        let since = DateTime.UtcNow - File.GetLastWriteTimeUtc(Path.Combine(folder, "done"))
        Assert.True(since < TimeSpan.FromSeconds 30.0, $"the others ended after {since}")
        Assert.NotEqual(0, code)
        Assert.Contains(message, said + errors)
        Assert.Empty(outcomes folder)
        File.Delete plan
        let code, said, errors = start 2 folder |> Launcher.finish
        Assert.True((code = 0), errors + said)
        compare folder)

/// A training that is stuck at the loss of a network that tells nothing.
let private stuck =
    $"""
#load @"{Launcher.root}/scripts/load.fsx"
open SimCLR

let run =
    {{ Run.shapes with
        Images = {{ Source = ImageSource.Shapes {{ Train = 40; Test = 20; Size = 16 }}; TrainLimit = None }}
        ViewA = View.crop 16 >-> View.flip
        ViewB = View.crop 16 >-> View.flip
        Encoder = Encoder.SmallConv [ 8; 16 ]
        Schedule = Schedule.cosine 0.0
        LearningRate = LearningRate.Fixed 1e-9
        BatchSize = 10
        Epochs = 60 }}
    |> Run.withTemperature 1e4

Grid.from run |> Sweep.main (Sweep.fromArgs "sweep" Load.arguments)
"""

[<Fact>]
let ``A training that learns nothing ends on both ranks, goes on on both when asked, and again for want of its encoder``
    ()
    =
    inFolder (fun folder ->
        File.WriteAllText(Path.Combine(folder, "sweep.fsx"), stuck)
        let code, said, errors = start 2 folder |> Launcher.finish
        Assert.True((code = 1), errors + said)
        Assert.Contains("learnt nothing", said + errors)
        Assert.Empty(outcomes folder)

        let ends more =
            let code, said, errors = startWith more 2 folder |> Launcher.finish
            Assert.True((code = 0), errors + said)
            let run, outcome = List.exactlyOne (outcomes folder)
            Assert.Equal(240L, outcome.Steps)
            Assert.InRange(outcome.Figure "collapsed at step", 101.0, 239.0)
            Assert.Equal(2, (Store.tryProvenance run (store folder)).Value.Ranks)
            Store.encoderOf run (store folder)

        let encoder = ends [ "--continue-collapsed" ]
        File.Delete encoder
        ends [ "--keep-encoder" ] |> ignore
        Assert.True(File.Exists encoder, "it was not trained again"))
