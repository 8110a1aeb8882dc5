namespace SimCLR

open System
open System.Diagnostics
open SimCLR.Core.Images
open SimCLR.Core.Training

/// What a grid would do, and what it would cost.
[<RequireQualifiedAccess>]
module Plan =

    /// Evaluation before and after training, in units of a training image's cost: a forward pass of one view
    /// against forward and backward of two.
    let private evaluationShare = 2.0 / 6.0

    /// "42 s", "5 min" or "3.2 h".
    let duration (seconds: float) =
        if seconds < 90.0 then $"{seconds:F0} s"
        elif seconds < 5400.0 then $"{seconds / 60.0:F0} min"
        else $"{seconds / 3600.0:F1} h"

    /// Seconds per step, measured on throwaway steps of an encoder that is then forgotten.
    let private stepSeconds device (splits: ImageSplits) run =
        use training = new Pretraining(Lower.pretraining run, splits.Pretraining, device)
        use _first = training.TrainStep()
        let clock = Stopwatch.StartNew()
        let mutable steps = 0

        while steps < 3 || clock.Elapsed.TotalSeconds < 1.0 do
            use values = training.TrainStep()
            // Reading a value back waits for the device.
            values.cpu().Dispose()
            steps <- steps + 1

        clock.Elapsed.TotalSeconds / float steps

    let private runSeconds device (splits: ImageSplits) run =
        let perImage = stepSeconds device splits run / float run.BatchSize

        let images =
            float (splits.Pretraining.Count / int64 run.BatchSize * int64 run.BatchSize)
            * float run.Epochs

        let evaluated = float (splits.Train.Count + splits.Test.Count)
        perImage * (images + evaluationShare * evaluated)

    /// What makes two runs cost the same.
    let private cost run =
        run.Images, run.ViewA, run.ViewB, run.Encoder, run.Head, run.BatchSize, run.Epochs, run.Precision

    /// A line per run, and the estimated seconds of those that are not stored yet.
    let describe (grid: Grid) executor =
        Executor.check grid { executor with DryRun = true }
        let device = Device.resolve executor.Device
        let costs = Collections.Generic.Dictionary<_, float>()

        let seconds run =
            match costs.TryGetValue(cost run) with
            | true, known -> known
            | _ ->
                let splits = Executor.load executor run
                let measured = runSeconds device splits run
                costs[cost run] <- measured
                measured

        let cells =
            [
                for cell in grid.Cells do
                    match Executor.tryFind ignore executor cell.Run with
                    | Some _ -> cell, None
                    | None -> cell, Some(seconds cell.Run)
            ]

        [
            for i, (cell, estimate) in List.indexed cells do
                let what =
                    match estimate with
                    | Some seconds -> duration seconds
                    | None -> "stored already"

                $"[{i + 1}/{cells.Length}] {Run.hash cell.Run}  {Grid.label cell}  {what}"
        ],
        cells |> List.sumBy (snd >> Option.defaultValue 0.0)
