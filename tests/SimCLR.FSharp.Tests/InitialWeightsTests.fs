module SimCLR.Tests.InitialWeightsTests

open System
open System.IO
open System.Threading
open SimCLR
open SimCLR.Core.Interop
open SimCLR.Core.Runtime
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

/// A file of an encoder that another seed has drawn and trained, and what it is worth.
let private withFile test =
    Samples.withFolder (fun folder ->
        let other = executor (Path.Combine(folder, "other"))
        let before = { tiny with Seed = 7L; Epochs = 2 }
        let outcome = other |> Execution.run before
        let file = Path.Combine(folder, "weights.safetensors")
        File.Copy(Store.encoderOf before other.Store, file)
        test folder file outcome)

let private beginning file =
    tiny |> Run.withInitialWeights (InitialWeights.ofFile file)

let private problems folder run =
    Executor.problems (Grid.from run) (executor folder)

let private tensors (path: string) =
    use stream = File.OpenRead path
    let struct (tensors, _) = Safetensors.Read(stream, path)
    Map [ for entry in tensors -> entry.Key, entry.Value ]

[<Fact>]
let An_encoder_begins_with_the_weights_of_a_file () =
    withFile (fun folder file outcome ->
        let run = beginning file
        let begun = executor folder |> Execution.run run
        // Before its training it is worth what the file is.
        Assert.Equal(outcome.LinearTop1, begun.LinearTop1Untrained)
        Assert.Equal(outcome.KnnTop1, begun.KnnTop1Untrained)
        // A training that does not move keeps them.
        let still =
            { run with
                LearningRate = LearningRate.Fixed 1e-30
            }

        executor folder |> Execution.run still |> ignore

        let kept, first =
            tensors (Store.encoderOf still (Store.ofFolder folder)), tensors file

        for name in first.Keys do
            if not (name.Contains "running" || name.Contains "num_batches") then
                Assert.True(first[name].allclose(kept[name]), name)

        let drawn = executor folder |> Execution.run tiny
        Assert.NotEqual(drawn.FinalLoss, begun.FinalLoss))

[<Fact>]
let An_encoder_of_the_same_store_is_named_by_its_training () =
    Samples.withFolder (fun folder ->
        let first = { tiny with Seed = 7L }
        let outcome = executor folder |> Execution.run first
        let second = tiny |> Run.withEncoderOf first
        Assert.Equal(Some(InitialWeights.Training(Run.trainingHash first)), second.InitialWeights)
        let begun = executor folder |> Execution.run second
        Assert.Equal(outcome.KnnTop1, begun.KnnTop1Untrained)
        let provenance = Store.tryProvenance second (Store.ofFolder folder)
        Assert.Contains(Run.trainingHash first, provenance.Value.InitialWeights.Value))

[<Fact>]
let Provenance_names_file_and_content () =
    withFile (fun folder file _ ->
        let run = beginning file
        executor folder |> Execution.run run |> ignore
        let sha = InitialWeights.fingerprint file
        let provenance = Store.tryProvenance run (Store.ofFolder folder)
        Assert.Equal(Some $"{file}, SHA-256 {sha}", provenance.Value.InitialWeights))

[<Fact>]
let The_content_decides_and_not_where_the_file_lies () =
    withFile (fun folder file _ ->
        let run = beginning file
        let elsewhere = Path.Combine(folder, "elsewhere.safetensors")
        File.Move(file, elsewhere)
        let moved = beginning elsewhere
        Assert.Equal(Run.hash run, Run.hash moved)
        Assert.Equal(Run.trainingHash run, Run.trainingHash moved)
        Assert.NotEqual<string>(Run.hash tiny, Run.hash run)
        Assert.Contains($"There is no file {file}", String.concat "" (problems folder run))
        executor folder |> Execution.run moved |> ignore
        // Trained already: the file is not needed.
        Assert.Empty(problems folder run)
        Assert.Equal(None, (executor folder |> Execution.run run).Failures |> List.tryHead))

[<Fact>]
let An_interrupted_training_goes_on_to_the_same_bits () =
    withFile (fun folder file _ ->
        let run = { beginning file with Epochs = 4 }
        let whole, parts = Path.Combine(folder, "whole"), Path.Combine(folder, "parts")
        let outcome = executor whole |> Execution.run run
        use source = new CancellationTokenSource()

        let interrupting =
            { executor parts with
                CheckpointEvery = Some TimeSpan.Zero
                Observer =
                    function
                    | Event.Stepped(_, step) when step.Of = "" && step.Point.Step >= 5L -> source.Cancel()
                    | _ -> ()
            }

        let results = Grid.from run |> Execution.execute source.Token interrupting
        Assert.Empty results.Cells
        let again = executor parts |> Execution.run run
        Assert.Equal((outcome.FinalLoss, outcome.KnnTop1), (again.FinalLoss, again.KnnTop1))

        let bytes folder =
            File.ReadAllBytes(Store.encoderOf run (Store.ofFolder folder))

        Assert.Equal<byte array>(bytes whole, bytes parts))

[<Fact>]
let What_does_not_fit_is_said_before_anything_is_trained () =
    withFile (fun folder file _ ->
        let refused part run =
            Assert.Contains(part, String.concat "" (problems folder run))

            Assert.ThrowsAny<ArgumentException>(fun () -> executor folder |> Execution.run run |> ignore)
            |> ignore

        let run = beginning file
        let content = File.ReadAllBytes file

        run
        |> Run.withEncoder (Encoder.SmallConv [ 4; 16 ])
        |> refused "of another shape"

        run |> Run.withEncoder (Encoder.resNet 18) |> refused "The weights of"

        { run with
            Images = Images.fashionMnist
        }
        |> fun run -> Assert.Contains("[8, 3, 3, 3] instead of [8, 1, 3, 3]", String.concat "" (problems folder run))

        let all = tensors file
        let without = all |> Map.remove (Seq.head all.Keys)

        using (File.Create file) (fun stream -> Safetensors.Write(stream, readOnlyDict (Map.toSeq without)))
        refused "has another content" run
        beginning file |> refused $"missing: {Seq.head all.Keys}"

        (all[Seq.last all.Keys]).fill_(nan.ToScalar()) |> ignore
        using (File.Create file) (fun stream -> Safetensors.Write(stream, readOnlyDict (Map.toSeq all)))
        beginning file |> refused $"'{Seq.last all.Keys}' are not finite"

        File.WriteAllBytes(file, Array.truncate 100 content)
        beginning file |> refused file

        tiny
        |> Run.withInitialWeights (InitialWeights.ofTraining "0123456789abcdef")
        |> refused "has no encoder of training 0123456789abcdef"

        tiny
        |> Run.withInitialWeights (InitialWeights.ofTraining "abc")
        |> Run.problems
        |> String.concat ""
        |> fun said -> Assert.Contains("InitialWeights.Training is 'abc'", said)

        let error =
            Assert.ThrowsAny<ArgumentException>(fun () -> InitialWeights.ofFile "/no/such" |> ignore)

        Assert.Contains("There is no file /no/such", error.Message))

[<Fact>]
let A_terminal_names_a_file_or_a_training () =
    withFile (fun _ file _ ->
        Assert.Equal(Ok(beginning file), Run.set "InitialWeights" file tiny)

        Assert.Equal(
            Ok(tiny |> Run.withInitialWeights (InitialWeights.ofTraining "0123456789abcdef")),
            Run.set "InitialWeights" "0123456789abcdef" tiny
        )

        Assert.Equal(Ok tiny, beginning file |> Run.set "InitialWeights" "none")

        match Run.set "InitialWeights" "/no/such" tiny with
        | Error why -> Assert.Contains("There is no file /no/such", why)
        | Ok _ -> Assert.Fail "read")

[<Fact>]
let The_supervised_baseline_begins_with_them_too () =
    withFile (fun folder file _ ->
        let training: ClassifierSettings =
            {
                Epochs = 1
                BatchSize = 20
                LearningRate = LearningRate.Fixed 0.01
                WeightDecay = 0.0
                Decay = Decay.Cosine
                Optimizer = None
            }

        let measured run =
            let run =
                { run with
                    Evaluation =
                        run.Evaluation
                        |> Evaluation.measuring [ Measurement.Supervised { Labels = 1.0; Training = training } ]
                }

            [
                for figure in (executor folder |> Execution.run run).Figures do
                    if figure.FullName.Contains "supervised" then
                        figure.FullName, figure.Value
            ]

        let drawn, begun = measured tiny, measured (beginning file)
        Assert.NotEmpty drawn
        Assert.NotEqual<(string * float) list>(drawn, begun))
