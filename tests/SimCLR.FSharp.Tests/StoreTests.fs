module SimCLR.Tests.StoreTests

open System.IO
open System.Threading.Tasks
open SimCLR
open SimCLR.Tests.Samples
open Xunit

let private run = Run.shapes |> Run.withSeed 5L
let private whole top1 = plainOutcome top1
let private training = Run.training run

/// A store with one finished run; then the action, which may damage it.
let private withSaved action =
    withFolder (fun folder ->
        let store = Store.ofFolder folder
        save run (whole 0.5) store
        action store (Store.folderOf run store))

/// What is found, and what was warned of.
let private find run store =
    let warnings = ResizeArray<string>()
    let found = Store.tryFind warnings.Add run store
    found, List.ofSeq warnings

let private linear = Evaluation.standardTasks run.Evaluation |> List.head

[<Fact>]
let A_saved_outcome_is_found () =
    withSaved (fun store _ ->
        Assert.Equal((Some(whole 0.5), []), find run store)
        Assert.Equal<(Run * Outcome) list>([ run, whole 0.5 ], Store.all failwith store)
        Assert.Equal(Some provenance, Store.tryProvenance run store))

[<Fact>]
let Numbers_that_are_none_are_stored_too () =
    withFolder (fun folder ->
        let odd =
            { whole 0.5 with
                Figures =
                    [
                        for figure in (whole 0.5).Figures ->
                            match figure.FullName with
                            | "loss" -> { figure with Value = nan }
                            | "entropy" -> { figure with Value = infinity }
                            | _ -> figure
                    ]
            }

        let store = Store.ofFolder folder
        save run odd store
        Assert.Equal((Some odd).ToString(), (fst (find run store)).ToString()))

[<Fact>]
let Another_run_is_not_found () =
    withSaved (fun store _ -> Assert.Equal((None, []), find (run |> Run.withSeed 6L) store))

[<Fact>]
let An_empty_store_has_nothing () =
    withFolder (fun folder ->
        let store = Store.ofFolder (Path.Combine(folder, "not yet there"))
        Assert.Equal((None, []), find run store)
        Assert.Empty(Store.all failwith store)
        Assert.Equal(None, Store.tryProvenance run store))

[<Fact>]
let A_training_without_figures_and_a_measurement_without_figures_are_unfinished () =
    withSaved (fun store folder ->
        File.Delete(Path.Combine(StoreFolder.ofEvaluation linear folder, "figures.json"))
        Assert.Equal((None, []), find run store)
        Assert.True(Store.isTrained run store))

    withSaved (fun store folder ->
        File.Delete(Path.Combine(folder, "figures.json"))
        Assert.Equal((None, []), find run store)
        Assert.Empty(Store.all failwith store))

[<Fact>]
let A_folder_holds_training_code_curve_figures_and_provenance_and_no_temporary_file () =
    withSaved (fun _ folder ->
        let names (folder: string) =
            Directory.GetFileSystemEntries folder
            |> Array.map Path.GetFileName
            |> Array.sort

        Assert.Equal<string[]>(
            [|
                "evaluations"
                "figures.json"
                "metrics.jsonl"
                "provenance.json"
                "runs"
                "training.fsx"
                "training.json"
            |],
            names folder
        )

        Assert.Equal<string[]>(
            [| "figures.json"; "provenance.json"; "task.json" |],
            names (StoreFolder.ofEvaluation linear folder)
        )

        let text name =
            File.ReadAllText(Path.Combine(folder, name))

        Assert.Equal(Ok training, Training.ofJson (text "training.json"))
        Assert.Equal(Training.toCode training + "\n", text "training.fsx")
        Assert.Equal(3, (File.ReadAllLines(Path.Combine(folder, "metrics.jsonl"))).Length)
        Assert.Equal(Ok run, Run.ofJson (text (Path.Combine("runs", Run.hash run + ".json")))))

[<Fact>]
let Damaged_figures_are_put_aside_and_told () =
    for path in
        [
            "figures.json"
            Path.Combine("evaluations", EvaluationTask.hash linear, "figures.json")
        ] do
        withSaved (fun store folder ->
            let path = Path.Combine(folder, path)
            let half = File.ReadAllText(path).Substring(0, 40)
            File.WriteAllText(path, half)

            match find run store with
            | None, [ warning ] -> Assert.Contains("figures.json.damaged", warning)
            | other -> Assert.Fail $"{other}"

            Assert.Equal(half, File.ReadAllText(path + ".damaged"))
            Assert.Equal((None, []), find run store)
            save run (whole 0.75) store
            Assert.Equal((Some(whole 0.75), []), find run store))

// A folder in its place stops the renaming for every user, as the missing right does in a store that may only be read.
[<Fact>]
let Damaged_figures_that_cannot_be_put_aside_are_told () =
    withSaved (fun store folder ->
        let path = Path.Combine(folder, "figures.json")
        File.WriteAllText(path, "{")
        Directory.CreateDirectory(Path.Combine(path + ".damaged", "full")) |> ignore

        for _ in 1..2 do
            match find run store with
            | None, [ warning ] ->
                Assert.Contains($"{path} is damaged", warning)
                Assert.Contains("could not be renamed", warning)
                Assert.Contains("the training counts as not done", warning)
            | other -> Assert.Fail $"{other}"

        Assert.Equal("{", File.ReadAllText path))

[<Fact>]
let A_damaged_value_costs_no_figures_for_the_folder_says_what_is_in_it () =
    withSaved (fun store folder ->
        File.WriteAllText(Path.Combine(folder, "training.json"), "{")

        match find run store with
        | Some outcome, [ warning ] ->
            Assert.Equal(whole 0.5, outcome)
            Assert.Contains("training.json.damaged", warning)
        | other -> Assert.Fail $"{other}")

// A share that is away for a moment or a right that is missing is no damage: nothing may be renamed, and nothing computed anew.
[<Fact>]
let A_file_that_cannot_be_read_is_no_damaged_file () =
    withSaved (fun store folder ->
        let path = Path.Combine(folder, "figures.json")
        use held = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None)
        let error = Assert.Throws<IOException>(fun () -> find run store |> ignore)
        Assert.Contains(path, error.Message)
        held.Dispose()
        Assert.Equal((Some(whole 0.5), []), find run store))

[<Fact>]
let The_figures_of_another_training_are_put_aside_and_told () =
    withSaved (fun store folder ->
        File.WriteAllText(
            Path.Combine(folder, "training.json"),
            Training.toJson (Run.training (run |> Run.withBatchSize 64))
        )

        match find run store with
        | None, [ warning ] -> Assert.Contains("BatchSize", warning)
        | other -> Assert.Fail $"{other}"

        Assert.False(File.Exists(Path.Combine(folder, "figures.json"))))

[<Fact>]
let A_folder_under_a_wrong_name_is_left_out_and_told () =
    withSaved (fun store folder ->
        Directory.Move(folder, Path.Combine(Path.GetDirectoryName folder |> nonNull, "0123456789abcdef"))
        let warnings = ResizeArray<string>()
        Assert.Empty(Store.all warnings.Add store)
        Assert.Contains("0123456789abcdef", Assert.Single warnings))

[<Fact>]
let A_damaged_run_is_left_out_and_told () =
    withSaved (fun store folder ->
        let path = Assert.Single(Directory.GetFiles(Path.Combine(folder, "runs")))
        File.WriteAllText(path, "{}")
        let warnings = ResizeArray<string>()
        Assert.Empty(Store.all warnings.Add store)
        Assert.Contains(path, Assert.Single warnings))

[<Fact>]
let Half_a_line_at_the_end_of_a_curve_is_left_out () =
    withSaved (fun store folder ->
        File.AppendAllText(Path.Combine(folder, "metrics.jsonl"), "{\"Step\": 4, \"Epo")
        Assert.Equal<CurvePoint list>((whole 0.5).Curve, Store.curve training store)

        match find run store with
        | Some outcome, [ warning ] ->
            Assert.Equal(whole 0.5, outcome)
            Assert.Contains("metrics.jsonl is damaged in line 4", warning)
        | other -> Assert.Fail $"{other}"

        // A training that goes on from step 2 writes its own step 3.
        (StoredTraining.openCurve training 2L store).Dispose()
        Assert.Equal<int64 list>([ 1L; 2L ], Store.curve training store |> List.map _.Step))

[<Fact>]
let Saving_and_reading_the_same_run_at_once_is_harmless () =
    withFolder (fun folder ->
        let store = Store.ofFolder folder
        save run (whole 0.5) store

        Parallel.For(
            0,
            40,
            fun i ->
                if i % 2 = 0 then
                    save run (whole 0.5) store
                else
                    Assert.Equal((Some(whole 0.5), []), find run store)
        )
        |> ignore

        Assert.Equal((Some(whole 0.5), []), find run store)
        Assert.Equal(5, Directory.GetFiles(Store.folderOf run store).Length))

[<Fact>]
let A_run_that_is_held_cannot_be_taken_again_until_it_is_let_go () =
    withFolder (fun folder ->
        let store = Store.ofFolder folder

        match Store.tryLock run store with
        | None -> Assert.Fail "not held"
        | Some held ->
            Assert.True((Store.tryLock run store).IsNone)
            use other = (Store.tryLock (run |> Run.withSeed 6L) store).Value
            // Another evaluation of the same training is the same work.
            Assert.True((Store.tryLock (run |> measuring [ Measurement.HeadProbe ]) store).IsNone)
            held.Dispose()
            use again = (Store.tryLock run store).Value
            ())

let private failure =
    {
        Reason = "training failed"
        Detail = "The loss is NaN."
    }

[<Fact>]
let A_failure_is_stored_until_an_outcome_takes_its_place () =
    withFolder (fun folder ->
        let store = Store.ofFolder folder
        Assert.Equal(None, Store.tryFailure run store)
        Store.saveFailure run failure store
        Assert.Equal(Some failure, Store.tryFailure run store)
        Assert.Equal((None, []), find run store)
        save run (whole 0.5) store
        Assert.Equal(None, Store.tryFailure run store))

[<Fact>]
let A_failed_measurement_is_part_of_the_outcome_until_it_is_forgotten () =
    withFolder (fun folder ->
        let store = Store.ofFolder folder

        let failed =
            { whole 0.5 with
                Figures = (whole 0.5).Figures |> List.filter (fun figure -> figure.Of <> "k-NN")
                Failures = [ "k-NN", failure ]
            }

        save run failed store
        Assert.Equal((Some failed, []), find run store)
        Store.forgetFailure run store
        Assert.Equal((None, []), find run store)
        save run (whole 0.5) store
        Assert.Equal((Some(whole 0.5), []), find run store))

/// With a field that this version does not know.
let private ofNewer path =
    File.ReadAllText(path).TrimEnd().TrimEnd('}') + ", \"Invented\": 1 }"

[<Fact>]
let What_another_version_wrote_stays_and_is_not_written_over () =
    for name in [ "training.json"; "figures.json"; "provenance.json" ] do
        withSaved (fun store folder ->
            let path = Path.Combine(folder, name)
            let newer = ofNewer path
            File.WriteAllText(path, newer)
            let found, warnings = find run store
            Assert.Equal(name <> "figures.json", found.IsSome)

            for warning in warnings do
                Assert.Contains("of another version. It stays as it is", warning)

            Store.all ignore store |> ignore
            Store.tryProvenance run store |> ignore
            Assert.Equal(newer, File.ReadAllText path)
            Assert.False(File.Exists(path + ".damaged"))

            if name = "figures.json" then
                let error =
                    Assert.Throws<StoredFile.OtherVersionException>(fun () ->
                        StoredTraining.begin' training store |> ignore)

                Assert.Contains(path, error.Message)
                Assert.Contains("Invented", error.Message))

[<Fact>]
let A_finished_training_that_is_trained_again_keeps_its_curve_until_there_is_another_whole_one () =
    withSaved (fun store folder ->
        let curve = Path.Combine(folder, "metrics.jsonl")
        let before = File.ReadAllText curve

        let executor =
            { Executor.local with
                Store = store
                Observer = Observer.silent
            }

        let point step =
            SimCLR.Core.Training.TrainingProgress(
                step,
                8L,
                1.0,
                0.1,
                10.0,
                System.TimeSpan.Zero,
                [
                    SimCLR.Core.Training.Figure("loss", 1.5, SimCLR.Core.Training.FigureUnit.Plain)
                ]
            )

        let again () =
            use writer = new CurveWriter(executor, training)
            writer.Begin 0L
            writer.Add(point 1L)

        again ()
        Assert.Equal(before, File.ReadAllText curve)
        File.Delete(Path.Combine(folder, "figures.json"))
        again ()
        Assert.Single(File.ReadAllLines curve) |> ignore)
