namespace SimCLR

open System.IO
open SimCLR.Core.Runtime
open SimCLR.Core.Training

/// What TensorBoard shows of a sweep.
[<RequireQualifiedAccess>]
module TensorBoard =

    let private curves (outcome: Outcome) =
        let curve tag (get: CurvePoint -> float) =
            ScalarSeries(tag, [| for point in outcome.Curve -> struct (point.Step, get point) |])

        let last =
            outcome.Curve
            |> List.tryLast
            |> Option.map _.Step
            |> Option.defaultValue outcome.Steps

        let final tag value =
            ScalarSeries(tag, [| struct (last, value) |])

        [
            curve "train/loss" _.Loss
            curve "train/learning rate" _.LearningRate
            curve "train/gradient norm" _.GradientNorm
            curve "train/images per second" _.ImagesPerSecond
            final "accuracy/linear" outcome.LinearTop1
            final "accuracy/linear, untrained" outcome.LinearTop1Untrained
            final "accuracy/k-NN" outcome.KnnTop1
            final "accuracy/k-NN, untrained" outcome.KnnTop1Untrained
            final "accuracy/contrastive" outcome.ContrastiveTop1

            for metric in Outcome.measuredOf [ outcome ] do
                final $"measured/{metric.Name}" (metric.Get outcome)
        ]

    /// The name of a run's folder: its coordinates, without what a path cannot hold, or its hash where it has none.
    let private folderName (cell: Cell) =
        let plain c =
            if System.Char.IsLetterOrDigit c || " ,.-+".Contains c then
                c
            else
                '_'

        match Grid.label cell with
        | "" -> Run.hash cell.Run
        | label when label.Length > 100 -> Run.hash cell.Run
        | label -> String.map plain label

    /// Writes an event file for each run that has an outcome: curves of training by step, and what it came to at its last step. The curves are those
    /// of the store, so that runs of earlier sweeps have them too.
    let write folder (results: Results) =
        LibTorch.Load() |> ignore

        for cell, outcome in Results.outcomes results do
            EventFile.Write(Path.Combine(folder, folderName cell), curves outcome)
