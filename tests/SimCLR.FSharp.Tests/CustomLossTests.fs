/// Losses of one's own, from their definition to what is stored of them.
module SimCLR.Tests.CustomLossTests

open System.IO
open System.Threading
open SimCLR
open SimCLR.Core.Losses
open SimCLR.Core.Runtime
open SimCLR.Tests.Samples
open TorchSharp
open Xunit

let private variance (z: torch.Tensor) =
    (1.0 - (z.var (0L, unbiased = true) + 1e-4).sqrt()).relu().mean()

let private covariance (z: torch.Tensor) =
    let z = z - z.mean ([| 0L |], keepdim = true)
    let c = z.t().mm(z) / float (z.shape[0] - 1L)
    (c.square().sum() - c.diagonal().square().sum()) / float z.shape[1]

let private vicReg =
    Loss.Define(
        "test-vicreg",
        1,
        [ "invariance", 25.0; "variance", 25.0; "covariance", 1.0 ],
        fun s a b ->
            s["invariance"] * (a - b).square().mean()
            + s["variance"] * (variance a + variance b) / 2.0
            + s["covariance"] * (covariance a + covariance b)
    )

/// The same in values, without a tensor.
let private vicRegOf (invariance: float, spread: float, covariances: float) (a: Value) (b: Value) =
    let terms (z: Value) =
        let centred = z - Value.rowMean z
        let c = Value.dot (Value.transpose centred) centred / float (Value.count z - 1)
        let diagonal = Value.diagonal c
        let hinge = Value.relu (1.0 - (diagonal + 1e-4) ** 0.5) |> Value.mean

        let off =
            (Value.sum (c ** 2.0) - Value.sum (diagonal ** 2.0))
            / float (Value.count diagonal)

        hinge, off

    let (hingeA, offA), (hingeB, offB) = terms a, terms b

    invariance * Value.mean ((a - b) ** 2.0)
    + spread * (hingeA + hingeB) / 2.0
    + covariances * (offA + offB)

let private inValues =
    Loss.OfValues(
        "test-vicreg-values",
        1,
        [ "invariance", 25.0; "variance", 25.0; "covariance", 1.0 ],
        fun s a b -> vicRegOf (s["invariance"], s["variance"], s["covariance"]) a b
    )

let private execute executor grid =
    Execution.execute CancellationToken.None executor grid

/// Batch norm with running statistics: whether views pass together or apart is the same then.
let private still run =
    { run with
        MicroBatches = Some { Size = 5; FreezeBatchNorm = true }
    }

let private losses outcome =
    [ for point in outcome.Curve -> point.Figures["loss"] ]

let private assertNear (expected: float list) (actual: float list) =
    Assert.Equal(expected.Length, actual.Length)

    for x, y in List.zip expected actual do
        Assert.Equal(x, y, 1e-5 * abs x)

[<Fact>]
let ``VICReg as a loss of one's own trains as the method does, in parts too, and so it does in values`` () =
    Samples.withFolder (fun folder ->
        let builtIn = tiny |> Run.withMethod Method.vicReg |> still

        let own loss =
            { builtIn with
                Method = Method.SimClr
                Loss = loss
            }

        let outcome run = executor folder |> Execution.run run
        let expected = losses (outcome builtIn)
        Assert.Equal(8, expected.Length)
        Assert.True(expected[7] < expected[0], $"{expected}")
        assertNear expected (losses (outcome (own (vicReg []))))
        assertNear expected (losses (outcome (own (inValues []))))
        // Its settings reach it.
        Assert.NotEqual<float list>(expected, losses (outcome (own (vicReg [ "covariance", 5.0 ])))))

[<Fact>]
let ``A loss in values has the derivative that differences show`` () =
    let a =
        [|
            [| 0.3; -1.2; 0.7 |]
            [| 1.1; 0.4; -0.6 |]
            [| -0.9; 0.2; 0.1 |]
            [| 0.5; 1.5; -1.0 |]
        |]

    let b =
        [|
            [| 0.1; -1.0; 0.9 |]
            [| 0.8; 0.6; -0.2 |]
            [| -1.1; 0.3; 0.4 |]
            [| 0.7; 1.1; -1.3 |]
        |]

    let f (a, b) = vicRegOf (25.0, 25.0, 1.0) a b
    Assert.True(Diff.check (Space.pair Space.matrix Space.matrix) f (a, b) < 1e-7)

[<Fact>]
let ``A loss of one's own is trained with whole and in parts alike, up to rounding`` () =
    Samples.withFolder (fun folder ->
        let run parts =
            { tiny with
                Loss = inValues []
                MicroBatches = Some { Size = parts; FreezeBatchNorm = true }
            }

        let curve parts =
            losses (executor folder |> Execution.run (run parts))

        assertNear (curve 10) (curve 3))

let private problems loss =
    Samples.withFolder (fun folder -> Executor.problems (Grid.from (tiny |> Run.withLoss loss)) (executor folder))

[<Fact>]
let ``What a loss does wrong is said before anything is trained`` () =
    let wrong =
        [
            "give a scalar", Loss.Define("wrong-shape", 1, [], (fun _ a b -> (a - b).square().sum(1L)))
            "no gradient", Loss.Define("wrong-detached", 1, [], (fun _ a b -> (a - b).detach().square().mean()))
            "no gradient", Loss.Define("wrong-constant", 1, [], (fun _ _ _ -> torch.ones(1L).requires_grad_().sum()))
            "guard logarithms", Loss.Define("wrong-nan", 1, [], (fun _ a b -> (a - b).log().mean()))
            "gradient is not finite", Loss.Define("wrong-root", 1, [], (fun _ a _ -> (a - a).sqrt().mean()))
            "changes the embeddings",
            Loss.Define(
                "wrong-change",
                1,
                [],
                (fun _ a b ->
                    a.detach().mul_(b.detach ()) |> ignore
                    (a - b).square().mean())
            )
            "asked again", Loss.Define("wrong-random", 1, [], (fun _ a b -> ((a - b) * torch.rand 1L).square().mean()))
            "it fails on six embeddings", Loss.Define("wrong-size", 1, [], (fun _ a _ -> a.mm(a).mean()))
            "no setting 'w'", Loss.Define("wrong-setting", 1, [ "v", 1.0 ], (fun s a _ -> s["w"] * a.mean ()))
        ]

    for expected, loss in wrong do
        let problem = Assert.Single(problems (loss []))
        Assert.Contains(expected, problem)

    Assert.Empty(problems (vicReg []))
    Assert.Empty(problems (inValues []))

[<Fact>]
let ``Every loss of this library keeps the contract`` () =
    let losses: ILoss list =
        [
            NtXent()
            NtLogistic 0.5
            MarginTriplet 0.8
            Dcl 0.5
            HardNegative(0.5, 1.0, 0.1)
            SupCon 0.5
        ]

    for loss in losses do
        Assert.Empty(LossContract.Check loss)

/// A loss that this file defines.
let private defineIn name path scale =
    Loss.Define(
        name,
        1,
        [ "scale", 1.0 ],
        (fun s a b -> scale * s["scale"] * (a - b).square().mean() + (1.0 - a.std ()).relu()),
        path
    )

[<Fact>]
let ``Results of another source are told of and not used, unless they are trusted or the version is raised`` () =
    Samples.withFolder (fun folder ->
        let path = Path.Combine(folder, "mine.fsx")
        File.WriteAllText(path, "first")
        let first = tiny |> Run.withLoss (defineIn "sourced" path 1.0 [])
        let here = executor folder
        Assert.False((execute here (Grid.from first)).Cells[0].Stored)
        Assert.True((execute here (Grid.from first)).Cells[0].Stored)

        let provenance = (Store.tryProvenance first here.Store).Value
        let source = Assert.Single provenance.Custom
        Assert.Equal(("loss", "sourced", 1, "mine.fsx"), (source.Kind, source.Name, source.Version, source.File))

        File.WriteAllText(path, "second")
        defineIn "sourced" path 2.0 |> ignore
        let problem = Assert.Single(Executor.problems (Grid.from first) here)
        Assert.Contains("The custom loss 'sourced', version 1, is another now", problem)
        Assert.Contains("mine.fsx", problem)
        Assert.Contains("--trust-custom", problem)

        Assert.Throws<WrongValueException>(fun () -> execute here (Grid.from first) |> ignore)
        |> ignore

        // Runs that have nothing to do with it are executed.
        Assert.Empty(Executor.problems (Grid.from tiny) here)
        let trusting = { here with TrustCustom = true }
        Assert.True((execute trusting (Grid.from first)).Cells[0].Stored))

[<Fact>]
let ``An interrupted training of another source is not taken up`` () =
    Samples.withFolder (fun folder ->
        let path = Path.Combine(folder, "mine.fsx")
        File.WriteAllText(path, "first")

        let run =
            { tiny with
                Epochs = 200
                Loss = defineIn "interrupted" path 1.0 []
            }

        use stop = new CancellationTokenSource()

        let here =
            { executor folder with
                CheckpointEvery = Some System.TimeSpan.Zero
                Observer =
                    function
                    | Event.Stepped _ -> stop.Cancel()
                    | _ -> ()
            }

        Execution.execute stop.Token here (Grid.from run) |> ignore
        Assert.True(Directory.Exists(Path.Combine(Store.folderOf run here.Store, "checkpoint")))
        File.WriteAllText(path, "second")
        defineIn "interrupted" path 2.0 |> ignore
        Assert.Single(Executor.problems (Grid.from run) here) |> ignore
        Assert.Empty(Executor.problems (Grid.from run) { here with TrustCustom = true }))

/// Draws pairs together, and keeps each dimension's deviation up.
let private simple =
    Loss.Define("test-resumed", 1, [], fun _ a b -> (a - b).square().mean() + 0.1 * (variance a + variance b))

/// An optimizer with two states and the number of its steps.
let private counting =
    Optimizer.Define(
        "test-counting",
        1,
        [],
        [ "mean"; "square" ],
        fun _ step ->
            let mean =
                step.States["mean"].mul_(0.9.ToScalar()).add_(step.Gradients, alpha = 0.1.ToScalar())

            let square =
                step.States["square"].mul_(0.99.ToScalar()).addcmul_(step.Gradients, step.Gradients, 0.01.ToScalar())

            let below = (square / (1.0 - 0.99 ** float step.Step)).sqrt() + 1e-8
            step.Weights.addcdiv_ (mean, below, (-step.Rate).ToScalar()) |> ignore
    )

[<Fact>]
let ``An interrupted training by a loss and an optimizer of one's own, in parts, goes on to the same numbers bit for bit``
    ()
    =
    Samples.withFolder (fun folder ->
        for frozen in [ false; true ] do
            let run =
                { tiny with
                    Epochs = 6
                    Loss = simple []
                    Optimizer = counting []
                    LearningRate = LearningRate.Fixed 1e-3
                    MicroBatches = Some { Size = 5; FreezeBatchNorm = frozen }
                }

            let whole = executor (Path.Combine(folder, $"whole-{frozen}"))
            let expected = whole |> Execution.run run
            use stop = new CancellationTokenSource()
            let here = executor (Path.Combine(folder, $"parts-{frozen}"))

            let interrupted =
                { here with
                    CheckpointEvery = Some System.TimeSpan.Zero
                    Observer =
                        function
                        | Event.Stepped(_, stage) when stage.Point.Step >= 11L -> stop.Cancel()
                        | _ -> ()
                }

            Execution.execute stop.Token interrupted (Grid.from run) |> ignore
            Assert.True(Directory.Exists(Path.Combine(Store.folderOf run here.Store, "checkpoint")))
            let outcome = here |> Execution.run run
            Assert.Equal(24, outcome.Curve.Length)
            Assert.Equal<float list>(losses expected, losses outcome)

            Assert.Equal<byte array>(
                File.ReadAllBytes(Store.encoderOf run whole.Store),
                File.ReadAllBytes(Store.encoderOf run here.Store)
            ))

[<Fact>]
let ``What failed by another source is tried again`` () =
    Samples.withFolder (fun folder ->
        let path = Path.Combine(folder, "mine.fsx")
        let here = executor folder

        /// Fails in training, on batches larger than the contract's.
        let define fails =
            Loss.Define(
                "failing",
                1,
                [],
                (fun _ a b ->
                    if fails && a.shape[0] > 6L then
                        failwith "not yet"

                    (a - b).square().mean() + (1.0 - a.std ()).relu()),
                path
            )

        File.WriteAllText(path, "first")
        let run = tiny |> Run.withLoss (define true [])
        Assert.True((execute here (Grid.from run)).Cells[0].Result.IsError)
        Assert.True((execute here (Grid.from run)).Cells[0].Stored)
        File.WriteAllText(path, "second")
        define false |> ignore
        let cell = (execute here (Grid.from run)).Cells[0]
        Assert.False cell.Stored
        Assert.True(cell.Result.IsOk, $"{cell.Result}"))

[<Trait("group", "slow")>]
[<Fact>]
let ``The example of a loss of one's own runs with workers, in a dry run, and from the store`` () =
    Launcher.inFolder (fun folder ->
        let script = Path.Combine(Launcher.root, "scripts", "own-loss.fsx")
        let quick = [ "run"; script; "--preset"; "smoke"; "--limit"; "256" ]
        let code, output, errors = Launcher.run folder (quick @ [ "--dry-run" ])
        Assert.True((code = 0), errors)
        Assert.Contains("Nothing was trained", output)
        let code, _, errors = Launcher.run folder (quick @ [ "--workers"; "2" ])
        Assert.True((code = 0), errors)
        let code, output, errors = Launcher.run folder quick
        Assert.True((code = 0), errors)
        Assert.Contains("VICReg without variance", output)
        Assert.DoesNotContain("img/s", errors))
