namespace SimCLR

open System
open System.Threading
open SimCLR.Core.Runtime
open TorchSharp

/// Runs of a grid, one after the other, beside other processes that share its store.
module internal Execution =

    let private describe (result: Result<Outcome, Failure>) =
        match result with
        | Ok outcome ->
            $"linear {outcome.LinearTop1:P1} (untrained {outcome.LinearTop1Untrained:P1})  k-NN {outcome.KnnTop1:P1}  "
            + $"loss {outcome.FinalLoss:F3}  {outcome.ImagesPerSecond:N0} images/s  {outcome.Seconds:F0} s"
        | Error failure -> $"FAILED, {failure.Reason}: {failure.Detail}"

    /// What became of an attempt at a cell.
    [<RequireQualifiedAccess; NoEquality; NoComparison>]
    type private Attempt =
        | Done of CellResult
        | TakenByAnother
        | Interrupted

    let private attemptCell executor device cancellation title (cell: Cell) =
        let finished result stored =
            let said = if stored then "stored already: " else ""
            executor.Progress.End $"{said}{describe result}"

            Attempt.Done
                {
                    Cell = cell
                    Result = result
                    Stored = stored
                }

        match Executor.known executor cell.Run with
        | Some result ->
            title ()
            finished result true
        | None ->
            let held =
                try
                    Ok(Store.tryLock cell.Run executor.Store)
                with error when Training.isOfDisk error ->
                    Error(Training.unstorable executor error)

            match held with
            | Error failure ->
                title ()
                finished (Error failure) false
            | Ok None -> Attempt.TakenByAnother
            | Ok(Some held) ->
                use _held = held
                title ()

                // It may have been finished between the two looks.
                match Executor.tryFind executor.Progress.Note executor cell.Run with
                | Some outcome -> finished (Ok outcome) true
                | None ->
                    try
                        try
                            finished
                                (Training.attempt
                                    executor
                                    device
                                    (Executor.load executor cell.Run)
                                    cancellation
                                    cell.Run)
                                false
                        with :? OperationCanceledException ->
                            executor.Progress.End "interrupted"
                            Attempt.Interrupted
                    finally
                        NativeHeap.Release()

    /// Only what is known already.
    let stored (grid: Grid) executor =
        {
            Axes = grid.Axes
            Cells =
                [
                    for cell in grid.Cells do
                        match Executor.known executor cell.Run with
                        | Some result ->
                            {
                                Cell = cell
                                Result = result
                                Stored = true
                            }
                        | None -> ()
                ]
        }
        : Results

    /// Reads the images of all that is to be computed, those of measurements too: a data set that is missing is found before anything is
    /// trained or written.
    let private loadAll (grid: Grid) executor =
        let ofMeasurements run =
            run.Evaluation.Measurements
            |> List.choose (function
                | Measurement.Transfer s -> Some { run with Run.Images = s.Images }
                | _ -> None)

        Grid.runs grid
        |> List.filter (Executor.known executor >> Option.isNone)
        |> List.collect (fun run -> run :: ofMeasurements run)
        |> List.distinctBy _.Images
        |> List.iter (Executor.load executor >> ignore)

    /// Takes what is stored, computes what is free, and comes back to what other processes have until they are done with it.
    let execute (cancellation: CancellationToken) (grid: Grid) executor =
        Executor.check grid executor
        let device = Device.resolve executor.Device
        executor.Threads |> Option.iter torch.set_num_threads

        use _deterministic =
            if executor.Deterministic then
                DeterministicAlgorithms.Require(fun text -> executor.Progress.Note text)
            else
                null

        loadAll grid executor
        let done' = Collections.Generic.Dictionary<int, CellResult>()
        let total = Grid.size grid
        let mutable waiting = List.indexed grid.Cells
        let mutable told = false

        while not waiting.IsEmpty && not cancellation.IsCancellationRequested do
            let before = waiting.Length

            waiting <-
                [
                    for i, cell in waiting do
                        let title () =
                            executor.Progress.Begin(i + 1, total, Grid.label cell)

                        if cancellation.IsCancellationRequested then
                            i, cell
                        else
                            match attemptCell executor device cancellation title cell with
                            | Attempt.Done result -> done'[i] <- result
                            | Attempt.TakenByAnother
                            | Attempt.Interrupted -> i, cell
                ]

            if waiting.Length = before && not waiting.IsEmpty then
                if not told then
                    executor.Progress.Note $"Waiting for {before} runs that other processes have begun."
                    told <- true

                cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds 1.0) |> ignore

        {
            Axes = grid.Axes
            Cells = [ for entry in done' |> Seq.sortBy _.Key -> entry.Value ]
        }
        : Results

[<AutoOpen>]
module GridExecution =

    module Grid =

        /// Executes the cells whose outcome is not stored yet, one after the other; each outcome is stored at once. Cancelling
        /// ends the run in progress with a checkpoint; what is stored is not computed again. Cells that another process is computing
        /// are left to it, and waited for.
        let execute cancellation executor grid =
            Execution.execute cancellation grid executor

    module Executor =

        /// Executes one run, or takes its outcome from the store. Fails with the reason when the run fails.
        let run run executor =
            let results = Execution.execute CancellationToken.None (Grid.from run) executor

            match results.Cells with
            | [ { Result = Ok outcome } ] -> outcome
            | [ { Result = Error failure } ] -> invalidOp $"The run failed, {failure.Reason}: {failure.Detail}"
            | _ -> invalidOp "The run was interrupted."
