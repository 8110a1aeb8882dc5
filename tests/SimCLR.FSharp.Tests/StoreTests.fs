module SimCLR.Tests.StoreTests

open System.IO
open System.Threading.Tasks
open SimCLR
open SimCLR.Tests.Samples
open Xunit

let private run = Run.shapes |> Run.seed 5L

/// A store with one finished run; then the action, which may damage it.
let private withSaved action =
    withFolder (fun folder ->
        let store = Store.at folder
        Store.save run provenance (outcome 0.5) store
        action store (Store.folderOf run store))

/// What is found, and what was warned of.
let private find run store =
    let warnings = ResizeArray<string>()
    let found = Store.tryFind warnings.Add run store
    found, List.ofSeq warnings

[<Fact>]
let A_saved_outcome_is_found () =
    withSaved (fun store _ ->
        Assert.Equal((Some(outcome 0.5), []), find run store)
        Assert.Equal<(Run * Outcome) list>([ run, outcome 0.5 ], Store.all failwith store)
        Assert.Equal(Some provenance, Store.tryProvenance run store))

[<Fact>]
let Numbers_that_are_none_are_stored_too () =
    withFolder (fun folder ->
        let odd =
            { outcome 0.5 with
                FinalLoss = nan
                Entropy = infinity
            }

        let store = Store.at folder
        Store.save run provenance odd store
        Assert.Equal((Some odd).ToString(), (fst (find run store)).ToString()))

[<Fact>]
let Another_run_is_not_found () =
    withSaved (fun store _ -> Assert.Equal((None, []), find (run |> Run.seed 6L) store))

[<Fact>]
let An_empty_store_has_nothing () =
    withFolder (fun folder ->
        let store = Store.at (Path.Combine(folder, "not yet there"))
        Assert.Equal((None, []), find run store)
        Assert.Empty(Store.all failwith store)
        Assert.Equal(None, Store.tryProvenance run store))

[<Fact>]
let A_folder_without_outcome_is_unfinished () =
    withSaved (fun store folder ->
        File.Delete(Path.Combine(folder, "outcome.json"))
        Assert.Equal((None, []), find run store)
        Assert.Empty(Store.all failwith store))

[<Fact>]
let A_folder_holds_run_code_curve_and_provenance_and_no_temporary_file () =
    withSaved (fun _ folder ->
        let names = Directory.GetFiles folder |> Array.map Path.GetFileName |> Array.sort

        Assert.Equal<string[]>([| "metrics.jsonl"; "outcome.json"; "provenance.json"; "run.fsx"; "run.json" |], names)

        let text name =
            File.ReadAllText(Path.Combine(folder, name))

        Assert.Equal(Ok run, Run.ofJson (text "run.json"))
        Assert.Equal(Run.toCode run + "\n", text "run.fsx")
        Assert.Equal(3, (File.ReadAllLines(Path.Combine(folder, "metrics.jsonl"))).Length))

[<Fact>]
let A_damaged_outcome_is_put_aside_and_told () =
    withSaved (fun store folder ->
        let path = Path.Combine(folder, "outcome.json")
        let half = File.ReadAllText(path).Substring(0, 40)
        File.WriteAllText(path, half)

        match find run store with
        | None, [ warning ] -> Assert.Contains("outcome.json.damaged", warning)
        | other -> Assert.Fail $"{other}"

        Assert.Equal(half, File.ReadAllText(path + ".damaged"))
        Assert.Equal((None, []), find run store)
        Store.save run provenance (outcome 0.75) store
        Assert.Equal((Some(outcome 0.75), []), find run store))

[<Fact>]
let The_outcome_of_another_run_is_put_aside_and_told () =
    withSaved (fun store folder ->
        File.WriteAllText(Path.Combine(folder, "run.json"), Run.toJson (run |> Run.batchSize 64))

        match find run store with
        | None, [ warning ] -> Assert.Contains("BatchSize", warning)
        | other -> Assert.Fail $"{other}"

        Assert.False(File.Exists(Path.Combine(folder, "outcome.json"))))

[<Fact>]
let A_folder_under_a_wrong_name_is_left_out_and_told () =
    withSaved (fun store folder ->
        Directory.Move(folder, Path.Combine(store.Folder, "0123456789abcdef"))
        let warnings = ResizeArray<string>()
        Assert.Empty(Store.all warnings.Add store)
        Assert.Contains("0123456789abcdef", Assert.Single warnings))

[<Fact>]
let A_damaged_run_is_left_out_and_told () =
    withSaved (fun store folder ->
        File.WriteAllText(Path.Combine(folder, "run.json"), "{}")
        let warnings = ResizeArray<string>()
        Assert.Empty(Store.all warnings.Add store)
        Assert.Contains("run.json", Assert.Single warnings))

[<Fact>]
let Saving_and_reading_the_same_run_at_once_is_harmless () =
    withFolder (fun folder ->
        let store = Store.at folder
        Store.save run provenance (outcome 0.5) store

        Parallel.For(
            0,
            40,
            fun i ->
                if i % 2 = 0 then
                    Store.save run provenance (outcome 0.5) store
                else
                    Assert.Equal((Some(outcome 0.5), []), find run store)
        )
        |> ignore

        Assert.Equal((Some(outcome 0.5), []), find run store)
        Assert.Equal(5, Directory.GetFiles(Store.folderOf run store).Length))

[<Fact>]
let A_run_that_is_held_cannot_be_taken_again_until_it_is_let_go () =
    withFolder (fun folder ->
        let store = Store.at folder

        match Store.tryLock run store with
        | None -> Assert.Fail "not held"
        | Some held ->
            Assert.True((Store.tryLock run store).IsNone)
            use other = (Store.tryLock (run |> Run.seed 6L) store).Value
            held.Dispose()
            use again = (Store.tryLock run store).Value
            ())

[<Fact>]
let A_failure_is_stored_until_an_outcome_takes_its_place () =
    withFolder (fun folder ->
        let store = Store.at folder

        let failure =
            {
                Reason = "training failed"
                Detail = "The loss is NaN."
            }

        Assert.Equal(None, Store.tryFailure run store)
        Store.saveFailure run failure store
        Assert.Equal(Some failure, Store.tryFailure run store)
        Assert.Equal((None, []), find run store)
        Store.save run provenance (outcome 0.5) store
        Assert.Equal(None, Store.tryFailure run store))
