namespace SimCLR

open System
open System.Threading
open SimCLR.Core.Evaluation
open SimCLR.Core.Runtime
open SimCLR.Core.Training
open TorchSharp

/// Runs of a grid, one after the other, beside other processes that share its store.
module internal Execution =

    /// The figures of the encoder before training, which other runs may have: what is missing is measured by one process while others wait.
    let private measureUntrained executor device splits cancellation run isNew =
        let store = executor.Store
        let folder = Store.untrainedFolder (Run.untrained run) store

        let missing () =
            Evaluate.missing executor folder (Evaluation.standardTasks run.Evaluation)

        if isNew || not (missing ()).IsEmpty then
            use networks = Train.untrained device splits run
            use pretrained = Train.pretrained executor device splits cancellation run networks

            if isNew then
                Evaluate.check executor run pretrained (Evaluation.tasks run.Evaluation)

            use _held = Store.lockFolder cancellation folder
            Evaluate.take executor device run pretrained folder (missing ())
        else
            []

    /// The networks of a run, from the store or trained now, and who is to be disposed for them.
    let private networks executor device splits cancellation run tasks (stored: StoredTraining option) =
        match stored |> Option.bind (Train.stored executor device splits run tasks) with
        | Some networks -> networks, networks :> IDisposable
        | None ->
            let trainee = Train.train executor device splits cancellation run
            new Networks(trainee.Encoder, trainee.Head), trainee

    /// Takes a run to its end: what is stored of its training and its measurements is not computed again.
    let private complete executor device cancellation run =
        let store, note = executor.Store, Executor.note executor
        let splits = Executor.loadUnless cancellation executor run
        ClassCoverage.Check splits
        let folder = Store.folderOf run store

        let stored =
            Store.tryTraining note (Run.training run) store
            |> Option.filter (fun stored -> stored.Encoder.IsSome || executor.KeepEncoder <> KeepEncoder.Always)

        let ofUntrained =
            measureUntrained executor device splits cancellation run stored.IsNone

        let missing = Evaluate.missing executor folder (Evaluation.tasks run.Evaluation)

        let ofTrained =
            if stored.IsSome && missing.IsEmpty then
                []
            else
                let networks, owner =
                    networks executor device splits cancellation run missing stored

                use _owner = owner
                use pretrained = Train.pretrained executor device splits cancellation run networks
                Evaluate.take executor device run pretrained folder missing

        match Store.assemble (Map(ofUntrained @ ofTrained)) note run store with
        | Some outcome ->
            Store.saveRun run store
            Ok outcome
        | None ->
            Error
                {
                    Reason = "could not be stored"
                    Detail = $"What was written to {folder} is not there any more."
                }

    /// The same; what goes wrong is the run's failure, but for an interruption.
    let private attempt executor device cancellation run =
        try
            complete executor device cancellation run
        with error when not (error :? OperationCanceledException) ->
            let isStored, failure = Failing.explain executor.Store error

            if isStored then
                try
                    Store.saveFailure run failure executor.Store
                with error when Failing.isOfDisk error ->
                    Executor.note executor $"The failure is not stored: {error.Message}"

            Error failure

    /// What became of an attempt at a cell.
    [<RequireQualifiedAccess; NoEquality; NoComparison>]
    type private Attempt =
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

    let private attemptCell executor device cancellation title (cell: Cell) =
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

        match Executor.known executor cell.Run with
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
                use _held = held
                title ()

                // It may have been finished between the two looks.
                match Executor.known executor cell.Run with
                | Some result ->
                    noteRun executor cell.Run result
                    finished result true
                | None ->
                    if executor.RetryFailed then
                        Store.forgetFailure cell.Run executor.Store

                    try
                        try
                            finished (attempt executor device cancellation cell.Run) false
                        with
                        | :? TrainingInterruptedException as error -> interrupted (Option.ofNullable error.Checkpoint)
                        | :? OperationCanceledException -> interrupted None
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

    /// The runs that are to be computed.
    let unknown (grid: Grid) executor =
        Grid.runs grid |> List.filter (Executor.isKnown executor >> not)

    let private imagesOf run =
        run.Images
        :: [
            for measurement in run.Evaluation.Measurements do
                match measurement with
                | Measurement.Transfer s -> s.Images
                | _ -> ()
        ]

    /// Reads the images of all that is to be computed, those of measurements too: a data set that is missing is found before anything is
    /// trained or written.
    let loadAll cancellation (grid: Grid) executor =
        unknown grid executor
        |> List.collect (fun run -> [ for images in imagesOf run -> { run with Run.Images = images } ])
        |> List.distinctBy _.Images
        |> List.iter (Executor.loadUnless cancellation executor >> ignore)

    /// Gives images back that no run to come needs, once those that come next are others.
    let private releaser (grid: Grid) =
        let remaining =
            Collections.Generic.Dictionary(dict (Grid.runs grid |> List.collect imagesOf |> List.countBy id))

        fun run ->
            for images in imagesOf run do
                remaining[images] <- remaining[images] - 1

            let needed =
                [
                    for entry in remaining do
                        if entry.Value > 0 then
                            entry.Key
                ]

            if not (needed.IsEmpty || List.contains run.Images needed) then
                Executor.release needed

    /// Takes networks that are not to be kept out of the store, once the last cell of a training has ended: cells that differ only in their
    /// evaluation measure the same ones. They stay where nothing was computed here, or something failed that can be tried again.
    let private dropper (grid: Grid) executor =
        let remaining =
            Collections.Generic.Dictionary(dict (Grid.runs grid |> List.countBy Run.trainingHash))

        let isWhole (result: CellResult) =
            match result.Result with
            | Ok outcome -> outcome.Failures.IsEmpty
            | Error _ -> false

        let ended = Collections.Generic.Dictionary<string, CellResult list>()

        fun (result: CellResult) ->
            let run = result.Cell.Run
            let training = Run.trainingHash run

            let results =
                match ended.TryGetValue training with
                | true, others -> result :: others
                | _ -> [ result ]

            ended[training] <- results
            remaining[training] <- remaining[training] - 1

            if remaining[training] = 0 then
                ended.Remove training |> ignore

                if List.forall isWhole results && not (List.forall _.Stored results) then
                    try
                        // Another sweep that has the training may be about to measure it.
                        match Store.tryLock run executor.Store with
                        | Some held ->
                            use _held = held
                            Train.dropNetworks executor run
                        | None -> ()
                    with error when Failing.isOfDisk error ->
                        Executor.note executor $"An encoder that was not to be kept stays: {error.Message}"

    /// Takes what is stored, computes what is free, and comes back to what other processes have until they are done with it.
    let execute (cancellation: CancellationToken) (grid: Grid) executor =
        Executor.check grid executor
        let device = Device.resolve executor.Device
        executor.Threads |> Option.iter torch.set_num_threads

        use _deterministic =
            if executor.Deterministic then
                DeterministicAlgorithms.Require(fun text -> Executor.note executor text)
            else
                null

        executor.Observer(Event.Planned grid.Cells)

        try
            loadAll cancellation grid executor
        with :? OperationCanceledException ->
            Executor.note executor "Interrupted while images were read."

        let done' = Collections.Generic.Dictionary<int, CellResult>()
        let total = Grid.size grid
        let mutable waiting = List.indexed grid.Cells
        let mutable told = false
        let release = releaser grid
        let drop = dropper grid executor

        while not waiting.IsEmpty && not cancellation.IsCancellationRequested do
            let before = waiting.Length

            waiting <-
                [
                    for i, cell in waiting do
                        let title () =
                            executor.Observer(Event.Began(i + 1, total, cell))

                        if cancellation.IsCancellationRequested then
                            i, cell
                        else
                            match attemptCell executor device cancellation title cell with
                            | Attempt.Done result ->
                                done'[i] <- result
                                release cell.Run
                                drop result
                            | Attempt.TakenByAnother
                            | Attempt.Interrupted -> i, cell
                ]

            if
                waiting.Length = before
                && not waiting.IsEmpty
                && not cancellation.IsCancellationRequested
            then
                if not told then
                    Executor.note executor $"Waiting for {before} runs that other processes have begun."
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
