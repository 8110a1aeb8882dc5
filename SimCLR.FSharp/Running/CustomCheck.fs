/// Custom components before a grid is executed: they keep to the contract of their kind, and what is stored was computed by the same source.
module internal SimCLR.CustomCheck

open SimCLR.Core.Encoders
open SimCLR.Core.Evaluation
open SimCLR.Core.Heads
open SimCLR.Core.Images
open SimCLR.Core.Losses
open SimCLR.Core.Methods
open SimCLR.Core.Optimizers
open SimCLR.Core.Runtime
open SimCLR.Core.Views

let private told kind (custom: Custom) (problems: string seq) =
    // Libtorch puts a trace of its own code behind a message.
    let sentence (problem: string) =
        problem.Split("\nException raised from")[0]

    [
        for problem in problems -> $"The custom {kind} '{custom.Name}', version {custom.Version}: {sentence problem}"
    ]

/// What a component does wrong, in words, tried on tiny inputs. One that cannot be made is told of by Run.problems.
let private contract (kind, custom: Custom) (channels, side) =
    let found: string seq =
        match kind with
        | "loss" -> LossContract.Check(Custom.make<ILoss> kind custom)
        | "view" -> ViewContract.Check(Custom.make<IView> kind custom, channels, side)
        | "head" -> HeadContract.Check(Custom.make<HeadSpec> kind custom)
        | "encoder" -> EncoderContract.Check(Custom.make<EncoderSpec> kind custom, channels, side)
        | "measurement" ->
            match Custom.make<IMeasurement> kind custom with
            | :? FeatureMeasurement as measurement -> measurement.Problems()
            | _ -> []
        | "optimizer" -> OptimizerContract.Check(Custom.make<OptimizerSpec> kind custom)
        | "images" ->
            try
                (Custom.make<DefinedImages> kind custom).Fingerprint() |> ignore
                []
            with :? ImageSourceException as error ->
                [ error.Message ]
        | _ -> []

    told kind custom found

/// What a method does wrong, tried with the run's head. Batches are as large as the run's, or a part of it by which they can be divided: what fits the one fits the other.
let private methodContract (custom, head, batch) =
    let tried =
        seq { min batch 256 .. -1 .. 2 }
        |> Seq.find (fun size -> batch % size = 0 || size = 2)

    MethodContract.Check(Custom.make<IMethodSpec> "method" custom, LowerMethod.head head, tried, 16L * int64 tried)
    |> told "method" custom

/// Channels and side of what a run's views make.
let private shape (run: Run) =
    let side = Images.knownSize run.Images |> Option.defaultValue 32
    int64 (Images.channels run.Images), int64 (View.outputSize side run.ViewA)

/// What the custom components of runs do wrong, in words.
let problems (runs: Run list) =
    let components =
        [
            for run in runs do
                for kind, custom in Custom.components run do
                    if Custom.problems kind "" custom = [] then
                        (kind, custom),
                        (if kind = "view" || kind = "encoder" then
                             shape run
                         else
                             (0L, 0L))
        ]
        |> List.distinct

    if not components.IsEmpty then
        LibTorch.Load() |> ignore

    let methods =
        [
            for run in runs do
                match run.Method with
                | Method.Custom custom when
                    Custom.components run
                    |> List.forall (fun (kind, custom) -> Custom.problems kind "" custom = [])
                    ->
                    custom, run.Head, run.BatchSize
                | _ -> ()
        ]
        |> List.distinct

    List.collect ((<||) contract) components @ List.collect methodContract methods
    |> List.distinct

/// Where a run's results lie, with the sources that compute each in this process.
let private places store (run: Run) =
    if (Custom.components run).IsEmpty then
        []
    else
        let trained, untrained =
            StoreFolder.ofTraining (Run.training run) store, StoreFolder.ofUntrained (Run.untrained run) store

        [
            trained, Custom.sources (Run.training run)
            untrained, Custom.sources (Run.untrained run)

            for folder, tasks in [ trained, Run.tasks run; untrained, Run.standardTasks run ] do
                for task in tasks do
                    StoreFolder.ofEvaluation task folder, Custom.sources task
        ]

/// Stored results of runs that another source of a custom component computed, in words.
let otherSources store (runs: Run list) =
    runs
    |> List.collect (places store)
    |> List.distinct
    |> List.collect (fun (folder, sources) -> StoredSources.othersOfUse folder sources)
    |> List.countBy id
    |> List.map (fun ((before, now), count) ->
        $"The custom {now.Kind} '{now.Name}', version {now.Version}, is another now than when {count} stored results were computed by it "
        + $"({before.File}, SHA-256 {before.Sha256.Substring(0, 12)}, is now {now.File}, {now.Sha256.Substring(0, 12)}): raise its version where it computes "
        + "something else, or give --trust-custom where it computes the same. A file of its own, which the script loads, changes only when the component does.")

/// Forgets what failed by another source than this process's: it is tried again.
let forgetFailures store (runs: Run list) =
    for folder, sources in runs |> List.collect (places store) |> List.distinct do
        StoredSources.forgetFailure folder sources
