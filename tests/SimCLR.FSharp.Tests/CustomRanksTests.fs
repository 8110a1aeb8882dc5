/// Components of one's own, trained by several processes together.
module SimCLR.Tests.CustomRanksTests

open System
open System.Diagnostics
open System.IO
open SimCLR
open Xunit

/// A run of parts that a script brings along: view, encoder, head, loss, and a figure that ends the training.
let private script =
    """
open SimCLR
open SimCLR.Core.Views
open TorchSharp
open type TorchSharp.torch.nn

type Layer = torch.nn.Module<torch.Tensor, torch.Tensor>

let dimmed =
    View.Define(
        "dimmed",
        1,
        [ ("least", 0.5) ],
        (fun s batch generator ->
            [ ("factor", torch.rand (batch.Count, generator = generator) * (1.0 - s["least"]) + s["least"]) ]),
        fun _ images drawn -> images * drawn["factor"].view (-1L, 1L, 1L, 1L)
    )

let strided =
    Encoder.Define(
        "strided",
        1,
        [ ("width", 8.0) ],
        fun s channels ->
            let width = int64 (s.Whole "width")

            let layers: Layer array =
                [|
                    Conv2d(channels, width, 3L, stride = 2L)
                    new SimCLR.Core.Encoders.BatchNorm(width)
                    ReLU()
                    AdaptiveAvgPool2d 1L
                    Flatten()
                |]

            width, Sequential layers
    )

let wide =
    Head.Define("wide", 1, [], (fun _ size -> 16L, Sequential(Linear(size, 32L) :> Layer, GELU(), Linear(32L, 16L))))

let invariance =
    Loss.Define("invariance", 1, [ ("weight", 4.0) ], fun s a b -> s["weight"].ToScalar() * (a - b).square().mean () + (1.0.ToScalar() - a.std ()).relu ())

let images = Measurement.OfFeatures("images", 1, [], [ ("count", FigureUnit.Plain) ], fun _ _ heldOut -> [ ("count", float heldOut.Count) ])

let run =
    { Run.shapes with
        ViewA = Run.shapes.ViewA >-> dimmed []
        ViewB = Run.shapes.ViewB >-> dimmed []
        Images = { Run.shapes.Images with TrainLimit = Some 256 }
        Epochs = 6
        BatchSize = 32
    }
    |> Run.withEncoder (strided [])
    |> Run.withHead (wide [])
    |> Run.withLoss (invariance [])
    |> Run.withMonitor (Monitor.every 1 [ Monitored.knn; Monitored.custom (images []) ] |> Monitor.stopping "validation images count" 2)

let sweep = Sweep.fromArgs "ranks" Load.arguments

Grid.from run
|> Grid.varyBy "trained" id [ "loss", id; "method", Run.withMethod (Follower.follower [ ("momentum", 0.9) ]) ]
|> Sweep.main sweep
"""

/// Runs the script in that folder, by so many processes.
let private execute (folder: string) ranks =
    let folder =
        (Directory.CreateDirectory(Path.Combine(folder, string<int> ranks))).FullName

    let path = Path.Combine(folder, "ranks.fsx")
    let load = Path.Combine(Launcher.root, "scripts", "load.fsx")
    let follower = Path.Combine(Launcher.root, "scripts", "own", "follower.fsx")
    File.WriteAllText(path, $"#load \"{load}\"\n#load \"{follower}\"\n" + script)
    let simclr = Path.Combine(Launcher.root, "simclr")
    let arguments = [ simclr; "run"; path ]

    let command =
        if ranks = 1 then
            arguments
        else
            [ "mpirun.openmpi"; "--oversubscribe"; "--bind-to"; "none"; "-n"; string ranks ]
            @ arguments

    let start =
        ProcessStartInfo(
            command.Head,
            command.Tail,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    // The tests may run as root, in a container.
    for name in
        [
            "OMPI_ALLOW_RUN_AS_ROOT"
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"
            "OMP_NUM_THREADS"
        ] do
        start.Environment[name] <- "1"

    use launched = Process.Start start

    let output, errors =
        launched.StandardOutput.ReadToEndAsync(), launched.StandardError.ReadToEndAsync()

    launched.WaitForExit()
    Assert.True((launched.ExitCode = 0), output.Result + errors.Result)

    // The curves as they are stored, by the hash of their training.
    Map
        [
            for path in Directory.GetFiles(folder, "metrics.jsonl", SearchOption.AllDirectories) do
                Path.GetFileName(Path.GetDirectoryName path),
                [
                    for line in File.ReadAllLines path do
                        use point = Text.Json.JsonDocument.Parse line
                        let figures = point.RootElement.GetProperty "Figures"

                        [
                            for figure in figures.EnumerateObject() -> figure.Name, figure.Value.GetDouble()
                        ]
                ]
        ]

[<Trait("group", "slow")>]
[<Fact>]
let ``A script's own view, encoder, head, loss, method and monitor come to the same on two ranks as on one`` () =
    Assert.SkipUnless(File.Exists "/usr/bin/mpirun.openmpi", "mpirun.openmpi is not installed (Debian: openmpi-bin)")

    Launcher.inFolder (fun folder ->
        let alone, together = execute folder 1, execute folder 2
        Assert.Equal(2, alone.Count)
        Assert.Equal<string seq>(alone.Keys, together.Keys)

        for hash in alone.Keys do
            // 8 steps of an epoch, ended by its figure after three.
            Assert.Equal(24, alone[hash].Length)
            Assert.Equal(24, together[hash].Length)

            for expected, actual in List.zip alone[hash] together[hash] do
                Assert.Equal<string list>(List.map fst expected, List.map fst actual)

                for (name, a), (_, b) in List.zip expected actual do
                    Assert.True(abs (a - b) <= 1e-3 * max 1.0 (abs a), $"{name}: {a}, {b}"))
