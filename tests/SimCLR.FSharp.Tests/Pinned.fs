/// Runs written out in full, so that no default can change them.
module SimCLR.Tests.Pinned

open SimCLR

let private crop =
    View.Crop
        {
            Size = 32
            Area = 0.08, 1.0
            Ratio = 0.75, 4.0 / 3.0
            Interpolation = Interpolation.Bicubic
        }

let small =
    {
        Images =
            {
                Source = ImageSource.Shapes { Train = 4000; Test = 1000; Size = 32 }
                TrainLimit = None
            }
        ViewA = View.Sequence [ crop; View.Flip 0.5 ]
        ViewB = View.Identity
        MoreViews = []
        Encoder = Encoder.SmallConv [ 32; 64; 128 ]
        InitialWeights = None
        Head =
            {
                Depth = 2
                Output = 128
                Hidden = None
                BatchNorm = true
                LastNorm = LastNorm.WithoutShift
                LastBias = false
                Custom = None
            }
        Method = Method.SimClr
        Loss =
            Loss.NtXent
                {
                    Temperature = 0.1
                    Normalize = true
                    Negatives = Negatives.BothViews
                }
        Optimizer =
            Optimizer.Sgd
                {
                    Momentum = 0.9
                    WeightDecay = 0.0
                    Nesterov = false
                }
        LearningRate = LearningRate.Linear 0.1
        Schedule =
            {
                WarmupEpochs = 1.0
                Decay = Decay.Cosine
                WeightDecayFactor = Decay.Constant
            }
        BatchSize = 256
        MicroBatches = None
        NormGroups = 1
        Epochs = 10
        Precision = Precision.Float32
        Evaluation =
            {
                Probe = Probe.Lbfgs
                L2 = [ 1e-4; 1e-1 ]
                ValidationFraction = 0.2
                KnnK = 200
                KnnTemperature = 0.1
                CentreCrop = None
                Measurements = []
            }
        Monitor = None
        Seed = 0L
    }

let private training: ClassifierSettings =
    {
        Epochs = 90
        BatchSize = 4096
        LearningRate = LearningRate.Linear 0.1
        WeightDecay = 0.0
        Decay = Decay.Cosine
        Optimizer = None
    }

let private fineTuning: FineTuneSettings =
    {
        Labels = 0.01
        FromHeadLayer = 1
        Training = training
    }

let private measurements =
    [
        Measurement.LinearSgd training
        Measurement.FineTune fineTuning
        Measurement.Supervised { Labels = 1.0; Training = training }
        Measurement.Transfer
            {
                Images =
                    {
                        Source = ImageSource.Voc2007 224
                        TrainLimit = None
                    }
                Metric = TransferMetric.ElevenPointMap
                Strengths = [ 1e-3; 1.0 ]
                FineTunings = [ training ]
            }
        Measurement.Retention 0.1
        Measurement.HeadProbe
        Measurement.AlignmentUniformity Representation.Z
        Measurement.Distill
            {
                Teacher = Teacher.FineTuned fineTuning
                Student = Some(Encoder.SmallConv [ 32 ])
                Temperature = 0.5
                Training = training
            }
        Measurement.Knn
            {
                K = [ 10; 200 ]
                Temperatures = [ 0.1 ]
            }
        Measurement.OnlineProbe 0.1
    ]

let large =
    { small with
        Images =
            {
                Source = ImageSource.Folder("/data/Vögel", Some 64, None)
                TrainLimit = Some 1000
            }
        ViewB =
            View.Sequence
                [
                    View.ColorJitter
                        {
                            Brightness = 0.8
                            Contrast = 0.8
                            Saturation = 0.8
                            Hue = 0.2
                            Probability = 0.8
                            BrightnessMode = BrightnessMode.Add
                            ContrastMean = ContrastMean.PerChannel
                        }
                    View.Grayscale 0.2
                    View.Blur
                        {
                            Probability = 0.5
                            Sigma = 0.1, 2.0
                            KernelFraction = 0.1
                        }
                    View.Rotate
                    View.Cutout
                        {
                            Fraction = 0.5
                            Probability = 1.0
                            Fill = CutoutFill.Mean
                        }
                    View.Noise { Sigma = 0.1; Probability = 1.0 }
                    View.Sobel 1.0
                    View.Solarize { Threshold = 0.5; Probability = 0.2 }
                ]
        Encoder =
            Encoder.ResNet
                {
                    Depth = 50
                    Width = 2.0
                    Stem = Stem.ImageNet
                    ZeroInitResidual = true
                    SelectiveKernel = None
                }
        Optimizer =
            Optimizer.Lars
                {
                    Momentum = 0.9
                    WeightDecay = 1e-6
                    TrustCoefficient = 0.001
                }
        LearningRate = LearningRate.SquareRoot 0.075
        MicroBatches = Some { Size = 64; FreezeBatchNorm = true }
        Precision = Precision.Auto
        Evaluation =
            {
                Probe = Probe.Lbfgs
                L2 = [ 1e-4; 1e-1 ]
                ValidationFraction = 0.2
                KnnK = 200
                KnnTemperature = 0.1
                CentreCrop = None
                Measurements = measurements
            }
        Seed = -9007199254740993L
    }

/// What came later.
let later =
    { small with
        Images =
            {
                Source = ImageSource.Stl10 true
                TrainLimit = None
            }
        ViewA = View.Sequence [ crop; View.RandAugment { Count = 2; Level = 9 } ]
    }
