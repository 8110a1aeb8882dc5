/// A store of version 0.2.0 (tests/golden/store-0.2.fsx made it) is read as it is. Some look at what is printed.
[<Xunit.Collection("printing")>]
module SimCLR.Tests.FormerStoreTests

open System
open System.Collections.Generic
open System.IO
open System.Security.Cryptography
open System.Text.Json
open System.Threading
open SimCLR
open SimCLR.Tests.Samples
open SimCLR.Tests.FormerRuns
open Xunit

let private golden = Path.Combine(Launcher.root, "tests", "golden", "store-0.2")

/// A copy of the store; then the action.
let private withCopy action =
    withFolder (fun folder ->
        for file in Directory.GetFiles(golden, "*", SearchOption.AllDirectories) do
            let copy = Path.Combine(folder, Path.GetRelativePath(golden, file))
            Directory.CreateDirectory(Path.GetDirectoryName copy |> nonNull) |> ignore
            File.Copy(file, copy)

        action (Store.ofFolder folder))

/// Every file below a folder, with a hash of its bytes.
let private files folder =
    [
        for file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories) ->
            Path.GetRelativePath(folder, file), Convert.ToHexString(SHA256.HashData(File.ReadAllBytes file))
    ]
    |> List.sort

let private unchanged (store: Store) =
    Assert.Equal<(string * string) list>(files golden, files store.Folder)

/// What is said, the steps of a run's own training, and what the run came to.
let private execute change run (store: Store) =
    let notes, steps = List<string>(), List<int64>()

    let observer =
        function
        | Event.Noted text -> notes.Add text
        | Event.Stepped(_, stage) when stage.Of = "" -> steps.Add stage.Point.Step
        | _ -> ()

    let executor =
        { executor store.Folder with
            Observer = observer
        }

    let results =
        Execution.execute CancellationToken.None (change executor) (Grid.from run)

    List.ofSeq notes, List.ofSeq steps, List.exactlyOne results.Cells

let private outcome (cell: CellResult) =
    match cell.Result with
    | Ok outcome -> outcome
    | Error failure -> failwith $"{failure.Reason}: {failure.Detail}"

/// The figures of a file of the store by their whole names, read without this version's types.
let private figuresOf path =
    use document = JsonDocument.Parse(File.ReadAllText(Path.Combine(golden, path)))

    [
        for figure in document.RootElement.GetProperty("Figures").EnumerateArray() do
            let of', name = figure.GetProperty "Of", figure.GetProperty "Name"
            $"{of'} {name}".TrimStart(), figure.GetProperty("Value").GetDouble()
    ]

let private readAll<'T> pattern =
    [
        for path in Directory.GetFiles(golden, pattern, SearchOption.AllDirectories) ->
            match StoredFile.read<'T> path with
            | Ok value -> Path.GetFileName(Path.GetDirectoryName path) |> nonNull, value
            | Error why -> failwith why
    ]

[<Fact>]
let Hashes_of_what_a_store_of_0_2_holds_are_the_names_of_its_folders () =
    let trainings = readAll<Training> "training.json"
    Assert.Equal(8, trainings.Length)

    for folder, training in trainings do
        Assert.Equal(folder, Training.hash training)

    for folder, task in readAll<EvaluationTask> "task.json" do
        Assert.Equal(folder, EvaluationTask.hash task)

    for run in finished do
        Assert.True(File.Exists(StoreFolder.ofRun run { Folder = golden }), $"{Run.toCode run}")

    for run in diverged :: interrupted :: finished do
        Assert.Contains((Run.trainingHash run, Run.training run), trainings)
        Assert.True(Directory.Exists(StoreFolder.ofUntrained (Run.untrained run) { Folder = golden }))

[<Fact>]
let All_runs_of_a_store_of_0_2_are_read_and_no_file_is_touched () =
    withCopy (fun store ->
        let all = Store.all failwith store
        Assert.Equal<Run list>(List.sortBy Run.hash finished, all |> List.map fst |> List.sortBy Run.hash)

        for run, outcome in all do
            let folder = Path.Combine("trainings", Run.trainingHash run)

            for name, value in figuresOf (Path.Combine(folder, "figures.json")) do
                Assert.Equal(value, outcome.Figure name)

            for task in Evaluation.standardTasks run.Evaluation do
                for name, value in
                    figuresOf (Path.Combine(folder, "evaluations", EvaluationTask.hash task, "figures.json")) do
                    Assert.Equal(value, outcome.Figure $"{EvaluationTask.label task} {name}")

            Assert.True((Store.trySamples run store).IsSome)
            Assert.StartsWith("SimCLR.Research 0.2.0", (Store.tryProvenance run store).Value.Versions)

        unchanged store)

[<Fact>]
let The_commands_read_a_store_of_0_2_without_a_word_of_damage () =
    withCopy (fun store ->
        let said arguments =
            let code, said, wrong = RunsTests.runs "" (RunsTests.on store arguments)
            Assert.Equal((0, ""), (code, wrong))
            said

        let listed = said [ "list" ]

        for run in finished do
            Assert.Contains(Run.hash run, listed)
            Assert.Contains(Run.toCode run, said [ "show"; Run.hash run ])

        for run in [ diverged; interrupted ] do
            said [ "show"; Run.trainingHash run ] |> ignore

        said [ "diff"; Run.hash plain; Run.hash transformer ] |> ignore

        withFolder (fun other ->
            let table = Path.Combine(other, "runs.csv")
            said [ "export"; table ] |> ignore
            Assert.Equal(finished.Length + 1, (File.ReadAllLines table).Length))

        unchanged store)

[<Fact>]
let Executing_the_runs_of_a_store_of_0_2_trains_and_measures_nothing () =
    withCopy (fun store ->
        let known =
            Map(
                Store.all failwith store
                |> List.map (fun (run, outcome) -> Run.hash run, outcome)
            )

        for run in finished do
            let notes, steps, cell = execute id run store
            Assert.True cell.Stored
            Assert.Empty notes
            Assert.Empty steps
            Assert.Equal(known[Run.hash run], outcome cell)

        let failures run = known[Run.hash run].Failures
        Assert.Empty(failures measured)
        let label, failure = Assert.Single(failures failedMeasurement)
        Assert.Equal("fine-tuned", label)
        Assert.Contains("training has diverged", failure.Detail)

        let _, steps, cell = execute id diverged store
        Assert.True cell.Stored
        Assert.Empty steps

        match cell.Result with
        | Error failure -> Assert.Contains("training has diverged", failure.Detail)
        | Ok _ -> Assert.Fail "The stored failure was not told."

        unchanged store)

[<Fact>]
let A_new_measurement_is_of_the_stored_encoder () =
    withCopy (fun store ->
        for run in [ plain; online; residual; transformer ] do
            let more = run |> measuring [ Measurement.rankMe; Measurement.HeadProbe ]
            let notes, steps, cell = execute id more store
            Assert.False cell.Stored
            Assert.Empty steps
            Assert.DoesNotContain(notes, fun note -> note.Contains "trained again")
            Assert.True(Double.IsFinite((outcome cell).Figure "RankMe h"))

        // All that was there is there still, as it was.
        Assert.Empty(List.except (files store.Folder) (files golden)))

// The numbers of another version, and of another machine, differ as rounding does.
[<Fact>]
let The_stored_weights_give_the_stored_figures () =
    withCopy (fun store ->
        for run in [ measured; residual; transformer ] do
            let before = (Store.tryFind failwith run store).Value
            Directory.Delete(Path.Combine(Store.folderOf run store, "evaluations"), true)
            let _, steps, cell = execute id run store
            Assert.Empty steps
            let after = outcome cell

            Assert.Equal<string list>(
                [ for f in before.Figures -> f.FullName ],
                [ for f in after.Figures -> f.FullName ]
            )


            for name in [ "h alignment"; "h uniformity" ] do
                Assert.Equal(1.0, after.Figure name / before.Figure name, 1e-2))

[<Fact>]
let A_run_whose_encoder_was_not_kept_is_trained_again_for_a_new_measurement () =
    withCopy (fun store ->
        let before = (Store.tryFind failwith weightless store).Value
        let notes, steps, cell = execute id (weightless |> measuring [ alignment ]) store
        Assert.Contains(notes, fun note -> note.Contains "trained again")
        Assert.NotEmpty steps
        Assert.Equal(before.FinalLoss, (outcome cell).FinalLoss, 1e-2))

[<Fact>]
let An_interrupted_run_of_0_2_goes_on_from_its_checkpoint () =
    withCopy (fun store ->
        let notes, steps, cell = execute id interrupted store
        Assert.Contains("Goes on from the checkpoint of step 5.", notes)
        Assert.Equal<int64 list>([ 6L .. 16L ], steps)
        let resumed = outcome cell
        Assert.Equal<int64 list>([ 1L .. 16L ], resumed.Curve |> List.map _.Step)
        let segments = (Store.tryProvenance interrupted store).Value.Segments
        Assert.Equal<int64 list>([ 0L; 5L ], segments |> List.map _.FromStep)
        Assert.StartsWith("SimCLR.Research 0.2.0", segments[0].Setting["versions"])

        withFolder (fun other ->
            let _, _, whole = execute id interrupted (Store.ofFolder other)
            Assert.Equal((outcome whole).FinalLoss, resumed.FinalLoss, 1e-2)))

[<Fact>]
let What_failed_in_0_2_is_tried_again_where_that_is_asked_for () =
    withCopy (fun store ->
        let retrying (executor: Executor) = { executor with RetryFailed = true }
        let _, steps, cell = execute retrying failedMeasurement store
        Assert.False cell.Stored
        Assert.Empty steps
        Assert.Equal("fine-tuned", fst (Assert.Single (outcome cell).Failures))
        let _, steps, cell = execute retrying diverged store
        Assert.False cell.Stored
        Assert.NotEmpty steps
        Assert.True cell.Result.IsError)
