namespace SimCLR

/// What a logging interval of training saw.
type CurvePoint =
    {
        Step: int64
        /// Passes over the images done, with their fraction.
        Epoch: float
        /// Mean over the interval.
        Loss: float
        LearningRate: float
        /// L2 norm over all parameters.
        GradientNorm: float
        ImagesPerSecond: float
    }

/// What a run came to. Accuracies are fractions of the test images.
type Outcome =
    {
        /// Linear probe of the trained encoder.
        LinearTop1: float
        /// Linear probe of the same encoder before training.
        LinearTop1Untrained: float
        /// k-NN of the trained encoder.
        KnnTop1: float
        /// k-NN of the same encoder before training.
        KnnTop1Untrained: float
        /// Mean loss of the last epoch.
        FinalLoss: float
        /// Mean entropy of the softmax over the batch in the last epoch, in nats.
        Entropy: float
        /// How often the positive was the most similar of the batch, in the last epoch.
        ContrastiveTop1: float
        /// Strength that the linear probe chose.
        L2: float
        Steps: int64
        /// Wall time of training and evaluation.
        Seconds: float
        /// Of the training loop.
        ImagesPerSecond: float
        /// Part of the training loop's time in which it waited for images.
        Waiting: float
        Curve: CurvePoint list
        /// Figures of the run's Evaluation.Measurements, by name, in their order.
        Measured: (string * float) list
    }

/// Why a run has no outcome.
type Failure =
    {
        /// In a line.
        Reason: string
        Detail: string
    }

/// What to read off an outcome.
type Metric =
    {
        Name: string
        /// "%" for fractions that are shown in percent, else a unit or nothing.
        Unit: string
        /// NaN where the outcome has no such figure; tables leave it out and show "–" where there is none at all.
        Get: Outcome -> float
    }

[<RequireQualifiedAccess>]
module Metric =

    /// Name and unit.
    let heading (metric: Metric) =
        match metric.Unit with
        | "" -> metric.Name
        | unit -> $"{metric.Name} ({unit})"

    /// What is multiplied into its values to show them in its unit.
    let scale (metric: Metric) =
        if metric.Unit = "%" then 100.0 else 1.0

    /// Its value as it is shown.
    let shown metric outcome = scale metric * metric.Get outcome

[<RequireQualifiedAccess>]
module Outcome =

    let private metric name unit get = { Name = name; Unit = unit; Get = get }

    /// Linear-probe accuracy.
    let linearTop1 = metric "linear top-1" "%" _.LinearTop1

    /// Linear-probe accuracy of the untrained encoder.
    let linearTop1Untrained = metric "linear top-1, untrained" "%" _.LinearTop1Untrained

    /// What training gained, in points.
    let linearGain =
        metric "gain" "%" (fun outcome -> outcome.LinearTop1 - outcome.LinearTop1Untrained)

    /// k-NN accuracy.
    let knnTop1 = metric "k-NN top-1" "%" _.KnnTop1

    /// k-NN accuracy of the untrained encoder.
    let knnTop1Untrained = metric "k-NN top-1, untrained" "%" _.KnnTop1Untrained

    /// Mean loss of the last epoch.
    let finalLoss = metric "final loss" "" _.FinalLoss

    /// Entropy of the softmax over the batch.
    let entropy = metric "entropy" "nats" _.Entropy

    /// Contrastive accuracy.
    let contrastiveTop1 = metric "contrastive top-1" "%" _.ContrastiveTop1

    /// Training speed.
    let imagesPerSecond = metric "images/s" "" _.ImagesPerSecond

    /// Wall time.
    let seconds = metric "wall time" "s" _.Seconds

    /// A figure of the run's measurements: Measurement.label and what it measured, such as "fine-tuned on 1% top-1". NaN where an outcome
    /// has no figure of that name, which tables show as missing. Shown in percent, but for alignment, uniformity, k and temperature.
    let measured name =
        let endings = [ "alignment"; "uniformity"; " k"; " temperature" ]

        let unit =
            if endings |> List.exists (name: string).EndsWith then
                ""
            else
                "%"

        metric name unit (fun outcome ->
            outcome.Measured
            |> List.tryFind (fun (other, _) -> other = name)
            |> Option.map snd
            |> Option.defaultValue nan)

    /// Every figure that one of the outcomes has, in order of appearance, as metrics.
    let measuredOf (outcomes: Outcome list) =
        outcomes
        |> List.collect (_.Measured >> List.map fst)
        |> List.distinct
        |> List.map measured
