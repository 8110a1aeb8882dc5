namespace SimCLR

open System.IO

/// What a measurement came to.
[<RequireQualifiedAccess>]
type internal StoredFigures =
    { Figures: Figure list; Seconds: float }

/// Measurements of an encoder in a store.
[<RequireQualifiedAccess>]
module internal StoredFigures =

    /// What a measurement of that encoder came to, or why it failed, if one of them is stored.
    let tryFind warn task encoderFolder : Result<StoredFigures, Failure> option =
        let folder = StoreFolder.ofEvaluation task encoderFolder

        match
            Path.Combine(folder, StoreFolder.figuresFile)
            |> StoredFile.tryRead<StoredFigures> warn "the measurement counts as not taken"
        with
        | Some figures -> Some(Ok figures)
        | None ->
            Path.Combine(folder, StoreFolder.failureFile)
            |> StoredFile.tryRead<Failure> warn "the measurement counts as not taken"
            |> Option.map Error

    let private begin' (task: EvaluationTask) encoderFolder =
        let folder = StoreFolder.ofEvaluation task encoderFolder
        Directory.CreateDirectory folder |> ignore
        StoredFile.refuseOther<StoredFigures>(Path.Combine(folder, StoreFolder.figuresFile))
        StoredFile.write (Path.Combine(folder, "task.json")) task
        StoredSources.note folder (Custom.sources task)
        folder

    /// Saves what a measurement came to.
    let save task (provenance: Provenance) (figures: StoredFigures) encoderFolder =
        let folder = begin' task encoderFolder
        StoredFile.write (Path.Combine(folder, StoreFolder.provenanceFile)) provenance
        StoredFile.write (Path.Combine(folder, StoreFolder.figuresFile)) figures
        StoreFolder.forget folder

    /// Saves why a measurement failed.
    let saveFailure task (failure: Failure) encoderFolder =
        StoredFile.write (Path.Combine(begin' task encoderFolder, StoreFolder.failureFile)) failure
