module SimCLR.Tests.WeightsTests

open System
open System.IO
open SimCLR
open SimCLR.Core.Interop
open TorchSharp
open Xunit

let private tiny =
    { Samples.tiny with
        Images =
            {
                Source = ImageSource.Shapes { Train = 60; Test = 60; Size = 16 }
                TrainLimit = None
            }
        BatchSize = 20
        Evaluation =
            { Evaluation.standard with
                L2 = [ 1e-2 ]
                KnnK = 5
            }
    }

let private executor folder =
    { Executor.local with
        Device = Cpu
        Store = Store.ofFolder folder
        Observer = Observer.silent
    }

/// A run whose encoder was kept, and its weights, in a folder that the test may change.
let private withKept test =
    Samples.withFolder (fun folder ->
        let outcome = executor folder |> Execution.run tiny
        test folder outcome (Weights.ofRun tiny (Store.ofFolder folder)))

let private evaluate folder = Weights.evaluate tiny (executor folder)

/// Rewrites a file's tensors, by name.
let private rewrite (path: string) (change: string -> torch.Tensor -> string * torch.Tensor) =
    use _scope = torch.NewDisposeScope()

    let tensors =
        use stream = File.OpenRead path
        let struct (tensors, _) = Safetensors.Read(stream, path)
        tensors

    let changed = readOnlyDict [ for entry in tensors -> change entry.Key entry.Value ]
    use stream = File.Create path
    Safetensors.Write(stream, changed)

[<Fact>]
let A_kept_encoder_is_worth_exactly_what_its_run_says () =
    withKept (fun folder outcome weights ->
        let again = evaluate folder weights
        Assert.Equal((outcome.LinearTop1, outcome.KnnTop1, outcome.L2), (again.LinearTop1, again.KnnTop1, again.L2))
        Assert.Empty again.Ignored
        // The weights are the file's, whatever the seed.
        let other = weights |> Weights.evaluate { tiny with Seed = 5L } (executor folder)
        Assert.Equal(outcome.KnnTop1, other.KnnTop1)

        Assert.NotEqual((outcome.LinearTop1Untrained, outcome.KnnTop1Untrained), (outcome.LinearTop1, outcome.KnnTop1)))

[<Fact>]
let What_is_measured_of_a_kept_encoder_is_what_its_run_says () =
    let training: ClassifierSettings =
        {
            Epochs = 2
            BatchSize = 10
            LearningRate = LearningRate.Fixed 0.05
            WeightDecay = 0.0
            Decay = Decay.Cosine
            Optimizer = None
        }

    let run =
        { tiny with
            Evaluation =
                tiny.Evaluation
                |> Evaluation.measuring
                    [
                        Measurement.FineTune
                            {
                                Labels = 0.5
                                FromHeadLayer = 0
                                Training = training
                            }
                        Measurement.LinearSgd training
                        Measurement.Knn { K = [ 1; 5 ]; Temperatures = [ 0.1 ] }
                    ]
        }

    Samples.withFolder (fun folder ->
        let outcome = executor folder |> Execution.run run

        let again =
            Weights.ofRun run (Store.ofFolder folder)
            |> Weights.evaluate run (executor folder)

        // Two accuracies of two classifiers; k, temperature and accuracy of k-NN.
        Assert.Equal(7, (Samples.measured outcome).Length)

        for figure in again.Figures do
            Assert.Equal(outcome.Figure figure.FullName, figure.Value))

[<Fact>]
let A_kept_encoder_says_which_training_it_is_of () =
    withKept (fun _ _ weights ->
        use stream = File.OpenRead weights.Path
        let struct (tensors, notes) = Safetensors.Read(stream, weights.Path)
        tensors.Values |> Seq.iter _.Dispose()
        Assert.Equal(Run.trainingHash tiny, notes["training"]))

[<Fact>]
let Normalization_reaches_the_encoder () =
    withKept (fun folder _ weights ->
        let plain = evaluate folder weights

        // Images divided by 1/4, and a first layer of weights a fourth as large: the same numbers, exactly.
        rewrite weights.Path (fun name tensor ->
            let isFirst = tensor.dim () = 4L && tensor.shape[1] = 3L
            name, (if isFirst then tensor * (0.25).ToScalar() else tensor))

        let divided =
            { weights with
                Normalization = Some(List.replicate 3 0.0, List.replicate 3 0.25)
            }

        Assert.Equal(plain, evaluate folder divided)
        Assert.NotEqual(plain, evaluate folder weights))

[<Fact>]
let What_only_training_needs_is_not_asked_for () =
    withKept (fun folder outcome weights ->
        // 60 images.
        let run =
            { tiny with
                BatchSize = 4096
                Epochs = 0
                Loss = Loss.OfMethod
                ViewB = View.crop 7
                Method = Method.moCo -1
            }

        Assert.NotEmpty(Run.problems run)
        Assert.Equal(outcome.KnnTop1, (weights |> Weights.evaluate run (executor folder)).KnnTop1))

[<Fact>]
let A_run_of_normalized_views_is_measured_on_normalized_images () =
    let normalized =
        let view = tiny.ViewA >-> View.normalize [ 0.5; 0.4; 0.3 ] [ 0.25; 0.2; 0.3 ]

        { tiny with ViewA = view; ViewB = view }

    Samples.withFolder (fun folder ->
        let outcome = executor folder |> Execution.run normalized
        let weights = Weights.ofRun normalized (Store.ofFolder folder)
        let again = weights |> Weights.evaluate normalized (executor folder)
        Assert.Equal((outcome.LinearTop1, outcome.KnnTop1), (again.LinearTop1, again.KnnTop1))

        let said =
            { weights with
                Normalization = Some([ 0.5; 0.4; 0.3 ], [ 0.25; 0.2; 0.3 ])
            }

        Assert.Equal(again, said |> Weights.evaluate tiny (executor folder))
        Assert.NotEqual(again, weights |> Weights.evaluate tiny (executor folder)))

[<Fact>]
let A_prefix_is_found_out_or_said () =
    withKept (fun folder outcome weights ->
        rewrite weights.Path (fun name tensor -> $"module.backbone.{name}", tensor)
        Assert.Equal(outcome.KnnTop1, (evaluate folder weights).KnnTop1)
        let said = weights |> Weights.withPrefix "module.backbone."
        Assert.Equal(outcome.KnnTop1, (evaluate folder said).KnnTop1)
        let wrong = weights |> Weights.withPrefix "encoder."

        let error =
            Assert.Throws<InvalidDataException>(fun () -> evaluate folder wrong |> ignore)

        Assert.Contains("missing", error.Message))

[<Fact>]
let All_that_is_wrong_is_said_before_images_are_read () =
    Samples.withFolder (fun folder ->
        let run =
            { tiny with
                Evaluation =
                    tiny.Evaluation
                    |> Evaluation.measuring [ Measurement.HeadProbe; Measurement.fineTune 0.1 ]
                Images = Images.folder None "/nowhere"
            }

        let weights: Weights =
            {
                Path = Path.Combine(folder, "absent.safetensors")
                Prefix = None
                Normalization = Some([ 0.5; nan ], [ 0.0 ])
            }

        let error =
            Assert.ThrowsAny<ArgumentException>(fun () -> weights |> Weights.evaluate run (executor folder) |> ignore)

        for part in
            [
                "'g(h)' is of a projection head"
                "absent.safetensors"
                "normalize has 2 means and 1 deviations"
                "normalize mean is NaN"
                "normalize deviation is 0"
            ] do
            Assert.Contains(part, error.Message))
