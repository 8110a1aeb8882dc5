namespace SimCLR

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

/// Metrics of outcomes, those of every run and those of measurements.
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

    /// A figure of the training's last epoch, as its method calls it: Metric.ofTraining "embedding deviation". NaN where the method has none of that name.
    let ofTraining name =
        metric name "" (fun outcome -> outcome.Figure name)

    /// The step by which a training had collapsed that was to go on (Sweep.continueCollapsed). NaN: it has not collapsed;
    /// a mean over seeds is that of those that have.
    let collapsedAt = ofTraining SimCLR.Core.Training.Pretraining.CollapsedAt

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
        | Measurement.Custom c -> Custom.figures c |> List.map fst

    let private unitIn measurement name =
        match measurement with
        | Measurement.Custom c -> Custom.figures c |> List.find (fst >> (=) name) |> snd |> unitOf
        | _ when plain.Contains name -> ""
        | _ -> "%"

    /// A figure of a measurement, in its unit: Metric.measured (Measurement.fineTune 0.01) "top-1". Fails where the measurement has none of that name. NaN
    /// where an outcome has not been measured so, which tables show as missing.
    let measured measurement name =
        let known = figuresOf measurement
        let label = Measurement.label measurement

        if not (List.contains name known) then
            let names = known |> List.map (fun name -> $"'{name}'") |> String.concat ", "
            wrongValue $"The measurement '{label}' has no figure '{name}'; choose from {names}."

        let full = $"{label} {name}"

        metric full (unitIn measurement name) (fun outcome -> outcome.Figure full)
        |> measuredBy label

    /// What every run's table has in columns of their own.
    let private standard =
        set
            [
                ""
                "linear"
                "k-NN"
                "linear, untrained"
                "linear SGD, untrained"
                "k-NN, untrained"
            ]

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
