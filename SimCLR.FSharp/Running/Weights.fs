namespace SimCLR

open System
open System.IO
open SimCLR.Core.Evaluation
open SimCLR.Core.Interop
open SimCLR.Core.Runtime
open TorchSharp

/// An encoder's weights in a safetensors file, named as torchvision does (ResNet), as timm does (ViT), or as known ports do (docs/weights.md).
[<RequireQualifiedAccess>]
type Weights =
    {
        Path: string
        /// What the file puts before the encoder's own names, such as "backbone."; None: that is found out.
        Prefix: string option
        /// Means and deviations of the channels that its images were normalized by; None: they were in [0, 1], as in this project.
        Normalization: (float list * float list) option
    }

/// What the representations of an encoder are worth.
[<RequireQualifiedAccess>]
type Representations =
    {
        /// Test accuracy of the linear probe, as a fraction; NaN where the evaluation has none.
        LinearTop1: float
        /// Test accuracy of k-NN, as a fraction.
        KnnTop1: float
        /// L2 strength that the linear probe chose on validation images; NaN by SGD.
        L2: float
        /// All figures of the evaluation, those of the probe and k-NN among them.
        Figures: Figure list
        /// Tensors of the file that are not the encoder's, such as those of a head.
        Ignored: string list
    }

/// Weights of a stored run or of a file, evaluated as a run's are.
[<RequireQualifiedAccess>]
module Weights =

    /// Of an encoder that takes images in [0, 1].
    let ofFile path : Weights =
        {
            Path = path
            Prefix = None
            Normalization = None
        }

    /// Of a run in a store, if its encoder is kept.
    let ofRun run store = ofFile (Store.encoderOf run store)

    /// What the file puts before the encoder's own names, where it holds more than one encoder.
    let withPrefix prefix (weights: Weights) = { weights with Prefix = Some prefix }

    /// The images are normalized by ImageNet's means and deviations, as torchvision's weights and most ports want them.
    let normalizedAsImageNet (weights: Weights) =
        { weights with
            Normalization = Some([ 0.485; 0.456; 0.406 ], [ 0.229; 0.224; 0.225 ])
        }

    let private measurementProblems (run: Run) =
        [
            for measurement in run.Evaluation.Measurements do
                if Measurement.readsHead measurement || measurement.IsOnlineProbe then
                    $"The measurement '{Measurement.label measurement}' is of a projection head or of the training itself, which a file of weights does not have; leave it out."
        ]

    let private problems (run: Run) (weights: Weights) =
        [
            yield! Run.measuringProblems run
            yield! measurementProblems run

            if not (File.Exists weights.Path) then
                InitialWeights.missing weights.Path
        ]

    /// A run that can be measured with the encoder of a file: what the file and the run say of it, and of training nothing.
    let private toMeasure (run: Run) (weights: Weights) =
        let view =
            match weights.Normalization with
            | None -> run.ViewA
            | Some(means, deviations) -> View.withoutNormalization run.ViewA >-> View.normalize means deviations

        { Run.shapes with
            Images = run.Images
            ViewA = view
            ViewB = view
            Encoder = run.Encoder
            Precision = run.Precision
            Evaluation = run.Evaluation
            Seed = run.Seed
        }

    /// Linear probe, k-NN and measurements (fine-tuning, transfer, ...) of the file's encoder on the run's images, as the run's own would be
    /// measured. The run names images, encoder, size of the views and evaluation; nothing is stored, and what is wrong for a training only does not
    /// matter. Fails with all that is wrong, or with what does not fit between file and encoder.
    let evaluate run (executor: Executor) (weights: Weights) : Representations =
        let run = toMeasure run weights

        match problems run weights @ Device.problems executor.Device with
        | [] -> ()
        | wrong -> wrongValue (String.concat Environment.NewLine wrong)

        let device = Device.resolve executor.Device
        let splits = Executor.load executor run
        use networks = RunNetworks.untrained executor device splits run

        let names =
            weights.Prefix |> Option.map (fun prefix -> WeightNames prefix) |> Option.toObj

        let loaded = EncoderWeights.Load(networks.Encoder, weights.Path, names)

        use pretrained =
            RunNetworks.pretrained executor device splits Threading.CancellationToken.None run networks

        let figures = Evaluate.figures executor run pretrained (Run.tasks run)

        let value label name =
            figures
            |> List.tryFind (fun figure -> figure.Of = label && figure.Name = name)
            |> Option.map _.Value
            |> Option.defaultValue nan

        {
            LinearTop1 =
                match run.Evaluation.Probe with
                | Probe.Sgd settings -> value (Measurement.label (Measurement.LinearSgd settings)) "top-1"
                | Probe.Lbfgs
                | Probe.None -> value "linear" LinearEvaluation.Top1
            KnnTop1 = value "k-NN" NeighbourEvaluation.Top1
            L2 = value "linear" LinearEvaluation.L2
            Figures = figures
            Ignored = List.ofSeq loaded.Ignored
        }
