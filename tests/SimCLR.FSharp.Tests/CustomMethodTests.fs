/// Methods of one's own, from their definition to a training.
module SimCLR.Tests.CustomMethodTests

open System
open System.Collections.Generic
open System.IO
open System.Threading
open SimCLR
open SimCLR.Core.Losses
open SimCLR.Core.Methods
open SimCLR.Core.Training
open SimCLR.Tests.Samples
open TorchSharp
open Xunit

/// What a test changes in the method below.
[<RequireQualifiedAccess>]
type private Fault =
    | None
    | HiddenState
    | LossMoves
    | TooFewFigures
    | NoGradient
    | Draws

/// Each view's z is to find, among the batch, what networks that follow make of the other view: MoCo v3 without its predictor and queue.
type private Follower(context: MethodContext, momentum: float, temperature: float, fault: Fault) =
    let target = new Target(context, MomentumSchedule(momentum, momentum))
    let mutable hidden = 1.0

    let branches =
        [|
            Branch(context.Online, [| 0 |])
            Branch(context.Online, [| 1 |])
            Branch(target.Networks, [| 0 |], WithGradient = false)
            Branch(target.Networks, [| 1 |], WithGradient = false)
        |]

    let groups = context.Online.Groups()
    let unit (z: torch.Tensor) = torch.nn.functional.normalize z

    let towards (z: Embedding) (key: Embedding) =
        let scores =
            (unit z.Projection).mm((unit key.Projection).t()) / temperature.ToScalar()

        torch.nn.functional.cross_entropy (scores, torch.arange (scores.shape[0], device = scores.device))

    interface IMethod with
        member _.Networks = [| context.Online; target.Networks |]
        member _.Evaluated = context.Online
        member _.Groups = groups
        member _.Branches = branches

        member _.State =
            dict [ for entry in target.Networks.State -> $"target.{entry.Key}", entry.Value ]
            |> Dictionary
            :> _

        member _.Figures = Health.Figures
        member _.Collapses = [| Collapse.OfEmbeddings "Raise the momentum." |]

        member _.Loss(embeddings, _) =
            let loss = towards embeddings[0] embeddings[3] + towards embeddings[1] embeddings[2]

            match fault with
            | Fault.HiddenState -> loss * hidden.ToScalar()
            | Fault.LossMoves ->
                hidden <- 1.1 * hidden
                loss * hidden.ToScalar()
            | Fault.NoGradient -> (loss.detach () + 0.0 * loss)
            | Fault.Draws -> loss * torch.rand(1L).squeeze()
            | _ -> loss

        member _.AfterStep(_, input) =
            hidden <- 1.5 * hidden
            target.Follow input.Step

        member _.Measure(loss, embeddings) =
            let figures = Health.Of(loss, embeddings[0].Projection)

            if fault = Fault.TooFewFigures then
                [| figures[0] |]
            else
                figures

        member _.Dispose() = target.Dispose()

let private define name fault =
    Method.Define(
        name,
        1,
        [ "momentum", 0.9; "temperature", 0.2 ],
        fun s context -> new Follower(context, s["momentum"], s["temperature"], fault)
    )

let private follower = define "test-follower" Fault.None
let private run = tiny |> Run.withMethod (follower [])

let private outcomeOf run =
    Samples.withFolder (fun folder -> executor folder |> Execution.run run)

let private curve outcome = outcome.Curve |> List.map _.Figures

[<Fact>]
let ``It is a value like others: JSON, code, paths, hash`` () =
    Assert.Equal(Loss.OfMethod, run.Loss)
    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Equal(Ok(run |> Run.withMethod (follower [ "momentum", 0.5 ])), Run.set "Method.Settings.momentum" "0.5" run)
    Assert.Contains("Method.Custom", Run.toCode run)
    Assert.Equal("test-follower", Method.name run.Method)
    Assert.Empty(Run.problems run)

[<Fact>]
let ``It is trained, and its figures stand in the curve`` () =
    let outcome = outcomeOf run
    let first = outcome.Curve.Head.Figures
    Assert.Equal<string Set>(set [ "loss"; "embedding deviation"; "effective rank"; "gradient norm" ], set first.Keys)
    // ln of 10 images in both directions, where nothing is known.
    Assert.InRange(first["loss"], log 10.0, 3.0 * log 10.0)
    Assert.Empty outcome.Failures

[<Fact>]
let ``A momentum of 0 is a target that copies: its loss is that of the networks themselves`` () =
    let withMomentum momentum =
        curve (outcomeOf (run |> Run.withMethod (follower [ "momentum", momentum ])))

    Assert.NotEqual<Map<string, float> list>(withMomentum 0.0, withMomentum 0.99)

[<Fact>]
let ``A batch in parts comes to what a whole one comes to`` () =
    let parts size =
        outcomeOf
            { run with
                MicroBatches = Some { Size = size; FreezeBatchNorm = true }
            }

    for whole, part in List.zip (curve (parts 20)) (curve (parts 7)) do
        Assert.Equal(whole["loss"], part["loss"], 1e-4)

[<Fact>]
let ``An interrupted training goes on to the same numbers`` () =
    Samples.withFolder (fun folder ->
        let run = { run with Epochs = 4 }
        let expected = outcomeOf run
        use stop = new CancellationTokenSource()

        let interrupted =
            { executor folder with
                CheckpointEvery = Some TimeSpan.Zero
                Observer =
                    function
                    | Event.Stepped(_, stage) when stage.Point.Step >= 5L -> stop.Cancel()
                    | _ -> ()
            }

        Execution.execute stop.Token interrupted (Grid.from run) |> ignore
        Assert.True(Directory.Exists(Path.Combine(Store.folderOf run interrupted.Store, "checkpoint")))
        let outcome = executor folder |> Execution.run run
        Assert.Equal<Map<string, float> list>(curve expected, curve outcome)
        Assert.Equal(expected.LinearTop1, outcome.LinearTop1))

[<Fact>]
let ``What a method does wrong is said before anything is trained`` () =
    let problems method =
        Samples.withFolder (fun folder ->
            Executor.problems (Grid.from (tiny |> Run.withMethod method)) (executor folder))

    let wrong =
        [
            "a training that is taken up goes on otherwise", Fault.HiddenState
            "its loss is another when it is asked for again", Fault.LossMoves
            "It names 3 figures, but measures 1", Fault.TooFewFigures
            "no weight moves in three steps", Fault.NoGradient
            "its loss is another when it is asked for again", Fault.Draws
        ]

    for i, (expected, fault) in List.indexed wrong do
        let problem = Assert.Single(problems (define $"test-wrong-{i}" fault []))
        Assert.Contains(expected, problem)

    Assert.Empty(problems (follower []))

/// What a test changes in the method below.
[<RequireQualifiedAccess>]
type private Own =
    | Sound
    | NotInState
    | Alone
    | Unmeasured

/// Distillation by a network of its own: a linear layer that is to find each view's z from the other's.
type private Finder(context: MethodContext, own: Own) =
    let size = context.Online.Head.OutputSize

    let layer =
        use generator = context.Streams.At("finder", 0L)
        let layer = torch.nn.Linear(size, size, dtype = torch.ScalarType.Float64)
        use _noGrad = torch.no_grad ()
        layer.weight.normal_ (0.0, 0.1, generator) |> ignore
        layer.bias.zero_ () |> ignore
        layer

    let module' =
        torch.nn.Sequential(struct ("layer", layer :> torch.nn.Module<torch.Tensor, torch.Tensor>))

    let groups =
        let ofLayer = SimCLR.Core.Optimizers.ParameterGroups.Of(module', "finder")

        if own = Own.Alone then
            ofLayer
        else
            [| yield! context.Online.Groups(); yield! ofLayer |]

    let branches =
        [| Branch(context.Online, [| 0 |]); Branch(context.Online, [| 1 |]) |]

    interface IMethod with
        member _.Networks = [| context.Online |]
        member _.Evaluated = context.Online
        member _.Groups = groups
        member _.Branches = branches

        member _.State =
            match own with
            | Own.NotInState -> Dictionary()
            | _ -> Dictionary(dict [ for entry in module'.state_dict () -> $"finder.{entry.Key}", entry.Value ])

        member _.Figures =
            if own = Own.Unmeasured then
                [| Health.Figures[0] |]
            else
                Health.Figures

        member _.Collapses =
            if own = Own.Sound || own = Own.Unmeasured then
                [| Collapse.OntoLine "Try this." |]
            else
                [||]

        member _.Loss(embeddings, _) =
            let found = module'.call embeddings[0].Projection
            (found - embeddings[1].Projection).square().mean()

        member _.Measure(loss, embeddings) =
            if own = Own.Unmeasured then
                [| loss |]
            else
                Health.Of(loss, embeddings[0].Projection)

        member _.Dispose() = module'.Dispose()

[<Fact>]
let ``Networks that a method has of its own are weights like others, by whatever name`` () =
    let problems own =
        let spec = FunctionMethodSpec(fun context -> new Finder(context, own) :> IMethod)

        List.ofSeq (MethodContract.Check(spec, SimCLR.Core.Heads.HeadSpec(Output = 4)))

    Assert.Empty(problems Own.Sound)

    Assert.Contains(
        "the optimizer moves 'finder.layer.weight', which is not in State",
        Assert.Single(problems Own.NotInState)
    )

    Assert.Contains("no weight of the encoder that is evaluated moves", Assert.Single(problems Own.Alone))
    Assert.Contains("looks at the figure 'effective rank'", Assert.Single(problems Own.Unmeasured))

[<Trait("group", "slow")>]
[<Fact>]
let ``The example of a method and a head of one's own runs with workers, and shows what was monitored`` () =
    Launcher.inFolder (fun folder ->
        let script = Path.Combine(Launcher.root, "scripts", "own-method.fsx")

        let code, output, errors =
            Launcher.run folder [ "run"; script; "--preset"; "smoke"; "--limit"; "256"; "--workers"; "2" ]

        Assert.True((code = 0), errors)
        Assert.Contains("follower, 0.99", output)
        Assert.Contains("validation k-NN top-1", output))
