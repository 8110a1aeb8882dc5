namespace SimCLR

open System
open System.IO
open SimCLR.Core.Runtime

/// Stores of outcomes: a folder of trainings and what was measured of them.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Store =

    /// The store in that folder; it is made when something is saved.
    let ofFolder folder = { Folder = Path.GetFullPath folder }

    /// The folder of a training.
    let trainingFolder training store = StoreFolder.ofTraining training store

    /// The folder of a measurement, in that of the encoder that it is taken of.
    let evaluationFolder task encoderFolder =
        StoreFolder.ofEvaluation task encoderFolder

    /// The folder of a run's training.
    let folderOf run store =
        StoreFolder.ofTraining (Run.training run) store

    /// Where the encoder of a run lies, if it was kept.
    let encoderOf run store =
        Path.Combine(folderOf run store, "encoder.safetensors")

    /// Where the projection head of a run lies, if it was kept.
    let headOf run store =
        Path.Combine(folderOf run store, "head.safetensors")

    /// The curve of a training, as far as it has come: a process that was killed may have left half a line.
    let curve training store = StoredTraining.curve training store

    /// Whether a run's training is stored.
    let isTrained run store =
        StoredTraining.isFinished (Run.training run) store

    /// Saves why a run's training has come to nothing.
    let saveFailure run (failure: Failure) store =
        let folder = StoredTraining.begin' (Run.training run) store
        StoredFile.write (Path.Combine(folder, StoreFolder.failureFile)) failure

    /// Why a run's training has failed, if it has.
    let tryFailure run store =
        StoredTraining.failureIn (folderOf run store)

    /// The folders in which a run's measurements lie, each with what is measured there.
    let private measured run store =
        let untrained = StoreFolder.ofUntrained (Run.untrained run) store
        let trained = folderOf run store

        [ for task in Run.standardTasks run -> untrained, true, task ]
        @ [ for task in Run.tasks run -> trained, false, task ]

    /// Saves that the process that had a run died too often: its training, or the measurement that it was at, has failed.
    let internal saveDeath run (failure: Failure) store =
        let missing (folder, _, task) =
            Option.isNone (StoredFigures.tryFind ignore task folder)

        match isTrained run store, measured run store |> List.tryFind missing with
        | true, Some(folder, _, task) -> StoredFigures.saveFailure task failure folder
        | _ -> saveFailure run failure store

    /// In a run's folder while a process has it, and after one has died of it.
    let internal triesFile = "taken.json"

    /// What of a run is there so far: it changes with every checkpoint and every measurement.
    let internal stateOf run store =
        [
            for folder in
                folderOf run store :: [ for folder, _, _ in measured run store -> folder ]
                |> List.distinct do
                if Directory.Exists folder then
                    for file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories) do
                        match Path.GetFileName file with
                        | "lock" -> ()
                        | name when name = triesFile -> ()
                        | name when name.EndsWith AtomicFile.TemporaryEnding || name.EndsWith FileLock.LeaseEnding -> ()
                        | name when name = StoreFolder.curveFile -> ()
                        | _ -> file
        ]
        |> List.sort
        |> String.concat "\n"

    /// Forgets that a run's training has failed.
    let internal forgetFailureOfTraining run store = StoreFolder.forget (folderOf run store)

    /// Forgets that a run, or a measurement of it, has failed.
    let forgetFailure run store =
        forgetFailureOfTraining run store

        for folder, _, task in measured run store do
            StoreFolder.forget (StoreFolder.ofEvaluation task folder)

    /// Saves that a run has been taken to its end.
    let internal saveRun run store =
        let path = StoreFolder.ofRun run store

        if not (File.Exists path) then
            AtomicFile.WriteText(path, Run.toJson run + "\n")

    let private labelOf isUntrained task =
        EvaluationTask.label task + (if isUntrained then ", untrained" else "")

    let private assembleWith
        (curveOf: Training -> Store -> CurvePoint list)
        (unstored: Map<string, Failure>)
        warn
        run
        store
        : Outcome option =
        let result (folder, isUntrained, task) : (string * Result<StoredFigures, Failure>) option =
            match StoredFigures.tryFind warn task folder with
            | Some result -> Some(labelOf isUntrained task, result)
            | None ->
                unstored
                |> Map.tryFind (StoreFolder.ofEvaluation task folder)
                |> Option.map (fun failure -> labelOf isUntrained task, Error failure)

        let outcome (training: StoredTraining) (results: (string * Result<StoredFigures, Failure>) list) =
            let found =
                [
                    for label, result in results do
                        for figures in Option.toList (Result.toOption result) -> label, figures
                ]

            {
                Figures =
                    training.Figures
                    @ [
                        for label, stored in found do
                            for figure in stored.Figures -> { figure with Figure.Of = label }
                    ]
                Failures =
                    training.Failures
                    @ [
                        for label, result in results do
                            match result with
                            | Error failure -> label, failure
                            | Ok _ -> ()
                    ]
                Steps = training.Steps
                Seconds = training.Seconds + (found |> List.sumBy (snd >> _.Seconds))
                ImagesPerSecond = training.ImagesPerSecond
                Waiting = training.Waiting
                Curve = curveOf (Run.training run) store
            }

        match StoredTraining.tryFind warn (Run.training run) store with
        | None -> None
        | Some training ->
            let results = measured run store |> List.map result

            if List.forall Option.isSome results then
                Some(outcome training (List.choose id results))
            else
                None

    /// The outcome of a run, if its training and all its measurements are stored, or among those that have failed without being stored, by their folders.
    let internal assemble unstored warn run store =
        assembleWith (StoredTraining.readCurve warn) unstored warn run store

    /// The same without its curve, for whom many runs are read.
    let internal tryFigures warn run store =
        assembleWith (fun _ _ -> []) Map.empty warn run store

    /// The outcome of a run, if its training and all its measurements are stored; what has failed of them is among its failures. A damaged
    /// file is put aside as *.damaged, and the warning says so.
    let tryFind (warn: string -> unit) run store = assemble Map.empty warn run store

    /// Takes a run's training, and what is measured of it, for this process; None where another process has it.
    let tryLock run store =
        StoreFolder.tryLock (folderOf run store)

    /// The number of the process that had the run last, as far as can be told.
    let internal lastProcess run store =
        try
            match Int32.TryParse((File.ReadAllText(StoreFolder.lockFile (folderOf run store))).Split(' ')[0]) with
            | true, number -> Some number
            | _ -> None
        with :? IOException ->
            None

    /// A run's representations of some test images, before and after training; None where there are none, or they are damaged.
    let internal trySamples run store =
        let load (path: string) = Core.Evaluation.FeatureSample.Load path

        try
            let untrained, trained =
                StoreFolder.sampleIn (StoreFolder.ofUntrained (Run.untrained run) store),
                StoreFolder.sampleIn (folderOf run store)

            if File.Exists untrained && File.Exists trained then
                Some(Core.Evaluation.FeatureSamples(load untrained, load trained))
            else
                None
        with
        | :? InvalidDataException
        | :? ArgumentException
        | :? IOException -> None

    /// What a run was trained with.
    let tryProvenance run store =
        StoredTraining.provenanceIn (folderOf run store)

    /// Every run of the store that has been taken to its end.
    let all (warn: string -> unit) store =
        [
            for folder in StoreListing.trainings store do
                for path in StoreListing.runFiles folder do
                    match StoreListing.readRun warn store path with
                    | Some run ->
                        match tryFind warn run store with
                        | Some outcome -> run, outcome
                        | None -> ()
                    | None -> ()
        ]
