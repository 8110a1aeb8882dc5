namespace SimCLR

open System
open System.IO
open SimCLR.Core.Runtime

/// A folder of trainings, each under its hash, and under each what was measured of its encoder.
type Store = { Folder: string }

/// What a training came to, without its curve.
[<RequireQualifiedAccess>]
type internal StoredTraining =
    {
        Figures: Figure list
        /// Of what was measured while training.
        [<Neutral "[]">]
        Failures: (string * Failure) list
        Steps: int64
        Seconds: float
        ImagesPerSecond: float
        Waiting: float
        /// SHA-256 of the encoder's file; None: it is not kept.
        Encoder: string option
        /// SHA-256 of the head's file.
        Head: string option
    }

/// What a measurement came to.
[<RequireQualifiedAccess>]
type internal StoredFigures =
    { Figures: Figure list; Seconds: float }

[<RequireQualifiedAccess>]
module Store =

    let private trainingFile = "training.json"
    let private figuresFile = "figures.json"
    let private curveFile = "metrics.jsonl"
    let private provenanceFile = "provenance.json"
    let private failureFile = "failure.json"

    /// The store in that folder; it is made when something is saved.
    let at folder = { Folder = Path.GetFullPath folder }

    let internal trainingsFolder store = Path.Combine(store.Folder, "trainings")

    /// The folder of a training.
    let trainingFolder training store =
        Path.Combine(trainingsFolder store, Training.hash training)

    /// The folder of an encoder before training.
    let internal untrainedFolder untrained store =
        Path.Combine(store.Folder, "untrained", Untrained.hash untrained)

    /// The folder of a run's training.
    let folderOf run store = trainingFolder (Run.training run) store

    /// Where the encoder of a run lies, if it was kept.
    let encoderOf run store =
        Path.Combine(folderOf run store, "encoder.safetensors")

    /// Where the projection head of a run lies, if it was kept.
    let headOf run store =
        Path.Combine(folderOf run store, "head.safetensors")

    /// Where the representations of some test images lie, by the encoder of that folder.
    let internal sampleIn folder =
        Path.Combine(folder, "sample.safetensors")

    /// The folder of a measurement, in that of the encoder that it is taken of.
    let evaluationFolder task encoderFolder =
        Path.Combine(encoderFolder, "evaluations", EvaluationTask.hash task)

    /// The file in which the value of a run lies once it has been taken to its end.
    let private runFile run store =
        Path.Combine(folderOf run store, "runs", Run.hash run + ".json")

    /// Whether what lies there is of that training; where it cannot be told, the folder's name says so.
    let private belongs (warn: string -> unit) training folder =
        match
            Path.Combine(folder, trainingFile)
            |> StoredFile.tryRead<Training> warn "is written again when it is needed"
        with
        | Some stored when stored <> training ->
            let differences =
                [ for path, _, _ in Training.diff stored training -> path ]
                |> String.concat ", "

            let figures = Path.Combine(folder, figuresFile)

            if File.Exists figures then
                File.Move(figures, figures + ".damaged", overwrite = true)

                warn
                    $"{Path.Combine(folder, trainingFile)} holds another training, which differs in {differences}. {figuresFile} was renamed to {figuresFile}.damaged, and the training counts as not done."

            false
        | _ -> true

    /// What a training came to, if it is stored. A damaged file is put aside as *.damaged, and the warning says so.
    let internal tryTraining warn training store =
        let folder = trainingFolder training store
        let figures = Path.Combine(folder, figuresFile)

        if File.Exists figures && belongs warn training folder then
            StoredFile.tryRead<StoredTraining> warn "the training counts as not done" figures
        else
            None

    /// Whether a run's training is stored.
    let isTrained run store =
        File.Exists(Path.Combine(folderOf run store, figuresFile))

    /// The curve of a training, as far as it has come. One that is damaged is told, and ends before the damage.
    let private readCurve (warn: string -> unit) training store : CurvePoint list =
        let path = Path.Combine(trainingFolder training store, curveFile)
        let points, damage = StoredFile.readLines path

        damage
        |> Option.iter (fun line -> warn $"{path} is damaged in line {line}; the curve ends there.")

        points

    /// The curve of a training, as far as it has come: a process that was killed may have left half a line.
    let curve training store = readCurve ignore training store

    /// Makes a training's folder and says in it what is trained.
    let internal beginTraining training store =
        let folder = trainingFolder training store
        Directory.CreateDirectory folder |> ignore

        if not (File.Exists(Path.Combine(folder, trainingFile))) then
            StoredFile.write (Path.Combine(folder, trainingFile)) training
            AtomicFile.WriteText(Path.Combine(folder, "training.fsx"), Training.toCode training + "\n")

        folder

    /// The curve of a training that has come so far, cut to the points up to a step: what is to be appended to.
    let internal openCurve training step store =
        let path = Path.Combine(beginTraining training store, curveFile)
        StoredFile.writeLines path (curve training store |> List.filter (fun point -> point.Step <= step))
        new StreamWriter(path, append = true, AutoFlush = true)

    /// Forgets why something failed.
    let private forget folder =
        let path = Path.Combine(folder, failureFile)

        if File.Exists path then
            File.Delete path

    /// Forgets why the training of a folder, or a measurement in it, has failed; how many of them had.
    let internal forgetFailures folder =
        let failed = Directory.GetFiles(folder, failureFile, SearchOption.AllDirectories)

        failed |> Array.iter File.Delete
        failed.Length

    /// Saves the figures of a training, which make it a finished one.
    let internal saveFigures training (stored: StoredTraining) store =
        StoredFile.write (Path.Combine(trainingFolder training store, figuresFile)) stored

    /// Says of a finished training's folder that its weights are not kept.
    let internal forgetWeights folder =
        let path = Path.Combine(folder, figuresFile)

        StoredFile.read<StoredTraining> path
        |> Result.iter (fun stored ->
            StoredFile.write
                path
                { stored with
                    Encoder = None
                    Head = None
                })

    /// Saves what a training came to; its encoder and head lie there already. The figures are written last: a folder without them is unfinished.
    let internal saveTraining training (provenance: Provenance) curve (stored: StoredTraining) store =
        let folder = beginTraining training store
        StoredFile.writeLines (Path.Combine(folder, curveFile)) curve
        StoredFile.write (Path.Combine(folder, provenanceFile)) provenance
        saveFigures training stored store
        forget folder

    /// What a measurement of that encoder came to, or why it failed, if one of them is stored.
    let internal tryEvaluation warn task encoderFolder : Result<StoredFigures, Failure> option =
        let folder = evaluationFolder task encoderFolder

        match
            Path.Combine(folder, figuresFile)
            |> StoredFile.tryRead<StoredFigures> warn "the measurement counts as not taken"
        with
        | Some figures -> Some(Ok figures)
        | None ->
            Path.Combine(folder, failureFile)
            |> StoredFile.tryRead<Failure> warn "the measurement counts as not taken"
            |> Option.map Error

    let private beginEvaluation (task: EvaluationTask) encoderFolder =
        let folder = evaluationFolder task encoderFolder
        Directory.CreateDirectory folder |> ignore
        StoredFile.write (Path.Combine(folder, "task.json")) task
        folder

    /// Saves what a measurement came to.
    let internal saveEvaluation task (provenance: Provenance) (figures: StoredFigures) encoderFolder =
        let folder = beginEvaluation task encoderFolder
        StoredFile.write (Path.Combine(folder, provenanceFile)) provenance
        StoredFile.write (Path.Combine(folder, figuresFile)) figures
        forget folder

    /// Saves why a measurement failed.
    let internal saveEvaluationFailure task (failure: Failure) encoderFolder =
        StoredFile.write (Path.Combine(beginEvaluation task encoderFolder, failureFile)) failure

    /// Saves why a run's training has come to nothing.
    let saveFailure run (failure: Failure) store =
        let folder = beginTraining (Run.training run) store
        StoredFile.write (Path.Combine(folder, failureFile)) failure

    /// Why the training of a folder has failed, if it has.
    let internal failureIn folder =
        if File.Exists(Path.Combine(folder, figuresFile)) then
            None
        else
            Path.Combine(folder, failureFile)
            |> StoredFile.tryRead<Failure> ignore "forgotten"

    /// Why a run's training has failed, if it has.
    let tryFailure run store = failureIn (folderOf run store)

    /// The folders in which a run's measurements lie, each with what is measured there.
    let private measured run store =
        let evaluation = run.Evaluation
        let untrained = untrainedFolder (Run.untrained run) store
        let trained = folderOf run store

        [ for task in Evaluation.standardTasks evaluation -> untrained, true, task ]
        @ [ for task in Evaluation.tasks evaluation -> trained, false, task ]

    /// Saves that the process that had a run died too often: its training, or the measurement that it was at, has failed.
    let internal saveDeath run (failure: Failure) store =
        let missing (folder, _, task) =
            Option.isNone (tryEvaluation ignore task folder)

        match isTrained run store, measured run store |> List.tryFind missing with
        | true, Some(folder, _, task) -> saveEvaluationFailure task failure folder
        | _ -> saveFailure run failure store

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
                        | name when name.EndsWith AtomicFile.TemporaryEnding -> ()
                        | name when name = curveFile -> ()
                        | _ -> file
        ]
        |> List.sort
        |> String.concat "\n"

    /// Forgets that a run, or a measurement of it, has failed.
    let forgetFailure run store =
        forget (folderOf run store)

        for folder, _, task in measured run store do
            forget (evaluationFolder task folder)

    /// Saves that a run has been taken to its end.
    let internal saveRun run store =
        let path = runFile run store

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
            match tryEvaluation warn task folder with
            | Some result -> Some(labelOf isUntrained task, result)
            | None ->
                unstored
                |> Map.tryFind (evaluationFolder task folder)
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

        match tryTraining warn (Run.training run) store with
        | None -> None
        | Some training ->
            let results = measured run store |> List.map result

            if List.forall Option.isSome results then
                Some(outcome training (List.choose id results))
            else
                None

    /// The outcome of a run, if its training and all its measurements are stored, or among those that have failed without being stored, by their folders.
    let internal assemble unstored warn run store =
        assembleWith (readCurve warn) unstored warn run store

    /// The same without its curve, for whom many runs are read.
    let internal tryFigures warn run store =
        assembleWith (fun _ _ -> []) Map.empty warn run store

    /// The outcome of a run, if its training and all its measurements are stored; what has failed of them is among its failures. A damaged
    /// file is put aside as *.damaged, and the warning says so.
    let tryFind (warn: string -> unit) run store = assemble Map.empty warn run store

    let private lockFile folder = Path.Combine(folder, "lock")

    /// Takes a folder of the store for this process, until it is disposed or the process ends, however it ends. None where another process
    /// has it. Fails where the lock cannot be made: the disk is full, or a right is missing.
    let internal tryLockFolder folder =
        FileLock.TryTake(lockFile folder) |> Option.ofObj

    /// The same, once it is free.
    let internal lockFolder cancellation folder =
        FileLock.Take(lockFile folder, "", null, cancellation)

    /// Takes a run's training, and what is measured of it, for this process; None where another process has it.
    let tryLock run store = tryLockFolder (folderOf run store)

    /// The number of the process that had the run last, as far as can be told.
    let internal lastProcess run store =
        try
            match Int32.TryParse((File.ReadAllText(lockFile (folderOf run store))).Split(' ')[0]) with
            | true, number -> Some number
            | _ -> None
        with :? IOException ->
            None

    /// A run's representations of some test images, before and after training; None where there are none, or they are damaged.
    let internal trySamples run store =
        let load (path: string) = Core.Evaluation.FeatureSample.Load path

        try
            let untrained, trained =
                sampleIn (untrainedFolder (Run.untrained run) store), sampleIn (folderOf run store)

            if File.Exists untrained && File.Exists trained then
                Some(Core.Evaluation.FeatureSamples(load untrained, load trained))
            else
                None
        with
        | :? InvalidDataException
        | :? ArgumentException
        | :? IOException -> None

    /// What the training of a folder was executed with.
    let internal provenanceIn folder =
        Path.Combine(folder, provenanceFile)
        |> StoredFile.tryRead<Provenance> ignore "is left out"

    /// What a run was trained with.
    let tryProvenance run store = provenanceIn (folderOf run store)

    let private folders path =
        if Directory.Exists path then
            Directory.GetDirectories path |> Array.sort
        else
            [||]

    /// The folders of all trainings, finished or not.
    let internal trainings store = folders (trainingsFolder store)

    /// The folders of all encoders before training.
    let internal untrainedFolders store =
        folders (Path.Combine(store.Folder, "untrained"))

    /// The files of the runs of a training's folder that have been taken to their end, named by their hashes.
    let internal runFiles folder =
        let runs = Path.Combine(folder, "runs")

        if Directory.Exists runs then
            Directory.GetFiles(runs, "*.json") |> Array.sort
        else
            [||]

    /// The run of such a file, unless it is damaged or lies in the wrong place, which the warning says.
    let internal readRun (warn: string -> unit) store path =
        match StoredFile.read<Run> path with
        | Error why ->
            warn $"{why}. It is left out."
            None
        | Ok run when path <> runFile run store ->
            warn $"{path} is of a run that would lie in {runFile run store}. It is left out."
            None
        | Ok run -> Some run

    /// Every run of the store that has been taken to its end.
    let all (warn: string -> unit) store =
        [
            for folder in trainings store do
                for path in runFiles folder do
                    match readRun warn store path with
                    | Some run ->
                        match tryFind warn run store with
                        | Some outcome -> run, outcome
                        | None -> ()
                    | None -> ()
        ]
