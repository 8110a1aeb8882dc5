/// Which of a method's networks is kept and measured.
module SimCLR.Tests.EvaluatedNetworkTests

open System.IO
open SimCLR
open SimCLR.Core.Interop
open SimCLR.Core.Training
open TorchSharp
open Xunit

let private predictor = Some(Predictor.ofWidth 16)

let private methods =
    Map
        [
            "BYOL", Method.byol |> Method.withPredictor predictor
            "MoCo", Method.moCo 20 |> Method.withNormGroups 1
            "MoCo v3", Method.moCoV3 |> Method.withPredictor predictor
            "DINO", Method.dino 16
        ]

let private executor folder =
    { Executor.local with
        Device = Cpu
        Store = Store.ofFolder folder
        Observer = Observer.silent
        ContinueCollapsed = true
    }

/// All weights and statistics at the end of the run's training, by name.
let private trained executor run =
    let splits = Executor.load executor run
    use training = new Pretraining(Lower.pretraining run, splits.Pretraining, torch.CPU)
    training.ContinuesCollapsed <- true
    training.Run() |> ignore
    Map [ for named in training.State -> named.Key, named.Value.detach().clone() ]

let private stored (path: string) =
    use stream = File.OpenRead path
    let struct (tensors, _) = Safetensors.Read(stream, path)
    Map [ for named in tensors -> named.Key, named.Value ]

/// The names of stored tensors that are not those of the networks with that prefix.
let private differing (networks: Map<string, torch.Tensor>) prefix (kept: Map<string, torch.Tensor>) =
    [
        for KeyValue(name, tensor) in kept do
            if not (tensor.Equals networks[prefix + name]) then
                name
    ]

[<Theory>]
[<InlineData("BYOL", "online", "", "method.target.")>]
[<InlineData("MoCo", "online", "", "method.target.")>]
[<InlineData("MoCo v3", "online", "", "method.target.")>]
[<InlineData("DINO", "target", "method.target.", "")>]
let What_is_stored_is_the_network_that_provenance_names name network own other =
    Samples.withFolder (fun folder ->
        let run = Run.withMethod methods[name] { Samples.tiny with Epochs = 2 }
        let executor = executor folder
        executor |> Execution.run run |> ignore
        Assert.Equal(network, (Store.tryProvenance run executor.Store).Value.Network)
        let networks = trained executor run

        for part, file in
            [
                "encoder.", Store.encoderOf run executor.Store
                "head.", Store.headOf run executor.Store
            ] do
            let kept = stored file
            Assert.Empty(differing networks (own + part) kept)
            let others = differing networks (other + part) kept
            Assert.All(kept.Keys |> Seq.filter _.EndsWith("weight"), (fun name -> Assert.Contains(name, others))))
