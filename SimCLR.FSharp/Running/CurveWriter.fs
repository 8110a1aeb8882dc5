namespace SimCLR

open System
open System.IO
open SimCLR.Core.Training

/// Appends points to a training's curve while it trains, unless it is finished already and trained again: the curve that is there stays until there is another whole one. A disk that is full is no reason to stop a training: it is told once, and the
/// whole curve is written at the end.
type internal CurveWriter(executor: Executor, training: Training) =
    let mutable file: StreamWriter option = None
    let mutable failed = false
    let isAgain = StoredTraining.isFinished training executor.Store

    let attempt action =
        if not failed && not isAgain then
            try
                action ()
            with error when Failing.isOfDisk error ->
                failed <- true
                Executor.note executor $"The curve is not written while training: {error.Message}"

    /// A training's progress as a point of its curve.
    static member PointOf(progress: TrainingProgress) =
        {
            Step = progress.Step
            Epoch = progress.Epoch
            LearningRate = progress.LearningRate
            ImagesPerSecond = progress.ImagesPerSecond
            Figures = Map [ for figure in progress.Figures -> figure.Name, figure.Value ]
            Time = progress.Time
        }

    /// The points up to a step are there already.
    member _.Begin step =
        attempt (fun () -> file <- Some(StoredTraining.openCurve training step executor.Store))

    member writer.Add(progress: TrainingProgress) =
        if file.IsNone && not isAgain then
            writer.Begin 0L

        attempt (fun () -> file |> Option.iter _.WriteLine(Json.writeLine (CurveWriter.PointOf progress)))

    interface IDisposable with
        member _.Dispose() =
            attempt (fun () -> file |> Option.iter _.Dispose())
