namespace SimCLR

/// What a figure is counted in.
[<RequireQualifiedAccess>]
type FigureUnit =
    /// A number.
    | Plain
    /// A fraction, shown in percent.
    | Share
    | Nats

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

    /// Linear probe of the trained encoder.
    member outcome.LinearTop1 = outcome.Figure "linear top-1"

    /// The same on the validation images that its strength was chosen on.
    member outcome.LinearValidationTop1 = outcome.Figure "linear validation top-1"

    /// Linear probe of the same encoder before training.
    member outcome.LinearTop1Untrained = outcome.Figure "linear, untrained top-1"

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

/// What to read off an outcome.
type Metric =
    {
        Name: string
        /// "%" for fractions that are shown in percent, else a unit or nothing.
        Unit: string
        /// The label of the measurement whose figure it is: where that failed, tables say why. Empty for others.
        Of: string
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

    /// A fraction of that name that no outcome has by itself, shown in percent.
    let internal share name =
        {
            Name = name
            Unit = "%"
            Of = ""
            Get = fun _ -> nan
        }

    /// Its value as it is shown.
    let shown metric outcome = scale metric * metric.Get outcome

[<RequireQualifiedAccess>]
module Outcome =

    let private metric name unit get =
        {
            Name = name
            Unit = unit
            Of = ""
            Get = get
        }

    let private measuredBy label metric = { metric with Of = label }

    /// Linear-probe accuracy.
    let linearTop1 = metric "linear top-1" "%" _.LinearTop1 |> measuredBy "linear"

    /// Linear-probe accuracy on the validation images that its strength was chosen on: what choices are to be made by.
    let linearValidationTop1 =
        metric "linear top-1, validation" "%" _.LinearValidationTop1
        |> measuredBy "linear"

    /// Linear-probe accuracy of the untrained encoder.
    let linearTop1Untrained = metric "linear top-1, untrained" "%" _.LinearTop1Untrained

    /// What training gained, in points.
    let linearGain =
        metric "gain" "%" (fun outcome -> outcome.LinearTop1 - outcome.LinearTop1Untrained)

    /// k-NN accuracy.
    let knnTop1 = metric "k-NN top-1" "%" _.KnnTop1 |> measuredBy "k-NN"

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

    /// Dimensions that h uses: what stands in the place of accuracies where images have no labels.
    let rankMe =
        metric "RankMe h" "" (fun outcome -> outcome.Figure "RankMe h")
        |> measuredBy "RankMe"

    /// A figure of the training's last epoch, as its method calls it: Outcome.ofTraining "embedding deviation". NaN where the method has none of that name.
    let ofTraining name =
        metric name "" (fun outcome -> outcome.Figure name)

    let private unitOf unit =
        match unit with
        | FigureUnit.Plain -> ""
        | FigureUnit.Share -> "%"
        | FigureUnit.Nats -> "nats"

    /// Figures that are no fractions.
    let private plain =
        set
            [
                "alignment"
                "uniformity"
                "k"
                "temperature"
                "L2"
                "h"
                "z"
                "effective rank"
            ]

    /// The names of a measurement's figures, within the measurement: "top-1". Of five classes or fewer there is no top-5, of gray images no colour.
    let figuresOf measurement =
        let accuracies = [ "top-1"; "top-5" ]

        match measurement with
        | Measurement.LinearProbe -> [ "top-1"; "validation top-1"; "L2" ]
        | Measurement.NearestNeighbours _
        | Measurement.OnlineProbe _ -> [ "top-1" ]
        | Measurement.LinearSgd _
        | Measurement.FineTune _
        | Measurement.Supervised _ -> accuracies
        | Measurement.Transfer s ->
            let metric =
                match s.Metric with
                | TransferMetric.Top1 -> "top-1"
                | TransferMetric.PerClassMean -> "mean per class"
                | TransferMetric.ElevenPointMap -> "11-point mAP"

            $"linear {metric}"
            :: (if s.FineTunings.IsEmpty then
                    []
                else
                    [ $"fine-tuned {metric}" ])
        | Measurement.Retention _ ->
            [
                for task in [ "colour"; "rotation"; "noise"; "Sobel" ] do
                    for representation in [ "h"; "g(h)" ] -> $"{task} from {representation}"
            ]
        | Measurement.HeadProbe -> [ "linear top-1" ]
        | Measurement.AlignmentUniformity _ -> [ "alignment"; "uniformity" ]
        | Measurement.Distill _ -> accuracies @ [ for name in accuracies -> $"teacher {name}" ]
        | Measurement.Knn _ -> [ "top-1"; "k"; "temperature" ]
        | Measurement.RankMe Representation.H -> [ "h" ]
        | Measurement.RankMe Representation.Z -> [ "z" ]
        | Measurement.Lidar _ -> [ "effective rank" ]

    /// A figure of a measurement, in its unit: Outcome.measured (Measurement.fineTune 0.01) "top-1". Fails where the measurement has none of that name. NaN
    /// where an outcome has not been measured so, which tables show as missing.
    let measured measurement name =
        let known = figuresOf measurement
        let label = Measurement.label measurement

        if not (List.contains name known) then
            let names = known |> List.map (fun name -> $"'{name}'") |> String.concat ", "
            wrongValue $"The measurement '{label}' has no figure '{name}'; choose from {names}."

        let full = $"{label} {name}"

        metric full (if plain.Contains name then "" else "%") (fun outcome -> outcome.Figure full)
        |> measuredBy label

    /// What every run's table has in columns of their own.
    let private standard =
        set [ ""; "linear"; "k-NN"; "linear, untrained"; "k-NN, untrained" ]

    /// Every figure of further measurements that one of the outcomes has, in order of appearance, as metrics; a measurement that failed
    /// everywhere has one, which has no value.
    let measuredOf (outcomes: Outcome list) =
        let figures =
            outcomes
            |> List.collect _.Figures
            |> List.filter (fun figure -> not (standard.Contains figure.Of))
            |> List.distinctBy _.FullName

        let known = figures |> List.map _.Of |> set

        [
            for figure in figures do
                metric figure.FullName (unitOf figure.Unit) (fun outcome -> outcome.Figure figure.FullName)
                |> measuredBy figure.Of

            for label in outcomes |> List.collect _.Failures |> List.map fst |> List.distinct do
                if not (known.Contains label || standard.Contains label) then
                    metric label "" (fun _ -> nan) |> measuredBy label
        ]
