/// Outcomes and results with chosen numbers.
module SimCLR.Tests.Samples

open System
open System.IO
open SimCLR

let outcome top1 =
    {
        LinearTop1 = top1
        LinearTop1Untrained = 0.25
        KnnTop1 = top1 - 0.05
        KnnTop1Untrained = 0.2
        FinalLoss = 1.0 / 3.0
        Entropy = 4.5
        ContrastiveTop1 = 0.875
        L2 = 1e-3
        Steps = 1234567890123L
        Seconds = 12.5
        ImagesPerSecond = 4200.0
        Waiting = 0.0
        Curve =
            [
                for step in 1L .. 3L ->
                    {
                        Step = step
                        Epoch = float step / 3.0
                        Loss = 5.0 / float step
                        LearningRate = 0.1 * float step
                        GradientNorm = 0.7
                        ImagesPerSecond = 4000.0
                    }
            ]
        Measured = [ "g(h) linear top-1", top1 - 0.1; "h alignment", 0.5 ]
    }

let provenance: Provenance =
    {
        Commit = "abc"
        Versions = "1"
        Device = "cpu"
        Threads = 2
        Precision = "Float32"
        Machine = "a machine"
        Energy = { WattHours = 1.5; Method = "a guess" }
        Date = DateTimeOffset(2020, 2, 13, 1, 2, 3, TimeSpan.Zero)
    }

/// Results whose outcomes have the accuracies that a function of the run gives; None is a failure.
let results (top1: Run -> float option) (grid: Grid) : Results =
    {
        Axes = grid.Axes
        Cells =
            [
                for cell in grid.Cells ->
                    {
                        Cell = cell
                        Result =
                            match top1 cell.Run with
                            | Some top1 -> Ok(outcome top1)
                            | None ->
                                Error
                                    {
                                        Reason = "training failed"
                                        Detail = "the loss is NaN"
                                    }
                        Stored = false
                    }
            ]
    }

/// What of an outcome is the same however fast it was computed.
let withoutSpeed outcome =
    { outcome with
        Seconds = 0.0
        ImagesPerSecond = 0.0
        Waiting = 0.0
        Curve = outcome.Curve |> List.map (fun point -> { point with ImagesPerSecond = 0.0 })
    }

/// A run of a second or less.
let tiny =
    { Run.shapes with
        Images =
            {
                Source = ImageSource.Shapes { Train = 40; Test = 20; Size = 16 }
                TrainLimit = None
            }
        ViewA = View.crop 16 >-> View.flip
        ViewB = View.crop 16 >-> View.flip
        Encoder = Encoder.SmallConv [ 8; 16 ]
        Schedule = Schedule.cosine 0.0
        BatchSize = 10
        Epochs = 2
    }

/// The run with a training whose loss is no number after a step.
let diverging run =
    { run with
        LearningRate = LearningRate.Fixed 1e30
        Head =
            { run.Head with
                Depth = 1
                BatchNorm = false
            }
        Loss = Loss.NtXent { Temperature = 0.5; Normalize = false }
    }

/// Gives an action a folder of its own, and removes it.
let withFolder action =
    let folder = Directory.CreateTempSubdirectory "simclr-test-"

    try
        action folder.FullName
    finally
        folder.Delete true
