/// The runs of tests/golden/store-0.2.fsx, written as this version has them.
module SimCLR.Tests.FormerRuns

open SimCLR
open SimCLR.Tests.Samples

let plain =
    { tiny with
        Encoder = Encoder.SmallConv [ 4; 8 ]
        Head = { Head.nonLinear with Output = 8 }
    }

let private settings =
    { classifier with
        LearningRate = LearningRate.Linear 0.05
    }

let private fineTuned: FineTuneSettings =
    {
        Labels = 1.0
        FromHeadLayer = 0
        Training = settings
    }

let alignment = Measurement.AlignmentUniformity Representation.H

let private measurements =
    [
        Measurement.FineTune fineTuned
        Measurement.FineTune
            { fineTuned with
                Labels = 0.5
                FromHeadLayer = 1
            }
        Measurement.HeadProbe
        alignment
        Measurement.AlignmentUniformity Representation.Z
        Measurement.LinearSgd settings
        Measurement.Supervised { Labels = 1.0; Training = settings }
        Measurement.Retention 0.1
        Measurement.Knn { K = [ 1; 5 ]; Temperatures = [ 0.1 ] }
        Measurement.Distill
            {
                Teacher = Teacher.Linear settings
                Student = Some(Encoder.SmallConv [ 4 ])
                Temperature = 0.5
                Training = settings
            }
        Measurement.Transfer
            {
                Images =
                    {
                        Source = ImageSource.Shapes { Train = 40; Test = 20; Size = 20 }
                        TrainLimit = None
                    }
                Metric = TransferMetric.PerClassMean
                Strengths = [ 1e-2; 1.0 ]
                FineTunings = []
            }
    ]

let measured = plain |> measuring measurements

let online = { plain with Seed = 1L } |> measuring [ Measurement.OnlineProbe 0.1 ]

let diverged =
    { diverging plain with
        Head =
            { (diverging plain).Head with
                Output = 8
            }
    }

let interrupted = { plain with Seed = 2L; Epochs = 4 }

let failedMeasurement = { plain with Seed = 3L } |> measuring [ fineTuning 1e30 ]

let residual =
    { plain with
        Encoder = Encoder.resNet 18 |> Encoder.withWidth (1.0 / 32.0)
        Loss = Loss.ntLogistic 0.5 |> Loss.semiHard
        Optimizer = Optimizer.lars
        LearningRate = LearningRate.SquareRoot 0.075
        Schedule = Schedule.cosine 1.0
        MicroBatches = Some { Size = 5; FreezeBatchNorm = false }
    }
    |> measuring [ alignment ]

let transformer =
    { plain with
        ViewA =
            View.crop 16
            >-> View.flip
            >-> View.colorJitter 0.5
            >-> View.grayscale 0.2
            >-> View.blur
            >-> View.Solarize { Threshold = 0.5; Probability = 0.2 }
        ViewB =
            View.crop 16
            >-> View.Rotate
            >-> View.Cutout
                    {
                        Fraction = 0.5
                        Probability = 0.5
                        Fill = CutoutFill.Mean
                    }
            >-> View.Noise { Sigma = 0.1; Probability = 0.5 }
            >-> View.Sobel 0.1
            >-> View.RandAugment { Count = 1; Level = 5 }
        Encoder =
            Encoder.ViT
                {
                    Patch = 4
                    ImageSize = 16
                    Dim = 8
                    Depth = 1
                    Heads = 2
                    FrozenPatches = false
                }
        Loss = Loss.hardNegative 0.5 1.0 0.1
        Optimizer = Optimizer.adamW
        LearningRate = LearningRate.Fixed 1e-3
    }
    |> measuring [ alignment ]

let weightless =
    { plain with
        Images =
            { plain.Images with
                TrainLimit = Some 30
            }
        Loss = Loss.dcl 0.5
        Optimizer = Optimizer.adam
        LearningRate = LearningRate.Fixed 1e-3
    }

/// Those that came to their end.
let finished =
    [
        plain
        measured
        online
        failedMeasurement
        residual
        transformer
        weightless
    ]
