/// A store of version 0.1 (tests/golden/store-0.1.fsx made it) is taken over.
module SimCLR.Tests.MigrationTests

open System
open System.Collections.Generic
open System.IO
open System.Threading
open SimCLR
open SimCLR.Tests.Samples
open Xunit

/// The runs of that store.
let private small =
    { tiny with
        Encoder = Encoder.SmallConv [ 4; 8 ]
        Head = { tiny.Head with Output = 8 }
    }

let private settings =
    { classifier with
        LearningRate = LearningRate.Linear 0.05
    }

let private measured =
    small
    |> measuring
        [
            Measurement.FineTune
                {
                    Labels = 1.0
                    FromHeadLayer = 0
                    Training = settings
                }
            Measurement.HeadProbe
            Measurement.AlignmentUniformity Representation.H
        ]

let private online =
    { small with Seed = 1L } |> measuring [ Measurement.OnlineProbe 0.1 ]

let private failed =
    { diverging small with
        Head =
            { (diverging small).Head with
                Output = 8
            }
    }

let private interrupted = { small with Seed = 2L; Epochs = 4 }

let private failedMeasurement =
    { small with Seed = 3L }
    |> measuring
        [
            Measurement.FineTune
                {
                    Labels = 1.0
                    FromHeadLayer = 0
                    Training =
                        { settings with
                            LearningRate = LearningRate.Fixed 1e30
                        }
                }
        ]

let private golden = Path.Combine(Launcher.root, "tests", "golden", "store-0.1")

let rec private copy (from: string) (into: string) =
    Directory.CreateDirectory into |> ignore

    for file in Directory.GetFiles from do
        File.Copy(file, Path.Combine(into, Path.GetFileName file |> nonNull))

    for folder in Directory.GetDirectories from do
        copy folder (Path.Combine(into, Path.GetFileName folder |> nonNull))

/// A copy of the store; then the action.
let private withOld action =
    withFolder (fun folder ->
        copy golden folder
        action (Store.ofFolder folder))

let private withMigrated action =
    withOld (fun store ->
        let done' = Migration.migrate store
        action store done')

let private execute (executor: Executor) run =
    (Execution.execute CancellationToken.None executor (Grid.from run)).Cells
    |> List.exactlyOne

let private outcome (cell: CellResult) =
    match cell.Result with
    | Ok outcome -> outcome
    | Error failure -> failwith $"{failure.Reason}: {failure.Detail}"

let private number (run: Run) name (field: string) =
    let text = File.ReadAllText(Path.Combine(golden, Migration.formerHash run, name))
    use document = Text.Json.JsonDocument.Parse text
    document.RootElement.GetProperty(field).GetDouble()

[<Fact>]
let The_hashes_of_version_0_1_are_known () =
    Assert.Equal("86175491080961c0", Migration.formerHash Pinned.small)
    Assert.Equal("de07655e6a43d7ee", Migration.formerHash Pinned.large)
    Assert.Equal("ffeeb9a1dff0daf0", Migration.formerHash Pinned.later)

[<Fact>]
let All_that_a_store_of_0_1_holds_is_taken_over () =
    withMigrated (fun store done' ->
        Assert.Equal(
            {
                Migrated.Runs = 3
                Migrated.Failures = 2
                Migrated.Interrupted = 1
                Migrated.LeftOut = []
            },
            done'
        )

        for run in [ small; measured; online ] do
            let outcome = (Store.tryFind failwith run store).Value
            Assert.Equal(number run "outcome.json" "LinearTop1", outcome.LinearTop1)
            Assert.Equal(number run "outcome.json" "LinearTop1Untrained", outcome.LinearTop1Untrained)
            Assert.Equal(number run "outcome.json" "KnnTop1", outcome.KnnTop1)
            Assert.Equal(number run "outcome.json" "KnnTop1Untrained", outcome.KnnTop1Untrained)
            Assert.Equal(number run "outcome.json" "FinalLoss", outcome.FinalLoss)
            Assert.Equal(number run "outcome.json" "Entropy", outcome.Entropy)
            Assert.Equal(number run "outcome.json" "ContrastiveTop1", outcome.ContrastiveTop1)
            Assert.Equal(number run "outcome.json" "L2", outcome.L2)
            Assert.Equal(8, outcome.Curve.Length)

            Assert.True(
                outcome.Curve
                |> List.forall (fun point -> Double.IsFinite(point.Loss + point.GradientNorm))
            )

            Assert.Empty outcome.Failures

        Assert.Equal<Run list>(
            List.sortBy Run.hash [ small; measured; online ],
            Store.all failwith store |> List.map fst |> List.sortBy Run.hash
        )

        let names run =
            (Store.tryFind failwith run store).Value |> Samples.measured |> List.map fst

        Assert.Equal<string list>(
            [
                "fine-tuned top-1"
                "fine-tuned top-5"
                "g(h) linear top-1"
                "h alignment"
                "h uniformity"
            ],
            names measured
        )

        Assert.Equal<string list>([ "online top-1" ], names online)
        Assert.Contains("training has diverged", (Store.tryFailure failed store).Value.Detail)
        Assert.True((Store.tryFailure failedMeasurement store).IsSome)
        Assert.True((Store.trySamples small store).IsSome)
        // The folders of 0.1 are kept beside, apart from those of interrupted runs, which wait where they are.
        Assert.Equal(5, (Directory.GetDirectories(Path.Combine(store.Folder, "before-0.2"))).Length)
        Assert.True(Directory.Exists(Path.Combine(store.Folder, Migration.formerHash interrupted))))

[<Fact>]
let Nothing_of_it_is_computed_again_and_its_encoder_can_be_measured_further () =
    withMigrated (fun store _ ->
        let executor = executor store.Folder

        for run in [ small; measured; online ] do
            Assert.True (execute executor run).Stored

        let at =
            File.GetLastWriteTimeUtc(Path.Combine(Store.folderOf small store, "figures.json"))
        // Its encoder was kept: what needs no head is measured of it.
        let more =
            small
            |> measuring
                [
                    Measurement.AlignmentUniformity Representation.H
                    Measurement.Knn { K = [ 1 ]; Temperatures = [ 0.1 ] }
                ]

        let cell = execute executor more
        Assert.False cell.Stored
        Assert.True(Double.IsFinite((outcome cell).Figure "chosen k-NN top-1"))
        Assert.Equal(at, File.GetLastWriteTimeUtc(Path.Combine(Store.folderOf small store, "figures.json"))))

[<Fact>]
let An_interrupted_run_of_0_1_goes_on_from_its_checkpoint_to_the_same_numbers () =
    withMigrated (fun store _ ->
        let notes = List<string>()
        let resumed = execute (telling notes store.Folder) interrupted |> outcome
        Assert.Contains("Goes on from the checkpoint of step 5.", notes)

        // 0.1 wrote nothing of what it ran on; this process begins another segment.
        let segments = (Store.tryProvenance interrupted store).Value.Segments
        Assert.Equal<int64 list>([ 0L; 5L ], segments |> List.map _.FromStep)
        Assert.Empty segments[0].Setting

        Assert.All(
            [ "device"; "precision"; "threads"; "libtorch"; "commit"; "machine" ],
            fun name -> Assert.True(segments[1].Setting.ContainsKey name)
        )

        withFolder (fun other ->
            let whole = execute (executor other) interrupted |> outcome
            Assert.Equal(16, resumed.Curve.Length)
            Assert.Equal(whole.FinalLoss, resumed.FinalLoss)
            Assert.Equal(whole.LinearTop1, resumed.LinearTop1)))

// 0.1 threw the pretraining away when a measurement failed; its last checkpoint still has it.
[<Fact>]
let A_pretraining_whose_measurement_failed_in_0_1_is_not_lost () =
    withMigrated (fun store _ ->
        let notes = List<string>()
        let executor = telling notes store.Folder

        let again =
            execute { executor with RetryFailed = true } failedMeasurement |> outcome

        Assert.Contains("Goes on from the checkpoint of step 8.", notes)
        Assert.Equal("fine-tuned", fst (Assert.Single again.Failures))
        Assert.True(Double.IsFinite again.LinearTop1))

[<Fact>]
let What_is_damaged_stays_where_it_is_and_is_told () =
    withOld (fun store ->
        let damaged = Path.Combine(store.Folder, Migration.formerHash measured)
        File.WriteAllText(Path.Combine(damaged, "outcome.json"), "{")
        let renamed = Path.Combine(store.Folder, "0123456789abcdef")
        Directory.Move(Path.Combine(store.Folder, Migration.formerHash online), renamed)
        let done' = Migration.migrate store
        Assert.Equal(1, done'.Runs)

        match done'.LeftOut with
        | [ path, why; other, reason ] ->
            Assert.Equal(renamed, path)
            Assert.Contains("0123456789abcdef", why)
            Assert.Equal(damaged, other)
            Assert.Contains("outcome.json is damaged", reason)
        | other -> Assert.Fail $"{other}"

        Assert.True(Directory.Exists damaged)
        Assert.True(Directory.Exists renamed)
        Assert.Equal(None, Store.tryFind failwith measured store)
        Assert.True((Store.tryFind failwith small store).IsSome))

[<Fact>]
let Taking_over_twice_is_taking_over_once () =
    withMigrated (fun store _ ->
        let before = Store.all failwith store

        Assert.Equal(
            {
                Migrated.Runs = 0
                Migrated.Failures = 0
                Migrated.Interrupted = 1
                Migrated.LeftOut = []
            },
            Migration.migrate store
        )

        Assert.Equal<(Run * Outcome) list>(before, Store.all failwith store))
