/// Optimizers of one's own, from their definition to a training.
module SimCLR.Tests.CustomOptimizerTests

open System
open SimCLR
open SimCLR.Core.Optimizers
open SimCLR.Tests.Samples
open TorchSharp
open Xunit

/// PyTorch's SGD, as the library's own.
let private momentum =
    Optimizer.Define(
        "test-momentum",
        1,
        [ "momentum", 0.9; "weight-decay", 0.0 ],
        [ "velocity" ],
        fun s step ->
            let change =
                if step.Decays then
                    step.Gradients.add (step.Weights, alpha = s["weight-decay"].ToScalar())
                else
                    step.Gradients

            let velocity = step.States["velocity"].mul_(s["momentum"].ToScalar()).add_ change
            step.Weights.add_ (velocity, alpha = (-step.Rate).ToScalar()) |> ignore
    )

let private curve run =
    Samples.withFolder (fun folder -> (executor folder |> Execution.run run).Curve |> List.map _.Figures)

let private small optimizer =
    { tiny with
        Epochs = 4
        Optimizer = optimizer
    }

[<Fact>]
let ``An optimizer of one's own that does what a built-in one does trains to the same numbers`` () =
    let builtIn = Optimizer.sgd |> Optimizer.withWeightDecay 0.01
    let own = momentum [] |> Optimizer.withWeightDecay 0.01

    for expected, actual in List.zip (curve (small builtIn)) (curve (small own)) do
        Assert.Equal(expected["loss"], actual["loss"], 1e-5)

    Assert.NotEqual<Map<string, float> list>(curve (small own), curve (small (momentum [ "momentum", 0.0 ])))

[<Fact>]
let ``An optimizer of one's own stands in values as others do`` () =
    let run = small (momentum [ "momentum", 0.5 ])
    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Contains(("Optimizer.Settings.momentum", "0.5"), Run.paths run)
    Assert.Empty(Run.problems run)
    Assert.Equal<string list>([ "optimizer" ], [ for kind, _ in Custom.components run -> kind ])

    let without =
        Optimizer.Define ("test-none", 1, [], [], Action<_, _>(fun _ _ -> ())) []

    Assert.Throws<WrongValueException>(fun () -> without |> Optimizer.withWeightDecay 0.1 |> ignore)
    |> ignore

let private problems optimizer =
    Samples.withFolder (fun folder -> Executor.problems (Grid.from (small optimizer)) (executor folder))

[<Fact>]
let ``What an optimizer does wrong is said before anything is trained`` () =
    let define name (update: OptimizerUpdate -> unit) =
        Optimizer.Define (name, 1, [], [ "kept" ], Action<_, _>(fun _ step -> update step)) []

    let descend (step: OptimizerUpdate) (by: torch.Tensor) =
        step.Weights.add_ (by, alpha = (-step.Rate).ToScalar()) |> ignore

    let wrong =
        [
            "change nothing", define "o-nothing" (fun step -> (step.Weights - step.Gradients) |> ignore)
            "not finite", define "o-nan" (fun step -> descend step (step.Gradients / step.States["kept"]))
            "another learning rate", define "o-rate" (fun step -> step.Weights.sub_ step.Gradients |> ignore)
            "come to other weights", define "o-random" (fun step -> descend step (torch.rand_like step.Gradients))
            "Gradients were changed",
            define "o-gradients" (fun step -> descend step (step.Gradients.mul_ (2.0.ToScalar())))
            "it fails on seven numbers", define "o-fails" (fun _ -> failwith "no")
        ]

    for expected, optimizer in wrong do
        Assert.Contains(expected, Assert.Single(problems optimizer))

    Assert.Empty(problems (momentum []))
