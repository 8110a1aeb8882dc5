namespace SimCLR

/// A number that was measured.
[<RequireQualifiedAccess>]
type Figure =
    {
        /// The label of its measurement, such as "fine-tuned on 1%"; empty for a figure of the training.
        Of: string
        /// Within its measurement, such as "top-1".
        Name: string
        [<Neutral "\"Plain\"">]
        Unit: FigureUnit
        Value: float
    }

    /// Its whole name, such as "fine-tuned on 1% top-1".
    member figure.FullName =
        if figure.Of = "" then
            figure.Name
        else
            $"{figure.Of} {figure.Name}"

/// What a logging interval of training saw.
type CurvePoint =
    {
        Step: int64
        /// Passes over the images done, with their fraction.
        Epoch: float
        LearningRate: float
        ImagesPerSecond: float
        /// Means over the interval, by name: "loss" and what else the method gives, and the "gradient norm" of the last step.
        Figures: Map<string, float>
        /// When the step was done, in Unix seconds; 0: not known, as of trainings that an earlier version stored.
        [<Neutral "0">]
        Time: float
    }

    member private point.Figure name =
        point.Figures |> Map.tryFind name |> Option.defaultValue nan

    /// Mean over the interval.
    member point.Loss = point.Figure "loss"

    /// L2 norm over all parameters.
    member point.GradientNorm = point.Figure "gradient norm"

/// Why there is no outcome, or no figure.
type Failure =
    {
        /// In a line.
        Reason: string
        Detail: string
    }

/// What a run came to. Accuracies are fractions of the test images. It prints as a line, without its curve.
[<StructuredFormatDisplay("{Summary}")>]
type Outcome =
    {
        /// Of the training, means of the last epoch; of the untrained encoder; of each measurement, in order.
        Figures: Figure list
        /// Labels of the measurements that failed, and why: the rest is whole.
        Failures: (string * Failure) list
        Steps: int64
        /// Wall time of training and evaluation.
        Seconds: float
        /// Of the training loop.
        ImagesPerSecond: float
        /// Part of the training loop's time in which it waited for images.
        Waiting: float
        Curve: CurvePoint list
    }

    /// The figure of that full name; NaN where there is none.
    member outcome.Figure(name: string) =
        outcome.Figures
        |> List.tryFind (fun figure -> figure.FullName = name)
        |> Option.map _.Value
        |> Option.defaultValue nan

    /// A line of its figures, to look at.
    member outcome.Summary =
        let figures =
            [
                for figure in outcome.Figures do
                    match figure.Unit with
                    | FigureUnit.Share -> $"{figure.FullName} {100.0 * figure.Value:F1} %%"
                    | FigureUnit.Nats -> $"{figure.FullName} {figure.Value:G4} nats"
                    | FigureUnit.Plain -> $"{figure.FullName} {figure.Value:G4}"

                for label, failure in outcome.Failures do
                    $"{label} failed: {failure.Reason}"

                $"{outcome.Steps} steps"
            ]

        String.concat "; " figures

    /// A figure of the linear probe, by whatever the run's is: of trained or of untrained encoders.
    member private outcome.Probe untrained name =
        let byLbfgs = outcome.Figure $"linear{untrained} {name}"
        let failed = outcome.Failures |> List.exists (fst >> (=) "linear")

        if System.Double.IsNaN byLbfgs && not failed then
            outcome.Figure $"linear SGD{untrained} {name}"
        else
            byLbfgs

    /// Linear probe of the trained encoder: by L-BFGS, or by SGD where that is the run's (Evaluation.Probe).
    member outcome.LinearTop1 = outcome.Probe "" "top-1"

    /// The same on the validation images that its strength was chosen on; NaN by SGD, which chooses nothing.
    member outcome.LinearValidationTop1 = outcome.Figure "linear validation top-1"

    /// Linear probe of the same encoder before training.
    member outcome.LinearTop1Untrained = outcome.Probe ", untrained" "top-1"

    /// k-NN of the trained encoder.
    member outcome.KnnTop1 = outcome.Figure "k-NN top-1"

    /// k-NN of the same encoder before training.
    member outcome.KnnTop1Untrained = outcome.Figure "k-NN, untrained top-1"

    /// Strength that the linear probe chose.
    member outcome.L2 = outcome.Figure "linear L2"

    /// Mean loss of the last epoch.
    member outcome.FinalLoss = outcome.Figure "loss"

    /// Mean entropy of the softmax over the batch in the last epoch, in nats.
    member outcome.Entropy = outcome.Figure "entropy"

    /// How often the positive was the most similar of the batch, in the last epoch.
    member outcome.ContrastiveTop1 = outcome.Figure "contrastive top-1"
