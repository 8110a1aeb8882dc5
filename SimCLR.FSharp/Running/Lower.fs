/// The only place where whole values become objects of SimCLR.Core.
module internal SimCLR.Lower

open SimCLR.Core.Encoders
open SimCLR.Core.Evaluation
open SimCLR.Core.Heads
open SimCLR.Core.Images
open SimCLR.Core.Losses
open SimCLR.Core.Methods
open SimCLR.Core.Optimizers
open SimCLR.Core.Training
open SimCLR.Core.Views

let private interpolation (value: SimCLR.Interpolation) =
    match value with
    | SimCLR.Interpolation.Bilinear -> Core.Views.Interpolation.Bilinear
    | SimCLR.Interpolation.Bicubic -> Core.Views.Interpolation.Bicubic

let private brightness value =
    match value with
    | SimCLR.BrightnessMode.Multiply -> Core.Views.BrightnessMode.Multiply
    | SimCLR.BrightnessMode.Add -> Core.Views.BrightnessMode.Add

let private contrast value =
    match value with
    | SimCLR.ContrastMean.Gray -> Core.Views.ContrastMean.Gray
    | SimCLR.ContrastMean.PerChannel -> Core.Views.ContrastMean.PerChannel

let private fill value =
    match value with
    | SimCLR.CutoutFill.Zero -> Core.Views.CutoutFill.Zero
    | SimCLR.CutoutFill.Mean -> Core.Views.CutoutFill.Mean

let private policy value =
    match value with
    | SimCLR.AutoAugmentPolicy.ImageNet -> Core.Views.AutoAugmentPolicy.ImageNet
    | SimCLR.AutoAugmentPolicy.Cifar10 -> Core.Views.AutoAugmentPolicy.Cifar10
    | SimCLR.AutoAugmentPolicy.Svhn -> Core.Views.AutoAugmentPolicy.Svhn

let rec view value : IView =
    match value with
    | View.Identity -> Identity()
    | View.Sequence views -> Sequence(views |> List.map view |> List.toArray)
    | View.Crop c ->
        RandomResizedCrop(int64 c.Size, fst c.Area, snd c.Area, fst c.Ratio, snd c.Ratio, interpolation c.Interpolation)
    | View.Flip p -> HorizontalFlip p
    | View.ColorJitter j ->
        ColorJitter(
            j.Brightness,
            j.Contrast,
            j.Saturation,
            j.Hue,
            j.Probability,
            brightness j.BrightnessMode,
            contrast j.ContrastMean
        )
    | View.Grayscale p -> Grayscale p
    | View.Blur b -> GaussianBlur(b.Probability, fst b.Sigma, snd b.Sigma, b.KernelFraction)
    | View.Rotate -> Rotate()
    | View.Turn -> Rotate(always = true)
    | View.Cutout c -> Cutout(c.Fraction, c.Probability, fill c.Fill)
    | View.Noise n -> GaussianNoise(n.Sigma, n.Probability)
    | View.Sobel p -> Sobel p
    | View.Solarize s -> Solarize(s.Threshold, s.Probability)
    | View.RandAugment r -> RandAugment(r.Count, r.Level)
    | View.AutoAugment p -> AutoAugment(policy p)
    | View.Normalize n -> Normalize(List.toArray n.Mean, List.toArray n.Deviation)
    | View.Custom c -> Custom.make "view" c

let private encoder value : EncoderSpec =
    match value with
    | Encoder.SmallConv channels -> SmallConvSpec(channels |> List.map int64 |> List.toArray)
    | Encoder.ResNet r ->
        let stem =
            match r.Stem with
            | SimCLR.Stem.ImageNet -> Core.Encoders.Stem.ImageNet
            | SimCLR.Stem.Cifar -> Core.Encoders.Stem.Cifar

        ResNetSpec(r.Depth, r.Width, stem, r.ZeroInitResidual, Option.toNullable r.SelectiveKernel)
    | Encoder.Custom c -> Custom.make "encoder" c
    | Encoder.ViT v -> VisionTransformerSpec(v.ImageSize, v.Patch, v.Dim, v.Depth, v.Heads, v.FrozenPatches)

let private optimizer value : OptimizerSpec =
    match value with
    | Optimizer.Sgd s -> SgdSpec(s.Momentum, s.WeightDecay, s.Nesterov)
    | Optimizer.Lars s -> LarsSpec(s.Momentum, s.WeightDecay, s.TrustCoefficient)
    | Optimizer.Adam s -> AdamSpec(s.Beta1, s.Beta2, s.Epsilon, s.WeightDecay, s.Decoupled)
    | Optimizer.Custom c -> Custom.make "optimizer" c

let private length value =
    match value with
    | Length.Epochs count -> ScheduleLength(count, LengthUnit.Epochs)
    | Length.Share share -> ScheduleLength(share, LengthUnit.Share)
    | Length.Steps count -> ScheduleLength(float count, LengthUnit.Steps)

let rec private decay (value: SimCLR.Decay) : Core.Optimizers.Decay =
    match value with
    | SimCLR.Decay.Cosine -> Core.Optimizers.Decay.Cosine
    | SimCLR.Decay.Constant -> Core.Optimizers.Decay.Constant
    | SimCLR.Decay.Linear(from, until) -> PowerDecay(from, until, 1.0)
    | SimCLR.Decay.CosineBetween(from, until) -> CosineDecay(from, until)
    | SimCLR.Decay.Power(from, until, exponent) -> PowerDecay(from, until, exponent)
    | SimCLR.Decay.Steps milestones ->
        StepDecay
            [|
                for milestone in milestones -> struct (length milestone.At, milestone.Factor)
            |]
    | SimCLR.Decay.Then(first, over, rest) -> ThenDecay(decay first, length over, decay rest)
    | SimCLR.Decay.Repeat(each, times) -> RepeatDecay(decay each, times)

let private microBatches (value: SimCLR.MicroBatches) =
    Core.Training.MicroBatches(value.Size, value.FreezeBatchNorm)

let private precision value =
    match value with
    | Precision.Auto -> Core.Runtime.Precision.Auto
    | Precision.Float32 -> Core.Runtime.Precision.Float32
    | Precision.BFloat16 -> Core.Runtime.Precision.BFloat16
    | Precision.Tf32 -> Core.Runtime.Precision.Tf32
    | Precision.Ieee -> Core.Runtime.Precision.Ieee

/// What is trained, given the file that the encoder begins with, or null.
let pretrainingFrom (first: Core.Interop.InitialWeights | null) (run: Run) =
    let viewA = view run.ViewA
    // The same object where they are equal: both views are then made in one pass.
    let viewB = if run.ViewB = run.ViewA then viewA else view run.ViewB

    PretrainingSpec(
        ViewA = viewA,
        ViewB = viewB,
        MoreViews =
            [|
                for counted in run.MoreViews do
                    let more =
                        if counted.View = run.ViewA then
                            viewA
                        else
                            view counted.View

                    yield! Array.replicate counted.Count more
            |],
        Encoder = encoder run.Encoder,
        InitialWeights = first,
        Head = LowerMethod.head run.Head,
        Method = LowerMethod.ofRun run,
        Optimizer = optimizer run.Optimizer,
        LearningRate = LearningRate.forBatch run.BatchSize run.LearningRate,
        WarmupEpochs = run.Schedule.WarmupEpochs,
        Decay = decay run.Schedule.Decay,
        WeightDecayFactor = decay run.Schedule.WeightDecayFactor,
        BatchSize = run.BatchSize,
        MicroBatches = (run.MicroBatches |> Option.map microBatches |> Option.toObj),
        NormGroups = run.NormGroups,
        Epochs = run.Epochs,
        Precision = precision run.Precision,
        // Code of others may read numbers back from the device.
        MayBeRecorded = (Custom.components { Run.training run with Monitor = None }).IsEmpty,
        Seed = run.Seed
    )

/// What is trained, with an encoder of drawn weights.
let pretraining run = pretrainingFrom null run

/// How its representations are measured, on images of that side.
let evaluation (side: int) (run: Run) =
    let resize: IView = Resize(int64 (View.outputSize side run.ViewA))

    let picture: IView =
        match run.Evaluation.CentreCrop with
        | Some part -> Sequence([| CenterCrop(max 1L (int64 (System.Math.Round(part * float side)))); resize |])
        | None -> resize

    EvaluationSpec(
        picture,
        run.Evaluation.L2 |> List.toArray,
        run.Evaluation.ValidationFraction,
        run.Evaluation.KnnK,
        run.Evaluation.KnnTemperature,
        View.normalization run.ViewA
        |> Option.map (View.Normalize >> view)
        |> Option.toObj
    )

let private classifier (value: SimCLR.ClassifierSettings) =
    let rate batch =
        LearningRate.forBatch batch value.LearningRate

    let decaying =
        function
        | Optimizer.Custom _ as own -> own
        | other -> Optimizer.withWeightDecay value.WeightDecay other

    Core.Evaluation.ClassifierSettings(
        value.Epochs,
        value.BatchSize,
        rate,
        value.WeightDecay,
        decay value.Decay,
        value.Optimizer |> Option.map (decaying >> optimizer) |> Option.toObj
    )

let private fineTuning (value: FineTuneSettings) =
    FineTuning(value.Labels, value.FromHeadLayer, classifier value.Training)

let private transfer (load: Images -> ImageSplits) (value: TransferSettings) =
    let metric =
        match value.Metric with
        | TransferMetric.Top1 -> ProbeMetric.Top1
        | TransferMetric.PerClassMean -> ProbeMetric.PerClassMean
        | TransferMetric.ElevenPointMap -> ProbeMetric.ElevenPointMap

    let fineTunings = value.FineTunings |> List.map classifier |> List.toArray
    Transfer(load value.Images, metric, List.toArray value.Strengths, fineTunings)

let private distillation (value: DistillSettings) =
    let teacher: IMeasurement =
        match value.Teacher with
        | Teacher.Linear training -> LinearSgd(classifier training)
        | Teacher.FineTuned tuning -> fineTuning tuning

    let student = value.Student |> Option.map encoder |> Option.toObj
    Distillation(teacher, student, value.Temperature, classifier value.Training)

/// What is measured, given how other images are read; the settings of the standard probe and k-NN are the evaluation's.
let measurement load value : IMeasurement =
    match value with
    | Measurement.LinearProbe -> LinearEvaluation()
    | Measurement.NearestNeighbours _ -> NeighbourEvaluation()
    | Measurement.LinearSgd s -> LinearSgd(classifier s)
    | Measurement.FineTune s -> fineTuning s
    | Measurement.Supervised s -> SupervisedBaseline(s.Labels, classifier s.Training)
    | Measurement.Transfer s -> transfer load s
    | Measurement.Retention sigma -> Retention sigma
    | Measurement.HeadProbe -> HeadProbe()
    | Measurement.RankMe representation -> RankMe((representation = Representation.Z))
    | Measurement.AlignmentUniformity representation -> AlignmentUniformity((representation = Representation.Z))
    | Measurement.Distill s -> distillation s
    | Measurement.Knn s -> NeighbourChoice([| for k, t in List.allPairs s.K s.Temperatures -> struct (k, t) |])
    | Measurement.OnlineProbe rate -> new OnlineAccuracy(rate)
    | Measurement.Lidar s -> Lidar(s.Images, s.Views)
    | Measurement.Custom c -> Custom.make "measurement" c

let private monitored value : IValidationMeasurement =
    match value with
    | Monitored.NearestNeighbours s -> ValidationNeighbours(s.K, s.Temperature)
    | Monitored.RankMe representation -> RankMe((representation = Representation.Z))
    | Monitored.AlignmentUniformity representation -> AlignmentUniformity((representation = Representation.Z))
    | Monitored.Custom c ->
        match Custom.make<IMeasurement> "measurement" c with
        | :? IValidationMeasurement as measurement -> measurement
        | _ -> wrongValue $"The measurement '{c.Name}' is given networks and all images, and cannot be monitored."

let private stopping (value: SimCLR.EarlyStopping) =
    Core.Training.EarlyStopping(
        value.Figure,
        value.Patience,
        value.Least,
        (value.Better = Better.Smaller),
        (value.Weights = KeptWeights.Best)
    )

/// What watches a training, on training images alone.
let monitor (training: Pretraining) (train: ImageSet) run warn (value: SimCLR.Monitor) =
    let standard =
        { Evaluation.standard with
            CentreCrop = value.CentreCrop
        }

    new ValidationMonitor(
        training,
        evaluation (int train.Height) { run with Evaluation = standard },
        train,
        MonitoredImages(int64 value.Images, value.ValidationFraction),
        value.Epochs,
        [|
            for measurement in value.Measurements ->
                MonitoredMeasurement(Monitored.label measurement, monitored measurement)
        |],
        Stopping = (value.EarlyStopping |> Option.map stopping |> Option.toObj),
        Warn = warn
    )
