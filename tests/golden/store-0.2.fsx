// Makes tests/golden/store-0.2: a store as version 0.2.0 wrote it, for FormerStoreTests. It runs on that version (commit 104b5df):
//
//     cp store-0.2.fsx results/golden/ && ./simclr run results/golden/store-0.2.fsx FOLDER && find FOLDER -name lock -delete
#load "../../scripts/load.fsx"

open System.IO
open System.Threading
open SimCLR

let folder = List.head Load.arguments

if Directory.Exists folder then
    Directory.Delete(folder, true)

let plain =
    { Run.shapes with
        Images =
            {
                Source = ImageSource.Shapes { Train = 40; Test = 20; Size = 16 }
                TrainLimit = None
            }
        ViewA = View.crop 16 >-> View.flip
        ViewB = View.crop 16 >-> View.flip
        Encoder = Encoder.SmallConv [ 4; 8 ]
        Head = { Head.nonLinear with Output = 8 }
        Schedule = Schedule.cosine 0.0
        BatchSize = 10
        Epochs = 2
    }

let measuring measurements run =
    { run with
        Evaluation = run.Evaluation |> Evaluation.measuring measurements
    }

let training: ClassifierSettings =
    {
        Epochs = 2
        BatchSize = 10
        LearningRate = LearningRate.Linear 0.05
        WeightDecay = 0.0
    }

let fineTuning training : FineTuneSettings =
    {
        Labels = 1.0
        FromHeadLayer = 0
        Training = training
    }

/// The same training with a measurement of every kind.
let measured =
    plain
    |> measuring
        [
            Measurement.FineTune(fineTuning training)
            Measurement.FineTune
                { fineTuning training with
                    Labels = 0.5
                    FromHeadLayer = 1
                }
            Measurement.HeadProbe
            Measurement.AlignmentUniformity Representation.H
            Measurement.AlignmentUniformity Representation.Z
            Measurement.LinearSgd training
            Measurement.Supervised { Labels = 1.0; Training = training }
            Measurement.Retention 0.1
            Measurement.Knn { K = [ 1; 5 ]; Temperatures = [ 0.1 ] }
            Measurement.Distill
                {
                    Teacher = Teacher.Linear training
                    Student = Some(Encoder.SmallConv [ 4 ])
                    Temperature = 0.5
                    Training = training
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

let online = { plain with Seed = 1L } |> measuring [ Measurement.OnlineProbe 0.1 ]

let diverging =
    { plain with
        LearningRate = LearningRate.Fixed 1e30
        Head =
            { plain.Head with
                Depth = 1
                BatchNorm = false
            }
        Loss = Loss.NtXent { Temperature = 0.5; Normalize = false }
    }

let interrupted = { plain with Seed = 2L; Epochs = 4 }

let failedMeasurement =
    { plain with Seed = 3L }
    |> measuring
        [
            Measurement.FineTune(
                fineTuning
                    { training with
                        LearningRate = LearningRate.Fixed 1e30
                    }
            )
        ]

let alignment = Measurement.AlignmentUniformity Representation.H

/// A ResNet of few channels, LARS, and batches in parts.
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

/// A transformer, AdamW, and every view.
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
                }
        Loss = Loss.hardNegative 0.5 1.0 0.1
        Optimizer = Optimizer.adamW
        LearningRate = LearningRate.Fixed 1e-3
    }
    |> measuring [ alignment ]

/// Its encoder is not kept.
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

let executor =
    { Executor.local with
        Device = Cpu
        Store = Store.at folder
        Observer = Observer.silent
    }

let execute executor run =
    Grid.execute CancellationToken.None executor (Grid.from run) |> ignore

[ plain; measured; online; diverging; failedMeasurement; residual; transformer ]
|> List.iter (execute executor)

execute
    { executor with
        KeepEncoder = KeepEncoder.Never
    }
    weightless

let source = new CancellationTokenSource()

let interrupting =
    function
    | Event.Stepped(_, stage) when stage.Point.Step = 5L -> source.Cancel()
    | _ -> ()

Grid.execute
    source.Token
    { executor with
        Observer = interrupting
    }
    (Grid.from interrupted)
|> ignore
