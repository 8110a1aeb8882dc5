/// Encoders of one's own, from their definition to a training.
[<Xunit.Collection "alone">]
module SimCLR.Tests.CustomEncoderTests

open System
open System.IO
open System.Threading
open SimCLR
open SimCLR.Core.Runtime
open SimCLR.Tests.Samples
open TorchSharp
open Xunit
open type TorchSharp.torch.nn

type private Layer = torch.nn.Module<torch.Tensor, torch.Tensor>

let private stack (layers: Layer list) : Layer = Sequential(Array.ofList layers)

let private convolution channels width : Layer list =
    [
        Conv2d(channels, width, 3L, stride = 2L, padding = 1L)
        BatchNorm2d width
        ReLU()
    ]

let private pooled () : Layer list = [ AdaptiveAvgPool2d 1L; Flatten() ]

let private own =
    Encoder.Define(
        "test-own",
        1,
        [ "width", 8.0; "dropout", 0.5 ],
        fun s channels ->
            let width = int64 (s.Whole "width")
            width, stack (convolution channels width @ pooled () @ [ Dropout s["dropout"] ])
    )

let private run = tiny |> Run.withEncoder (own [])

let private curve outcome = outcome.Curve |> List.map _.Figures

let private outcomeOf run =
    Samples.withFolder (fun folder -> executor folder |> Execution.run run)

[<Fact>]
let ``Weights and dropout are decided by the seed, whatever else draws from the global generator`` () =
    LibTorch.Load() |> ignore
    torch.manual_seed 1L |> ignore
    let first = outcomeOf run |> Samples.withoutSpeed
    torch.manual_seed 2L |> ignore
    Assert.Equal(first, outcomeOf run |> Samples.withoutSpeed)
    Assert.NotEqual<Map<string, float> list>(curve first, curve (outcomeOf { run with Seed = 1L }))
    // It is not without effect.
    Assert.NotEqual<Map<string, float> list>(
        curve first,
        curve (outcomeOf (run |> Run.withEncoder (own [ "dropout", 0.0 ])))
    )

[<Fact>]
let ``Both passes of gradient caching drop the same`` () =
    let parts size =
        outcomeOf
            { run with
                MicroBatches = Some { Size = size; FreezeBatchNorm = false }
            }

    for whole, part in List.zip (curve (outcomeOf run)) (curve (parts 10)) do
        Assert.Equal(whole["loss"], part["loss"], 1e-5)

[<Fact>]
let ``An interrupted training with dropout goes on to the same numbers`` () =
    Samples.withFolder (fun folder ->
        let run = { run with Epochs = 6 }
        let expected = outcomeOf run
        use stop = new CancellationTokenSource()

        let interrupted =
            { executor folder with
                CheckpointEvery = Some TimeSpan.Zero
                Observer =
                    function
                    | Event.Stepped(_, stage) when stage.Point.Step >= 9L -> stop.Cancel()
                    | _ -> ()
            }

        Execution.execute stop.Token interrupted (Grid.from run) |> ignore
        Assert.True(Directory.Exists(Path.Combine(Store.folderOf run interrupted.Store, "checkpoint")))
        let outcome = executor folder |> Execution.run run
        Assert.Equal<Map<string, float> list>(curve expected, curve outcome)
        Assert.Equal(expected.LinearTop1, outcome.LinearTop1))

[<Fact>]
let ``Its kept weights are worth what the run says`` () =
    Samples.withFolder (fun folder ->
        let here = executor folder
        let outcome = here |> Execution.run run
        let weights = Weights.ofRun run here.Store |> Weights.evaluate run here
        Assert.Equal((outcome.LinearTop1, outcome.KnnTop1), (weights.LinearTop1, weights.KnnTop1))
        Assert.Empty weights.Ignored)

[<Fact>]
let ``It is fine-tuned and distilled as others are, by its seed alone`` () =
    LibTorch.Load() |> ignore
    let measured = run |> Samples.measuring [ Samples.fineTuning 0.05 ]
    torch.manual_seed 1L |> ignore
    let first = outcomeOf measured |> Samples.withoutSpeed
    torch.manual_seed 2L |> ignore
    Assert.Equal(first, outcomeOf measured |> Samples.withoutSpeed)
    Assert.Empty first.Failures

[<Fact>]
let ``A setting called width is what widths multiply`` () =
    Assert.Equal(own [ "width", 16.0 ], own [] |> Encoder.withWidth 2.0)
    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Contains(("Encoder.Settings.dropout", "0.5"), Run.paths run)
    Assert.Empty(Run.problems run)

let private problems encoder =
    Samples.withFolder (fun folder -> Executor.problems (Grid.from (tiny |> Run.withEncoder encoder)) (executor folder))

/// Subtracts the batch's mean, also when it evaluates.
type private Centring() =
    inherit torch.nn.Module<torch.Tensor, torch.Tensor>("Centring")
    override _.forward h = h - h.mean ([| 0L |], keepdim = true)

[<Fact>]
let ``What an encoder does wrong is said before anything is trained`` () =
    let define name (size: int64) (layers: int64 -> Layer list) =
        Encoder.Define (name, 1, [], (fun _ channels -> size, stack (layers channels))) []

    let wrong =
        [
            "its feature size is told as 16", define "e-size" 16L (fun c -> convolution c 8L @ pooled ())
            "its feature size is told as 8", define "e-map" 8L (fun c -> convolution c 8L)
            "it has no parameters", define "e-empty" 3L (fun _ -> pooled ())
            "it fails on 4 images [3, 16, 16]", define "e-channels" 8L (fun _ -> convolution 1L 8L @ pooled ())
            "otherwise than in the batch",
            define "e-batch" 8L (fun c -> convolution c 8L @ pooled () @ [ new Centring() ])
        ]

    for expected, encoder in wrong do
        let problem = Assert.Single(problems encoder)
        Assert.Contains(expected, problem)

    Assert.Empty(problems (own []))

[<Trait("group", "slow")>]
[<Fact>]
let ``The example of an encoder of one's own runs with workers`` () =
    Launcher.inFolder (fun folder ->
        let script = Path.Combine(Launcher.root, "scripts", "own-encoder.fsx")

        let code, output, errors =
            Launcher.run folder [ "run"; script; "--preset"; "smoke"; "--limit"; "256"; "--workers"; "2" ]

        Assert.True((code = 0), errors)
        Assert.Contains("mobile, half as wide", output))
