namespace SimCLR

open System.IO
open SimCLR.Core.Runtime

/// A folder of trainings, each under its hash, and under each what was measured of its encoder.
type Store = { Folder: string }

/// The folders and files of a store.
module internal StoreFolder =

    let trainingFile = "training.json"
    let figuresFile = "figures.json"
    let curveFile = "metrics.jsonl"
    let provenanceFile = "provenance.json"
    let failureFile = "failure.json"

    let trainings store = Path.Combine(store.Folder, "trainings")

    /// The folder of a training.
    let ofTraining training store =
        Path.Combine(trainings store, Training.hash training)

    /// The folder of an encoder before training.
    let ofUntrained untrained store =
        Path.Combine(store.Folder, "untrained", Untrained.hash untrained)

    /// Where the representations of some test images lie, by the encoder of that folder.
    let sampleIn folder =
        Path.Combine(folder, "sample.safetensors")

    /// The folder of a measurement, in that of the encoder that it is taken of.
    let ofEvaluation task encoderFolder =
        Path.Combine(encoderFolder, "evaluations", EvaluationTask.hash task)

    /// Forgets why something failed.
    let forget folder =
        let path = Path.Combine(folder, failureFile)

        if File.Exists path then
            File.Delete path

    /// Forgets why the training of a folder, or a measurement in it, has failed; how many of them had.
    let forgetFailures folder =
        let failed = Directory.GetFiles(folder, failureFile, SearchOption.AllDirectories)

        failed |> Array.iter File.Delete
        failed.Length

    let lockFile folder = Path.Combine(folder, "lock")

    /// Takes a folder of the store for this process, until it is disposed or the process ends, however it ends. None where another process
    /// has it. Fails where the lock cannot be made: the disk is full, or a right is missing.
    let tryLock folder =
        FileLock.TryTake(lockFile folder) |> Option.ofObj

    /// Deletes the signs of a lock in a folder that was moved while it was held: there they would say for ever that somebody computes in it.
    let forgetLock folder =
        for file in Directory.GetFiles(folder, Path.GetFileName(lockFile folder) + "*") do
            File.Delete file

    /// Who has taken a folder of the store: a process and its machine, for people.
    let holder folder =
        FileLock.Holder(lockFile folder) |> Option.ofObj

    /// The same, once it is free.
    let lock cancellation folder =
        FileLock.Take(lockFile folder, "", null, cancellation)

    /// The file in which the value of a run lies once it has been taken to its end.
    let ofRun run store =
        Path.Combine(ofTraining (Run.training run) store, "runs", Run.hash run + ".json")
