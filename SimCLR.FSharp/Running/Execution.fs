namespace SimCLR

open System
open System.Diagnostics
open System.Threading
open SimCLR.Core.Runtime
open TorchSharp

/// The runs of a grid, one after the other, beside other processes that share its store.
[<RequireQualifiedAccess>]
module Execution =

    /// Only what is known already.
    let internal stored (grid: Grid) executor =
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

    /// Tells of cells that are stored, as their execution would.
    let internal tellStored (grid: Grid) executor =
        let total = Grid.size grid

        for i, cell in List.indexed grid.Cells do
            match Executor.known executor cell.Run with
            | Some result ->
                executor.Observer(Event.Began(i + 1, total, cell))

                executor.Observer(
                    Event.Ended
                        {
                            Cell = cell
                            Result = result
                            Stored = true
                        }
                )
            | None -> ()

    /// The runs that are to be computed.
    let internal unknown (grid: Grid) executor =
        Grid.runs grid |> List.filter (Executor.isKnown executor >> not)

    let internal silenced executor =
        { executor with
            Executor.Observer = Observer.silent
        }

    let private setThreads executor =
        Ranks.threads executor |> Option.iter torch.set_num_threads

    /// Of a process that trains and measures along: does what rank 0 has announced.
    let internal along (cancellation: CancellationToken) executor (work: Ranks.Work) =
        let device = Device.resolve executor.Device
        setThreads executor

        use _deterministic =
            if executor.Deterministic then
                DeterministicAlgorithms.Require ignore
            else
                null

        match work with
        | Ranks.Work.Train(run, continuesCollapsed) ->
            Train.along (silenced executor) device cancellation continuesCollapsed run
        | Ranks.Work.Measure run -> Evaluate.along (silenced executor) device cancellation run

    let private lead (cancellation: CancellationToken) executor (grid: Grid) =
        Executor.check grid executor
        CustomCheck.forgetFailures executor.Store (Grid.runs grid)
        let device = Device.resolve executor.Device
        setThreads executor

        use _deterministic =
            if executor.Deterministic then
                DeterministicAlgorithms.Require(fun text -> Executor.note executor text)
            else
                null

        ImageContent.check executor (Grid.runs grid)

        for labels in Grid.runs grid |> List.map Run.leftOut |> List.distinct do
            if not labels.IsEmpty then
                let names = String.concat ", " labels

                Executor.note
                    executor
                    $"The images have no labels: {names} are left out; alignment, uniformity and RankMe are measured instead."

        executor.Observer(Event.Planned grid.Cells)

        // However it ends: a terminal has its cursor again.
        use _finished =
            { new IDisposable with
                member _.Dispose() = executor.Observer Event.Finished
            }

        try
            GridImages.load cancellation grid executor
        with :? OperationCanceledException ->
            Executor.note executor "Interrupted while images were read."

        let done' = Collections.Generic.Dictionary<int, CellResult>()
        let total = Grid.size grid
        let mutable waiting = List.indexed grid.Cells
        let mutable told = false
        let idle = Stopwatch()

        let isLeaving () =
            executor.WaitsFor
            |> Option.exists (fun limit -> idle.IsRunning && idle.Elapsed >= limit)

        let release = GridImages.releaser grid
        let drop = GridNetworks.dropper grid executor

        while not waiting.IsEmpty
              && not (isLeaving ())
              && not cancellation.IsCancellationRequested do
            let before = waiting.Length

            waiting <-
                [
                    for i, cell in waiting do
                        let title () =
                            executor.Observer(Event.Began(i + 1, total, cell))

                        if cancellation.IsCancellationRequested then
                            i, cell
                        else
                            match CellExecution.attempt executor device cancellation title cell with
                            | CellExecution.Attempt.Done result ->
                                done'[i] <- result
                                release cell.Run
                                drop result
                            | CellExecution.Attempt.TakenByAnother
                            | CellExecution.Attempt.Interrupted -> i, cell
                ]

            if
                waiting.Length = before
                && not waiting.IsEmpty
                && not cancellation.IsCancellationRequested
            then
                idle.Start()

                if not told then
                    executor.Observer(Event.Waiting before)
                    told <- true

                if not (isLeaving ()) then
                    cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds 1.0) |> ignore
            else
                idle.Reset()

        {
            Axes = grid.Axes
            Cells = [ for entry in done' |> Seq.sortBy _.Key -> entry.Value ]
        }
        : Results

    /// Executes the cells whose outcome is not stored yet, one after the other; each outcome is stored at once. Cancelling
    /// ends the run in progress with a checkpoint; what is stored is not computed again. Cells that another process is computing
    /// are left to it, and waited for as long as the executor says.
    /// Where a launcher has started several processes, they train together; all but the first give what is stored when it is done.
    let execute (cancellation: CancellationToken) executor (grid: Grid) =
        Ranks.lead (along cancellation executor) (fun () -> stored grid (silenced executor)) (fun () ->
            lead cancellation executor grid)

    /// Executes one run, or takes its outcome from the store. Fails with the reason when the run fails.
    let run run executor =
        let results = execute CancellationToken.None executor (Grid.from run)

        match results.Cells with
        | [ { Result = Ok outcome } ] -> outcome
        | [ { Result = Error failure } ] ->
            raise (RunFailedException $"The run failed, {failure.Reason}: {failure.Detail}")
        | _ -> raise (RunFailedException "The run was interrupted.")
