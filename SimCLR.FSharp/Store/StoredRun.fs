namespace SimCLR

open System
open System.Globalization
open System.IO
open System.Linq
open System.Runtime.ExceptionServices

/// A run that a store holds.
type StoredRun =
    {
        Hash: string
        TrainingHash: string
        Run: Run
        /// Without its curve.
        Outcome: Outcome
        /// What its training was executed with; None: that file is missing or damaged.
        Provenance: Provenance option
    }

/// Runs as a store lists them.
[<RequireQualifiedAccess>]
module StoredRun =

    /// The run of such a file as StoreListing.runFiles lists, if all of it is there.
    let internal read warn store (path: string) =
        StoreListing.readRun warn store path
        |> Option.bind (fun run ->
            let folder: string = Path.GetDirectoryName(Path.GetDirectoryName path)

            Store.tryFigures warn run store
            |> Option.map (fun outcome ->
                {
                    Hash = Path.GetFileNameWithoutExtension path
                    TrainingHash = Path.GetFileName folder
                    Run = run
                    Outcome = outcome
                    Provenance = StoredTraining.provenanceIn folder
                }))

    /// A run with its outcome, and what the store says of its training.
    let ofOutcome store run outcome =
        {
            Hash = Run.hash run
            TrainingHash = Run.trainingHash run
            Run = run
            Outcome = outcome
            Provenance = Store.tryProvenance run store
        }

    /// The same; None where somebody has deleted it since it was listed.
    let private tryRead warn store path =
        try
            read warn store path
        with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException -> None

    /// Every run of a store that has been taken to its end, in the order of the hashes of their trainings. They are read while the sequence
    /// is, on all cores, so that a store of any size fits into memory. What cannot be read raises the system's error.
    let all (warn: string -> unit) store : StoredRun seq =
        seq {
            try
                yield!
                    (StoreListing.trainings store |> Seq.collect StoreListing.runFiles)
                        .AsParallel()
                        .AsOrdered()
                        .Select(tryRead warn store)
                    |> Seq.choose id
            with :? AggregateException as error ->
                ExceptionDispatchInfo.Throw(error.Flatten().InnerExceptions[0])
        }

    let private exact (x: float) =
        x.ToString("R", CultureInfo.InvariantCulture)

    /// A date of ISO 8601, to the second.
    let internal date (date: DateTimeOffset) =
        date.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture)

    let private hashes (stored: StoredRun) =
        [ "hash", stored.Hash; "training", stored.TrainingHash ]

    let private leaves (stored: StoredRun) = Run.paths stored.Run

    let private figures (stored: StoredRun) =
        [
            for figure in stored.Outcome.Figures do
                if not (Double.IsNaN figure.Value) then
                    figure.FullName, exact figure.Value
        ]

    let private circumstances (stored: StoredRun) =
        let outcome = stored.Outcome

        [
            "failed", outcome.Failures |> List.map fst |> String.concat "; "
            "steps", string outcome.Steps
            "seconds", exact outcome.Seconds
            "images/s", exact outcome.ImagesPerSecond

            match stored.Provenance with
            | None -> ()
            | Some provenance ->
                "commit", provenance.Commit
                "script's commit", provenance.ScriptCommit
                "versions", provenance.Versions
                "machine", provenance.Machine
                "device", provenance.Device
                "precision used", provenance.Precision
                "threads", string provenance.Threads
                "Wh", exact provenance.Energy.WattHours
                "date", date provenance.Date
        ]

    /// All that is known of it as names and texts: hashes, every leaf of the run by its path, every figure by its full name, then failures, time,
    /// and what it was executed with.
    let columns (stored: StoredRun) : (string * string) list list =
        [ hashes stored; leaves stored; figures stored; circumstances stored ]
