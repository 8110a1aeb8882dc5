namespace SimCLR

/// What can be measured of a pretrained encoder.
[<RequireQualifiedAccess>]
type Measurement =
    /// Linear probe, its L2 strength chosen on validation images; every run has it whose Evaluation.Probe is Lbfgs.
    | LinearProbe
    /// Weighted k-NN (Wu et al. 2018); every run has it.
    | NearestNeighbours of KnnSettings
    /// Linear classifier by SGD on crops and flips, the encoder frozen (SimCLR, appendix B.6).
    | LinearSgd of ClassifierSettings
    /// Fine-tuning on a part of the labels (SimCLR, table 7; v2, section 3).
    | FineTune of FineTuneSettings
    /// The same encoder trained with labels on the run's first view (SimCLR, tables 1 and 7).
    | Supervised of SupervisedSettings
    /// Linear probe and fine-tuning on another data set (SimCLR, table 8).
    | Transfer of TransferSettings
    /// Which transformation was applied, told from h and from g(h); noise of that deviation (SimCLR, table 3).
    | Retention of noiseSigma: float
    /// Linear probe of g(h) (SimCLR, figure 8).
    | HeadProbe
    /// Alignment and uniformity of the test images' views (Wang and Isola 2020).
    | AlignmentUniformity of Representation
    /// How many dimensions the representations use (RankMe, Garrido et al. 2023); needs no labels.
    | RankMe of Representation
    | Distill of DistillSettings
    /// k-NN with k and temperature chosen on validation images.
    | Knn of KnnChoice
    /// A linear classifier trained during pretraining, which the encoder does not feel; its constant learning rate.
    | OnlineProbe of learningRate: float
    /// Over how many dimensions they tell images apart, without labels (Thilak et al. 2024).
    | Lidar of LidarSettings
    /// One of your own: Measurement.OfFeatures, Measurement.Define.
    | Custom of Custom

/// Measurements with the constants of their papers.
[<RequireQualifiedAccess>]
module Measurement =

    let internal linearSgdSettings: ClassifierSettings =
        {
            Epochs = 90
            BatchSize = 4096
            LearningRate = LearningRate.Linear 0.1
            WeightDecay = 0.0
            Decay = Decay.Cosine
            Optimizer = None
        }

    /// The paper's linear evaluation (appendix B.6): 90 epochs, batch 4096, 0.1 · B/256, no decay.
    let linearSgd = Measurement.LinearSgd linearSgdSettings

    let private fineTuning labels epochs : FineTuneSettings =
        {
            Labels = labels
            FromHeadLayer = 0
            Training =
                {
                    Epochs = epochs
                    BatchSize = 4096
                    LearningRate = LearningRate.Linear 0.05
                    WeightDecay = 0.0
                    Decay = Decay.Cosine
                    Optimizer = None
                }
        }

    /// The paper's fine-tuning (appendix B.5) on that part of the labels: batch 4096, 0.05 · B/256, no decay, 60 epochs for 1%, 30 for more.
    let fineTune labels =
        Measurement.FineTune(fineTuning labels (if labels <= 0.01 then 60 else 30))

    /// Version 2's fine-tuning (2006.10029, section 3) on that part of the labels, from that layer of the head on: LARS, batch 1024, 0.005 · √B, no decay, 60 epochs
    /// for 1%, 30 for more.
    let fineTuneV2 labels fromHeadLayer =
        let first = fineTuning labels (if labels <= 0.01 then 60 else 30)

        Measurement.FineTune
            { first with
                FromHeadLayer = fromHeadLayer
                Training =
                    { first.Training with
                        BatchSize = 1024
                        LearningRate = LearningRate.SquareRoot 0.005
                        Optimizer = Some Optimizer.lars
                    }
            }

    /// 45 strengths from 1e-6 to 1e5, logarithmically spaced (SimCLR, appendix B.8.1).
    let paperStrengths = [ for i in 0..44 -> 10.0 ** (-6.0 + float i * 11.0 / 44.0) ]

    /// The paper's linear transfer to another data set, by the metric that is customary there; no fine-tuning.
    let transfer images =
        Measurement.Transfer
            {
                Images = images
                Metric =
                    match images.Source with
                    | ImageSource.Voc2007 _ -> TransferMetric.ElevenPointMap
                    | _ -> TransferMetric.Top1
                Strengths = paperStrengths
                FineTunings = []
            }

    /// Table 3, with noise of deviation 0.1.
    let retention = Measurement.Retention 0.1

    /// Self-distillation (v2): the same encoder, temperature 0.1, the teacher fine-tuned on that part of the labels.
    let selfDistill labels training =
        Measurement.Distill
            {
                Teacher = Teacher.FineTuned(fineTuning labels (if labels <= 0.01 then 60 else 30))
                Student = None
                Temperature = 0.1
                Training = training
            }

    /// RankMe of 25,600 training images, as in its paper.
    let rankMe = Measurement.RankMe Representation.H

    /// LiDAR of 1000 training images, 50 views of each, as in its paper.
    let lidar = Measurement.Lidar { Images = 1000; Views = 50 }

    let private percent (part: float) =
        (100.0 * part).ToString("0.####", System.Globalization.CultureInfo.InvariantCulture)

    let private ofLabels what (part: float) =
        if part = 1.0 then what else $"{what} on {percent part}%%"

    /// Begins the name of each of its figures, such as "fine-tuned on 1%": the figure is then "fine-tuned on 1% top-1".
    let label measurement =
        match measurement with
        | Measurement.LinearProbe -> "linear"
        | Measurement.NearestNeighbours _ -> "k-NN"
        | Measurement.LinearSgd _ -> "linear SGD"
        | Measurement.FineTune s ->
            let all = ofLabels "fine-tuned" s.Labels

            if s.FromHeadLayer = 0 then
                all
            else
                $"{all} from head layer {s.FromHeadLayer}"
        | Measurement.Supervised s -> ofLabels "supervised" s.Labels
        | Measurement.Transfer s -> $"transfer to {Images.name s.Images}"
        | Measurement.Retention _ -> "retained"
        | Measurement.HeadProbe -> "g(h)"
        | Measurement.AlignmentUniformity Representation.H -> "h"
        | Measurement.AlignmentUniformity Representation.Z -> "z"
        | Measurement.RankMe _ -> "RankMe"
        | Measurement.Distill { Student = None } -> "self-distilled"
        | Measurement.Distill { Student = Some encoder } -> $"distilled to {Encoder.name encoder}"
        | Measurement.Knn _ -> "chosen k-NN"
        | Measurement.OnlineProbe _ -> "online"
        | Measurement.Lidar _ -> "LiDAR"
        | Measurement.Custom c -> c.Name

    let internal trainingProblems name (s: ClassifierSettings) =
        [
            yield! Check.atLeast $"{name}.Epochs" 1 s.Epochs
            yield! Check.atLeast $"{name}.BatchSize" 2 s.BatchSize
            yield! Check.above $"{name}.LearningRate" 0.0 (LearningRate.forBatch 256 s.LearningRate)
            yield! Check.finiteFrom $"{name}.WeightDecay" 0.0 s.WeightDecay
            yield! Decay.problems $"{name}.Decay" (float s.Epochs) s.Decay
            yield! s.Optimizer |> Option.toList |> List.collect Optimizer.problems
        ]

    let private fineTuneProblems name (s: FineTuneSettings) =
        [
            yield! Check.share $"{name}.Labels" s.Labels
            yield! Check.atLeast $"{name}.FromHeadLayer" 0 s.FromHeadLayer
            yield! trainingProblems $"{name}.Training" s.Training
        ]

    let private oneOrMore name example items =
        if List.isEmpty items then
            [ $"{name} is empty; give one or more, for example {example}." ]
        else
            []

    let private transferProblems name (s: TransferSettings) =
        [
            yield! Images.problems $"{name}.Images" s.Images
            yield! oneOrMore $"{name}.Strengths" "Measurement.paperStrengths" s.Strengths
            yield! s.Strengths |> List.collect (Check.finiteFrom $"{name}.Strengths" 0.0)

            for i, training in List.indexed s.FineTunings do
                yield! trainingProblems $"{name}.FineTunings[{i}]" training

            match s.Images.Source, s.Metric with
            | ImageSource.Voc2007 _, TransferMetric.ElevenPointMap -> ()
            | ImageSource.Voc2007 _, other ->
                $"{name}.Metric is {other}, but images of PASCAL VOC 2007 show several classes; use TransferMetric.ElevenPointMap."
            | _ -> ()
        ]

    let internal problems name measurement =
        match measurement with
        | Measurement.LinearProbe -> []
        | Measurement.NearestNeighbours s ->
            Check.atLeast $"{name}.NearestNeighbours.K" 1 s.K
            @ Check.above $"{name}.NearestNeighbours.Temperature" 0.0 s.Temperature
        | Measurement.LinearSgd s -> trainingProblems $"{name}.LinearSgd" s
        | Measurement.FineTune s -> fineTuneProblems $"{name}.FineTune" s
        | Measurement.Supervised s ->
            Check.share $"{name}.Supervised.Labels" s.Labels
            @ trainingProblems $"{name}.Supervised.Training" s.Training
        | Measurement.Transfer s -> transferProblems $"{name}.Transfer" s
        | Measurement.Retention sigma -> Check.finiteFrom $"{name}.Retention noise sigma" 0.0 sigma
        | Measurement.HeadProbe
        | Measurement.RankMe _
        | Measurement.AlignmentUniformity _ -> []
        | Measurement.Distill s ->
            [
                match s.Teacher with
                | Teacher.Linear training -> yield! trainingProblems $"{name}.Distill.Teacher" training
                | Teacher.FineTuned tuning -> yield! fineTuneProblems $"{name}.Distill.Teacher" tuning

                yield! s.Student |> Option.toList |> List.collect Encoder.problems
                yield! Check.above $"{name}.Distill.Temperature" 0.0 s.Temperature
                yield! trainingProblems $"{name}.Distill.Training" s.Training
            ]
        | Measurement.Knn s ->
            [
                yield! oneOrMore $"{name}.Knn.K" "[ 10; 20; 200 ]" s.K
                yield! oneOrMore $"{name}.Knn.Temperatures" "[ 0.07; 0.1 ]" s.Temperatures
                yield! s.K |> List.collect (Check.atLeast $"{name}.Knn.K" 1)
                yield! s.Temperatures |> List.collect (Check.above $"{name}.Knn.Temperatures" 0.0)
            ]
        | Measurement.OnlineProbe rate -> Check.above $"{name}.OnlineProbe learning rate" 0.0 rate
        | Measurement.Lidar s ->
            Check.atLeast $"{name}.Lidar.Images" 2 s.Images
            @ Check.atLeast $"{name}.Lidar.Views" 2 s.Views
        | Measurement.Custom c -> Custom.problems "measurement" name c

    /// The layers of the projection head that it begins from: the head must have as many.
    let internal headLayers measurement =
        match measurement with
        | Measurement.FineTune s
        | Measurement.Distill { Teacher = Teacher.FineTuned s } -> s.FromHeadLayer
        | _ -> 0

    /// Whether it reads labels of the run's own images.
    let needsLabels measurement =
        match measurement with
        | Measurement.AlignmentUniformity _
        | Measurement.RankMe _
        | Measurement.Lidar _
        | Measurement.Retention _
        | Measurement.Transfer _ -> false
        | Measurement.Custom c -> Custom.needsLabels c
        | _ -> true

    /// Whether it reads the projection head.
    let internal readsHead measurement =
        match measurement with
        | Measurement.HeadProbe
        | Measurement.AlignmentUniformity Representation.Z
        | Measurement.RankMe Representation.Z
        | Measurement.Retention _ -> true
        | Measurement.Custom c -> Custom.readsHead c
        | other -> headLayers other > 0
