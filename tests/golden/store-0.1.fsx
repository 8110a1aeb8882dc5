// Makes tests/golden/store-0.1: a store as version 0.1 wrote it, for the test of Migration. It runs on that version (commit fdd01ad):
//
//     ./simclr run store-0.1.fsx FOLDER && find FOLDER -name lock -delete
#load "scripts/load.fsx"
open SimCLR
open System
open System.IO
open System.Threading
let folder = List.head Load.arguments
if Directory.Exists folder then Directory.Delete(folder, true)
let tiny =
    { Run.shapes with
        Images = { Source = ImageSource.Shapes { Train = 40; Test = 20; Size = 16 }; TrainLimit = None }
        ViewA = View.crop 16 >-> View.flip
        ViewB = View.crop 16 >-> View.flip
        Encoder = Encoder.SmallConv [ 4; 8 ]
        Head = { Run.shapes.Head with Output = 8 }
        Schedule = Schedule.cosine 0.0
        BatchSize = 10
        Epochs = 2 }
let executor = { Executor.local with Device = Cpu; Store = Store.at folder; Progress = Progress.silent; KeepEncoder = true; CheckpointEvery = Some TimeSpan.Zero }
let go e run = try Grid.execute CancellationToken.None e (Grid.from run) |> ignore with e -> eprintfn "%s" e.Message
let training : ClassifierSettings = { Epochs = 2; BatchSize = 10; LearningRate = LearningRate.Linear 0.05; WeightDecay = 0.0 }
// 1 plain, 2 the same training with measurements, 3 online, 4 diverging, 5 interrupted, 6 diverging fine-tuning
go executor tiny
go { executor with KeepEncoder = false } { tiny with Evaluation = tiny.Evaluation |> Evaluation.measuring [ Measurement.FineTune { Labels = 1.0; FromHeadLayer = 0; Training = training }; Measurement.HeadProbe; Measurement.AlignmentUniformity Representation.H ] }
go { executor with KeepEncoder = false } { tiny with Seed = 1L; Evaluation = tiny.Evaluation |> Evaluation.measuring [ Measurement.OnlineProbe 0.1 ] }
go executor { tiny with LearningRate = LearningRate.Fixed 1e30; Head = { tiny.Head with Depth = 1; BatchNorm = false }; Loss = Loss.NtXent { Temperature = 0.5; Normalize = false } }
let source = new CancellationTokenSource()
let watching = { new Progress with
                   member _.Note _ = ()
                   member _.Begin(_, _, _) = ()
                   member _.Step step = if step.Step = 5L then source.Cancel()
                   member _.End _ = () }
Grid.execute source.Token { executor with Progress = watching } (Grid.from { tiny with Seed = 2L; Epochs = 4 }) |> ignore
go executor { tiny with Seed = 3L; Evaluation = tiny.Evaluation |> Evaluation.measuring [ Measurement.FineTune { Labels = 1.0; FromHeadLayer = 0; Training = { training with LearningRate = LearningRate.Fixed 1e30 } } ] }
