/// Every number of a value reaches the object that computes, in its place: all numbers differ, so that none can stand for another.
module SimCLR.Tests.LowerTests

open SimCLR
open SimCLR.Core.Encoders
open SimCLR.Core.Evaluation
open SimCLR.Core.Heads
open SimCLR.Core.Losses
open SimCLR.Core.Methods
open SimCLR.Core.Optimizers
open SimCLR.Core.Runtime
open SimCLR.Core.Views
open TorchSharp
open Xunit

/// What a view makes of 64 images, drawn with one seed.
let private seen (view: IView) =
    LibTorch.Load() |> ignore
    use _scope = torch.NewDisposeScope()
    use random = new torch.Generator(5UL, torch.CPU)
    let images = torch.rand ([| 64L; 3L; 20L; 20L |], generator = random)
    let output = view.Apply(images, view.Draw(BatchShape.Of images, random))
    output.bytes.ToArray()

let private views: (View * IView) list =
    [
        View.Crop
            {
                Size = 11
                Area = 0.3, 0.7
                Ratio = 0.6, 1.9
                Interpolation = SimCLR.Interpolation.Bicubic
            },
        RandomResizedCrop(
            size = 11L,
            areaMin = 0.3,
            areaMax = 0.7,
            ratioMin = 0.6,
            ratioMax = 1.9,
            interpolation = Core.Views.Interpolation.Bicubic
        )

        View.Flip 0.3, HorizontalFlip(p = 0.3)

        View.ColorJitter
            {
                Brightness = 0.2
                Contrast = 0.5
                Saturation = 0.9
                Hue = 0.35
                Probability = 0.6
                BrightnessMode = SimCLR.BrightnessMode.Add
                ContrastMean = SimCLR.ContrastMean.PerChannel
            },
        ColorJitter(
            brightness = 0.2,
            contrast = 0.5,
            saturation = 0.9,
            hue = 0.35,
            p = 0.6,
            brightnessMode = Core.Views.BrightnessMode.Add,
            contrastMean = Core.Views.ContrastMean.PerChannel
        )

        View.Grayscale 0.4, Grayscale(p = 0.4)

        View.Blur
            {
                Probability = 0.7
                Sigma = 0.4, 1.6
                KernelFraction = 0.45
            },
        GaussianBlur(p = 0.7, sigmaMin = 0.4, sigmaMax = 1.6, kernelFraction = 0.45)

        View.Rotate, Rotate()
        View.Turn, Rotate(always = true)

        View.Cutout
            {
                Fraction = 0.35
                Probability = 0.65
                Fill = SimCLR.CutoutFill.Mean
            },
        Cutout(fraction = 0.35, p = 0.65, fill = Core.Views.CutoutFill.Mean)

        View.Noise { Sigma = 0.25; Probability = 0.55 }, GaussianNoise(sigma = 0.25, p = 0.55)
        View.Sobel 0.45, Sobel(p = 0.45)
        View.Solarize { Threshold = 0.7; Probability = 0.2 }, Solarize(threshold = 0.7, p = 0.2)
        View.RandAugment { Count = 3; Level = 17 }, RandAugment(count = 3, level = 17)
        View.AutoAugment SimCLR.AutoAugmentPolicy.Svhn, AutoAugment(policy = Core.Views.AutoAugmentPolicy.Svhn)
        View.normalize [ 0.1; 0.2; 0.3 ] [ 0.4; 0.5; 0.6 ], Normalize([| 0.1; 0.2; 0.3 |], [| 0.4; 0.5; 0.6 |])
        View.Sequence [ View.Rotate; View.Flip 0.3 ], Sequence([| Rotate() :> IView; HorizontalFlip(p = 0.3) |])
    ]

[<Fact>]
let Every_number_of_a_view_is_in_its_place () =
    let kinds = Reflection.FSharpType.GetUnionCases typeof<View> |> Array.map _.Name
    let tested = [ for view, _ in views -> (string view).Split(' ', '\n')[0] ]
    Assert.Equal<string list>([], List.except ("Identity" :: "Custom" :: tested) (List.ofArray kinds))

    for view, expected in views do
        Assert.True((seen (Lower.view view) = seen expected), $"{view} does something else.")

    Assert.Equal<byte array>(seen (Core.Views.Identity()), seen (Lower.view View.Identity))

[<Fact>]
let Every_number_of_a_loss_is_in_its_place () =
    let losses: (Loss * ILoss) list =
        [
            Loss.NtXent
                {
                    Temperature = 0.3
                    Normalize = false
                    Negatives = Negatives.BothViews
                },
            NtXent(temperature = 0.3, normalize = false)
            Loss.ntXent 0.2, NtXent(temperature = 0.2, normalize = true)
            Loss.NtLogistic { Temperature = 0.3; SemiHard = true }, NtLogistic(temperature = 0.3, semiHard = true)
            Loss.MarginTriplet { Margin = 0.7; SemiHard = true }, MarginTriplet(margin = 0.7, semiHard = true)
            Loss.Dcl 0.15, Dcl(temperature = 0.15)
            Loss.HardNegative
                {
                    Temperature = 0.6
                    Beta = 1.5
                    PositivePrior = 0.1
                },
            HardNegative(temperature = 0.6, beta = 1.5, positivePrior = 0.1)
            Loss.SupCon 0.25, SupCon(temperature = 0.25)
        ]

    for loss, expected in losses do
        Assert.Equal<obj>(expected, LowerMethod.loss loss)

let private run =
    { Run.shapes with
        ViewA = View.crop 16
        ViewB = View.crop 16 >-> View.flip
        Encoder =
            Encoder.ResNet
                {
                    Depth = 50
                    Width = 0.25
                    Stem = SimCLR.Stem.ImageNet
                    ZeroInitResidual = false
                    SelectiveKernel = Some 0.125
                }
        Head =
            {
                Depth = 3
                Output = 40
                Hidden = Some 70
                BatchNorm = false
                LastNorm = SimCLR.LastNorm.None
                LastBias = true
                Custom = None
            }
        LearningRate = LearningRate.Linear 0.5
        Schedule =
            {
                WarmupEpochs = 1.5
                Decay = SimCLR.Decay.Constant
                WeightDecayFactor = SimCLR.Decay.CosineBetween(1.0, 10.0)
            }
        BatchSize = 64
        MicroBatches = Some { Size = 16; FreezeBatchNorm = true }
        NormGroups = 4
        Epochs = 7
        Precision = SimCLR.Precision.BFloat16
        Seed = 11L
    }

[<Fact>]
let Every_number_of_a_run_is_in_its_place () =
    let spec = Lower.pretraining run
    Assert.Equal<EncoderSpec>(ResNetSpec(50, 0.25, Core.Encoders.Stem.ImageNet, false, 0.125), spec.Encoder)
    Assert.Equal(HeadSpec(3, 40L, 70L, false, Core.Heads.LastNorm.None, true), spec.Head)
    Assert.Equal(0.5 * 64.0 / 256.0, spec.LearningRate)
    Assert.Equal((1.5, Core.Optimizers.Decay.Constant), (spec.WarmupEpochs, spec.Decay))
    Assert.Equal(Core.Training.MicroBatches(16, true), spec.MicroBatches)
    Assert.Equal(4, spec.NormGroups)
    Assert.Equal<Core.Optimizers.Decay>(CosineDecay(1.0, 10.0), spec.WeightDecayFactor)
    Assert.Equal((64, 7, 11L), (spec.BatchSize, spec.Epochs, spec.Seed))
    Assert.Equal(Core.Runtime.Precision.BFloat16, spec.Precision)
    // The views are not exchanged: only the second mirrors.
    Assert.Equal<byte array>(seen (RandomResizedCrop 16L), seen spec.ViewA)
    Assert.NotEqual<byte array>(seen spec.ViewA, seen spec.ViewB)

[<Fact>]
let Every_precision_is_its_own () =
    for precision, expected in
        [
            SimCLR.Precision.Auto, Core.Runtime.Precision.Auto
            SimCLR.Precision.Float32, Core.Runtime.Precision.Float32
            SimCLR.Precision.BFloat16, Core.Runtime.Precision.BFloat16
            SimCLR.Precision.Tf32, Core.Runtime.Precision.Tf32
            SimCLR.Precision.Ieee, Core.Runtime.Precision.Ieee
        ] do
        Assert.Equal(expected, (Lower.pretraining (Run.withPrecision precision run)).Precision)

[<Fact>]
let Metrics_scale_similarities_as_the_loss_does () =
    let scale loss =
        let spec = (Lower.pretraining (Run.withLoss loss run)).Method :?> SimClrSpec
        spec.MetricTemperature, spec.MetricNormalize

    Assert.Equal(
        (10.0, false),
        scale (
            Loss.NtXent
                {
                    Temperature = 10.0
                    Normalize = false
                    Negatives = Negatives.BothViews
                }
        )
    )

    Assert.Equal((0.3, true), scale (Loss.dcl 0.3))
    Assert.Equal((1.0, true), scale (Loss.marginTriplet 0.3))

[<Fact>]
let Every_number_of_the_other_encoders_is_in_its_place () =
    let spec encoder =
        (Lower.pretraining (Run.withEncoder encoder run)).Encoder

    let vit =
        Encoder.ViT
            {
                Patch = 4
                ImageSize = 16
                Dim = 96
                Depth = 5
                Heads = 3
                FrozenPatches = true
            }

    Assert.Equal<EncoderSpec>(
        VisionTransformerSpec(ImageSize = 16L, Patch = 4L, Dim = 96L, Depth = 5, Heads = 3, FrozenPatches = true),
        spec vit
    )

    Assert.Equal<int64 seq>([ 8L; 24L ], (spec (Encoder.SmallConv [ 8; 24 ]) :?> SmallConvSpec).Channels)
    let plain = Encoder.resNet 34
    Assert.Equal<EncoderSpec>(ResNetSpec(34, 1.0, Core.Encoders.Stem.Cifar, true, System.Nullable()), spec plain)

[<Fact>]
let Every_number_of_an_optimizer_is_in_its_place () =
    let optimizers: (Optimizer * OptimizerSpec) list =
        [
            Optimizer.Sgd
                {
                    Momentum = 0.7
                    WeightDecay = 0.02
                    Nesterov = true
                },
            SgdSpec(Momentum = 0.7, WeightDecay = 0.02, Nesterov = true)
            Optimizer.Lars
                {
                    Momentum = 0.8
                    WeightDecay = 0.03
                    TrustCoefficient = 0.005
                },
            LarsSpec(Momentum = 0.8, WeightDecay = 0.03, TrustCoefficient = 0.005)
            Optimizer.Adam
                {
                    Beta1 = 0.85
                    Beta2 = 0.95
                    Epsilon = 1e-6
                    WeightDecay = 0.04
                    Decoupled = true
                },
            AdamSpec(Beta1 = 0.85, Beta2 = 0.95, Epsilon = 1e-6, WeightDecay = 0.04, Decoupled = true)
        ]

    for optimizer, expected in optimizers do
        Assert.Equal(expected, (Lower.pretraining (Run.withOptimizer optimizer run)).Optimizer)

[<Fact>]
let Every_number_of_the_evaluation_is_in_its_place () =
    let spec =
        Lower.evaluation
            20
            { run with
                Evaluation =
                    {
                        Probe = Probe.Lbfgs
                        L2 = [ 0.5; 0.25 ]
                        ValidationFraction = 0.3
                        KnnK = 9
                        KnnTemperature = 0.06
                        CentreCrop = None
                        Measurements = []
                    }
            }

    Assert.Equal<float seq>([ 0.5; 0.25 ], spec.L2)
    Assert.Equal((0.3, 9, 0.06), (spec.ValidationFraction, spec.NeighbourCount, spec.NeighbourTemperature))
    // To the side of the views, which the encoder was trained on.
    Assert.Equal<byte array>(seen (Resize 16L), seen spec.View)

let private training: SimCLR.ClassifierSettings =
    {
        Epochs = 3
        BatchSize = 50
        LearningRate = LearningRate.SquareRoot 0.2
        WeightDecay = 0.01
        Decay = SimCLR.Decay.Linear(1.0, 0.5)
        Optimizer = None
    }

let private isTraining (settings: Core.Evaluation.ClassifierSettings) =
    Assert.Equal((3, 50, 0.01), (settings.Epochs, settings.BatchSize, settings.WeightDecay))
    Assert.Equal<Core.Optimizers.Decay>(Core.Optimizers.PowerDecay(1.0, 0.5, 1.0), settings.Decay)
    // For the batch that is used, which may be smaller than the one asked for.
    Assert.Equal(0.2 * 6.0, settings.LearningRate.Invoke 36, 12)

[<Fact>]
let A_classifiers_optimizer_decays_as_its_settings_say () =
    let lowered optimizer =
        let settings = { training with Optimizer = optimizer }

        match Lower.measurement (fun _ -> invalidOp "no images are needed") (Measurement.LinearSgd settings) with
        | :? LinearSgd as measurement -> measurement.Settings.Optimizer
        | other -> failwith $"{other}"

    Assert.Null(lowered None)
    let lars = Optimizer.lars |> Optimizer.withWeightDecay 0.5
    Assert.Equal<Core.Optimizers.OptimizerSpec>(LarsSpec(WeightDecay = 0.01), lowered (Some lars))

    // 0.005 · √1024, version 2's.
    match Measurement.fineTuneV2 0.01 1 with
    | Measurement.FineTune s ->
        Assert.Equal((1, 60, 1024), (s.FromHeadLayer, s.Training.Epochs, s.Training.BatchSize))
        Assert.Equal(0.16, LearningRate.forBatch 1024 s.Training.LearningRate, 12)
        Assert.Equal((0.0, Some Optimizer.lars), (s.Training.WeightDecay, s.Training.Optimizer))
    | other -> Assert.Fail $"{other}"

[<Fact>]
let Every_number_of_a_measurement_is_in_its_place () =
    let lower value =
        Lower.measurement (fun _ -> invalidOp "no images are needed") value

    let tuning: FineTuneSettings =
        {
            Labels = 0.15
            FromHeadLayer = 2
            Training = training
        }

    let isTuning (lowered: IMeasurement) =
        let lowered = lowered :?> FineTuning
        Assert.Equal((0.15, 2), (lowered.Labels, lowered.FromHeadLayer))
        isTraining lowered.Settings

    isTraining (lower (Measurement.LinearSgd training) :?> LinearSgd).Settings
    isTuning (lower (Measurement.FineTune tuning))

    let supervised =
        lower (Measurement.Supervised { Labels = 0.35; Training = training }) :?> SupervisedBaseline

    Assert.Equal(0.35, supervised.Labels)
    isTraining supervised.Settings
    Assert.Equal<IMeasurement>(Retention 0.22, lower (Measurement.Retention 0.22))
    Assert.IsType<HeadProbe>(lower Measurement.HeadProbe) |> ignore

    Assert.Equal<IMeasurement>(
        AlignmentUniformity(OfZ = true),
        lower (Measurement.AlignmentUniformity Representation.Z)
    )

    Assert.Equal<IMeasurement>(
        AlignmentUniformity(OfZ = false),
        lower (Measurement.AlignmentUniformity Representation.H)
    )

    let distilled =
        lower (
            Measurement.Distill
                {
                    Teacher = Teacher.FineTuned tuning
                    Student = Some(Encoder.SmallConv [ 8 ])
                    Temperature = 0.4
                    Training = training
                }
        )
        :?> Distillation

    isTuning distilled.Teacher
    Assert.IsType<SmallConvSpec> distilled.Student |> ignore
    Assert.Equal(0.4, distilled.Temperature)
    isTraining distilled.Settings

[<Fact>]
let The_centre_of_images_is_measured_where_a_part_of_them_is_asked_for () =
    use scope = TorchSharp.torch.NewDisposeScope()
    let side = 256

    // Each pixel is its column.
    let images =
        TorchSharp.torch
            .arange(int64 side)
            .to_type(TorchSharp.torch.float32)
            .mul_((1.0 / float side).ToScalar())
            .expand(1L, 3L, int64 side, int64 side)

    let seen run =
        let view = (Lower.evaluation side run).View
        use generator = new TorchSharp.torch.Generator(0UL)
        let result = view.Apply(images, view.Draw(BatchShape.Of images, generator))
        result.shape, float (result[0, 0, 0, 0].item<float32>()) * float side

    let paper = Recipe.paperImageNet
    // 224 of 256, from column 16 on, as the paper's test images; without it all of them, shrunk.
    Assert.Equal<int64[] * float>(([| 1L; 3L; 224L; 224L |], 16.0), seen paper)

    let whole =
        { paper with
            Evaluation =
                { paper.Evaluation with
                    CentreCrop = None
                }
        }

    let shape, first = seen whole
    Assert.Equal<int64[]>([| 1L; 3L; 224L; 224L |], shape)
    Assert.InRange(first, 0.0, 1.0)
    Assert.NotEqual<string>(Run.hash paper, Run.hash whole)
