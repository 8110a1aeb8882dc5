/// A run, taken to its end.
module internal SimCLR.RunExecution

open System
open SimCLR.Core.Evaluation
open SimCLR.Core.Training

/// The figures of the encoder before training, which other runs may have: what is missing is measured by one process while others wait.
let private measureUntrained executor device splits cancellation run isNew =
    let store = executor.Store
    let folder = StoreFolder.ofUntrained (Run.untrained run) store

    let missing () =
        Remaining.tasks executor folder (Run.standardTasks run)

    if isNew || not (missing ()).IsEmpty then
        use networks = RunNetworks.untrained executor device splits run

        use pretrained =
            RunNetworks.pretrained executor device splits cancellation run networks

        if isNew then
            Evaluate.check executor run pretrained (Run.tasks run)

        use _held = StoreFolder.lock cancellation folder
        StoredSources.note folder (Custom.sources (Run.untrained run))
        ImageContent.note run folder
        Evaluate.take executor device run pretrained folder (missing ())
    else
        []

/// The networks of a run, from the store or trained now, and who is to be disposed for them.
let private networks executor device splits cancellation run tasks (stored: StoredTraining option) =
    match stored |> Option.bind (RunNetworks.stored executor device splits run tasks) with
    | Some networks -> networks, networks :> IDisposable
    | None ->
        let trainee = Train.train executor device splits cancellation run
        new Networks(trainee.Encoder, trainee.Head), trainee

/// Takes a run to its end: what is stored of its training and its measurements is not computed again.
let private complete executor device cancellation run =
    let store, note = executor.Store, Executor.note executor
    let splits = Executor.loadUnless cancellation executor run

    if Images.hasLabels run.Images then
        ClassCoverage.Check splits

    let folder = Store.folderOf run store
    let stored = Remaining.training executor run

    let ofUntrained =
        measureUntrained executor device splits cancellation run stored.IsNone

    let missing = Remaining.tasks executor folder (Run.tasks run)

    let ofTrained =
        if stored.IsSome && missing.IsEmpty then
            []
        else
            let networks, owner =
                networks executor device splits cancellation run missing stored

            use _owner = owner

            use pretrained =
                RunNetworks.pretrained executor device splits cancellation run networks

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
let attempt executor device cancellation run =
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
