namespace SimCLR

open System.IO
open SimCLR.Core.Runtime

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

/// Trainings in a store.
[<RequireQualifiedAccess>]
module internal StoredTraining =

    /// Whether what lies there is of that training; where it cannot be told, the folder's name says so.
    let private belongs (warn: string -> unit) training folder =
        match
            Path.Combine(folder, StoreFolder.trainingFile)
            |> StoredFile.tryRead<Training> warn "is written again when it is needed"
        with
        | Some stored when stored <> training ->
            let differences =
                [ for path, _, _ in Training.diff stored training -> path ]
                |> String.concat ", "

            let figures = Path.Combine(folder, StoreFolder.figuresFile)

            if File.Exists figures then
                warn
                    $"{Path.Combine(folder, StoreFolder.trainingFile)} holds another training, which differs in {differences}. {StoredFile.putAside figures}, and the training counts as not done."

            false
        | _ -> true

    /// What a training came to, if it is stored. A damaged file is put aside as *.damaged, and the warning says so.
    let tryFind warn training store =
        let folder = StoreFolder.ofTraining training store
        let figures = Path.Combine(folder, StoreFolder.figuresFile)

        if File.Exists figures && belongs warn training folder then
            StoredFile.tryRead<StoredTraining> warn "the training counts as not done" figures
        else
            None

    /// The curve of a training, as far as it has come. One that is damaged is told, and ends before the damage.
    let readCurve (warn: string -> unit) training store : CurvePoint list =
        let path =
            Path.Combine(StoreFolder.ofTraining training store, StoreFolder.curveFile)

        let points, damage = StoredFile.readLines path

        damage
        |> Option.iter (fun line -> warn $"{path} is damaged in line {line}; the curve ends there.")

        points

    /// The curve of a training, as far as it has come: a process that was killed may have left half a line.
    let curve training store = readCurve ignore training store

    /// Makes a training's folder and says in it what is trained. Raises OtherVersionException where its figures are of another version.
    let begin' training store =
        let folder = StoreFolder.ofTraining training store
        Directory.CreateDirectory folder |> ignore
        StoredFile.refuseOther<StoredTraining>(Path.Combine(folder, StoreFolder.figuresFile))

        if not (File.Exists(Path.Combine(folder, StoreFolder.trainingFile))) then
            StoredFile.write (Path.Combine(folder, StoreFolder.trainingFile)) training
            AtomicFile.WriteText(Path.Combine(folder, "training.fsx"), Training.toCode training + "\n")

        StoredSources.note folder (Custom.sources training)

        folder

    /// Whether figures lie there, of whichever version.
    let isFinished training store =
        File.Exists(Path.Combine(StoreFolder.ofTraining training store, StoreFolder.figuresFile))

    /// The curve of a training that has come so far, cut to the points up to a step: what is to be appended to.
    let openCurve training step store =
        let path = Path.Combine(begin' training store, StoreFolder.curveFile)
        StoredFile.writeLines path (curve training store |> List.filter (fun point -> point.Step <= step))
        new StreamWriter(path, append = true, AutoFlush = true)

    /// What is trained in a folder, where that can be read.
    let valueIn folder =
        Path.Combine(folder, StoreFolder.trainingFile)
        |> StoredFile.tryRead<Training> ignore "is left out"

    /// Saves the figures of a training, which make it a finished one.
    let saveFigures training (stored: StoredTraining) store =
        StoredFile.write (Path.Combine(StoreFolder.ofTraining training store, StoreFolder.figuresFile)) stored

    /// Says of a finished training's folder that its weights are not kept.
    let forgetWeights folder =
        let path = Path.Combine(folder, StoreFolder.figuresFile)

        StoredFile.read<StoredTraining> path
        |> Result.iter (fun stored ->
            StoredFile.write
                path
                { stored with
                    Encoder = None
                    Head = None
                })

    /// Saves what a training came to; its encoder and head lie there already. The figures are written last: a folder without them is unfinished.
    let save training (provenance: Provenance) curve (stored: StoredTraining) store =
        let folder = begin' training store
        StoredFile.writeLines (Path.Combine(folder, StoreFolder.curveFile)) curve
        StoredFile.write (Path.Combine(folder, StoreFolder.provenanceFile)) provenance
        saveFigures training stored store
        StoreFolder.forget folder

    /// Why the training of a folder has failed, if it has.
    let failureIn folder =
        if File.Exists(Path.Combine(folder, StoreFolder.figuresFile)) then
            None
        else
            Path.Combine(folder, StoreFolder.failureFile)
            |> StoredFile.tryRead<Failure> ignore "forgotten"

    /// What the training of a folder was executed with.
    let provenanceIn folder =
        Path.Combine(folder, StoreFolder.provenanceFile)
        |> StoredFile.tryRead<Provenance> ignore "is left out"
