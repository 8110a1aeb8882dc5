/// A cell of a grid, beside other processes that share its store.
module internal SimCLR.CellExecution

open System
open System.Threading
open SimCLR.Core.Runtime
open SimCLR.Core.Training

/// What became of an attempt at a cell.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Attempt =
    | Done of CellResult
    | TakenByAnother
    | Interrupted

/// A run whose training and measurements were all stored for others has been taken to its end, too.
let private noteRun executor run result =
    match result with
    | Ok _ ->
        try
            Store.saveRun run executor.Store
        with error when Failing.isOfDisk error ->
            () // A store may be read-only; what it holds is found all the same.
    | Error _ -> ()

/// What is known of a run without computing: what is stored, or what another process of this sweep has come to.
let private known (executor: Executor) run =
    Executor.known executor run
    |> Option.orElseWith (fun () -> Unstored.tryFind run executor.Store)

/// Computes a run. What the other processes of this sweep would not find in the store, they are told.
let private compute (executor: Executor) device cancellation run =
    let result = RunExecution.attempt executor device cancellation run

    if Unstored.isShared () && not (Executor.isKnown executor run) then
        Unstored.note run result executor.Store

    result

/// Takes a cell's result from the store, or computes it if no other process does.
let attempt executor device cancellation title (cell: Cell) =
    let finished result stored =
        let ended =
            {
                Cell = cell
                Result = result
                Stored = stored
            }

        executor.Observer(Event.Ended ended)
        Attempt.Done ended

    let interrupted checkpoint =
        executor.Observer(Event.Interrupted(cell, checkpoint))
        Attempt.Interrupted

    match known executor cell.Run with
    | Some result ->
        title ()
        noteRun executor cell.Run result
        finished result true
    | None ->
        let held =
            try
                Ok(Store.tryLock cell.Run executor.Store)
            with error when Failing.isOfDisk error ->
                Error(Failing.unstorable executor.Store error)

        match held with
        | Error failure ->
            title ()
            finished (Error failure) false
        | Ok None -> Attempt.TakenByAnother
        | Ok(Some held) ->
            use held = held
            title ()

            // It may have been finished between the two looks.
            let found = known executor cell.Run

            if found.IsNone then
                if executor.RetryFailed then
                    Store.forgetFailure cell.Run executor.Store
                    Tries.end' cell.Run executor.Store
                elif executor.ContinueCollapsed then
                    // Who looks meanwhile is not to see a failure.
                    Store.forgetFailureOfTraining cell.Run executor.Store

                Tries.begin' cell.Run executor.Store

            match found |> Option.orElseWith (fun () -> known executor cell.Run) with
            | Some result ->
                Tries.end' cell.Run executor.Store
                noteRun executor cell.Run result
                finished result true
            | None ->
                use stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, held.Lost)

                use _told =
                    held.Lost.Register(fun () ->
                        Executor.note
                            executor
                            "Another machine has taken this run, as this process gave no sign of life for a minute; it is left to that one.")

                try
                    let attempt =
                        try
                            finished (compute executor device stop.Token cell.Run) false
                        with
                        | :? TrainingInterruptedException as error -> interrupted (Option.ofNullable error.Checkpoint)
                        | :? OperationCanceledException -> interrupted None

                    Tries.end' cell.Run executor.Store
                    attempt
                finally
                    NativeHeap.Release()
