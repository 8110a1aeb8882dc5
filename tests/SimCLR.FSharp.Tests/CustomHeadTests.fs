/// Projection heads of one's own, from their definition to a training.
[<Xunit.Collection "alone">]
module SimCLR.Tests.CustomHeadTests

open System
open System.Threading
open SimCLR
open SimCLR.Core.Runtime
open SimCLR.Tests.Samples
open TorchSharp
open Xunit
open type TorchSharp.torch.nn

type private Layer = torch.nn.Module<torch.Tensor, torch.Tensor>

let private own =
    Head.Define(
        "test-head",
        1,
        [ "output", 8.0; "dropout", 0.25 ],
        fun s size ->
            let output = int64 (s.Whole "output")

            output,
            Sequential(Linear(size, 2L * output) :> Layer, GELU(), Dropout s["dropout"], Linear(2L * output, output))
    )

let private run = tiny |> Run.withHead (own [])

let private outcomeOf run =
    Samples.withFolder (fun folder -> executor folder |> Execution.run run)

let private curve outcome = outcome.Curve |> List.map _.Figures

[<Fact>]
let ``It is a value like others: JSON, code, paths, hash`` () =
    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Contains(("Head.Custom.Settings.output", "8"), Run.paths run)
    Assert.Equal(Ok(run |> Run.withHead (own [ "output", 16.0 ])), Run.set "Head.Custom.Settings.output" "16" run)
    Assert.NotEqual<string>(Run.trainingHash run, Run.trainingHash (run |> Run.withHead (own [ "output", 16.0 ])))
    Assert.DoesNotContain("\"Custom\"", Run.toJson tiny)
    Assert.Contains("Name = \"test-head\"", Run.toCode run)
    Assert.Empty(Run.problems run)
    Assert.Equal<string list>([ "test-head" ], Custom.components run |> List.map (fun (_, custom) -> custom.Name))

[<Fact>]
let ``A linear module is the linear head of the same weights`` () =
    let linear =
        Head.Define ("test-linear", 1, [], (fun _ size -> 128L, Linear(size, 128L) :> Layer)) []

    // Of both the weights are drawn behind the encoder's.
    let heads = [ { Head.linear with BatchNorm = false }; linear ]
    let encoders = heads |> List.map (fun head -> outcomeOf (tiny |> Run.withHead head))
    // Their first weights are drawn in another way, so that they come to others; the untrained encoder is the same.
    Assert.Equal(encoders[0].LinearTop1Untrained, encoders[1].LinearTop1Untrained)

    for outcome in encoders do
        Assert.True(Double.IsFinite outcome.FinalLoss)

[<Fact>]
let ``Weights and dropout are decided by the seed, whatever else draws from the global generator`` () =
    LibTorch.Load() |> ignore
    torch.manual_seed 1L |> ignore
    let first = outcomeOf run |> Samples.withoutSpeed
    torch.manual_seed 2L |> ignore
    Assert.Equal(first, outcomeOf run |> Samples.withoutSpeed)

    Assert.NotEqual<Map<string, float> list>(
        curve first,
        curve (outcomeOf (run |> Run.withHead (own [ "dropout", 0.0 ])))
    )

[<Fact>]
let ``Both passes of gradient caching drop the same`` () =
    let parts size =
        outcomeOf
            { run with
                MicroBatches = Some { Size = size; FreezeBatchNorm = true }
            }

    for whole, part in List.zip (curve (parts 20)) (curve (parts 20)) do
        Assert.Equal<Map<string, float>>(whole, part)

    // In parts it drops other numbers, but both passes drop the same: the loss falls.
    let losses = curve (parts 10) |> List.map (Map.find "loss")
    Assert.True(List.forall Double.IsFinite losses)

[<Fact>]
let ``An interrupted training goes on to the same numbers, and its head can be measured`` () =
    Samples.withFolder (fun folder ->
        let run =
            { run with Epochs = 4 }
            |> Samples.measuring [ Measurement.HeadProbe; Samples.fineTuning 0.05 ]

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
        let outcome = executor folder |> Execution.run run
        Assert.Equal<Map<string, float> list>(curve expected, curve outcome)
        Assert.Equal(expected.Figure "g(h) linear top-1", outcome.Figure "g(h) linear top-1")
        Assert.Empty outcome.Failures)

let private problems head =
    Samples.withFolder (fun folder -> Executor.problems (Grid.from (tiny |> Run.withHead head)) (executor folder))

/// Keeps its layer in a list, which TorchSharp does not look into.
type private Forgetful(size: int64) =
    inherit torch.nn.Module<torch.Tensor, torch.Tensor>("Forgetful")
    let layers = [ Linear(size, 8L) ]
    override _.forward h = layers.Head.forward h

[<Fact>]
let ``What a head does wrong is said before anything is trained`` () =
    let define name size (make: int64 -> Layer) =
        Head.Define (name, 1, [], (fun _ length -> size, make length)) []

    let wrong =
        [
            "its feature size is told as 16", define "h-size" 16L (fun size -> Linear(size, 8L))
            "it fails on h [4, 16]", define "h-fails" 8L (fun _ -> Linear(3L, 8L))
            "keeps weights in 'layers' that are not registered", define "h-list" 8L (fun size -> new Forgetful(size))
        ]

    for expected, head in wrong do
        Assert.Contains(expected, Assert.Single(problems head))

    Assert.Empty(problems (own []))
    let deep = { own [] with Depth = 3 }

    Assert.Contains(
        "Head.Depth is 3, but Head.Custom is 'test-head'",
        Run.problems (tiny |> Run.withHead deep) |> String.concat " "
    )
