/// They look at what is printed, and so run one after another.
[<Xunit.Collection("alone")>]
module SimCLR.Tests.RunsTests

open System
open System.IO
open System.Text.RegularExpressions
open SimCLR
open SimCLR.Tests.Samples
open Xunit

/// Exit code and what is printed, by the console of this test alone.
let internal runs (answer: string) (arguments: string list) =
    let output, errors, input = Console.Out, Console.Error, Console.In
    use said = new StringWriter()
    use wrong = new StringWriter()
    use answer = new StringReader(answer)

    try
        Console.SetOut said
        Console.SetError wrong
        Console.SetIn answer
        let code = Runs.run arguments
        code, string said, string wrong
    finally
        Console.SetOut output
        Console.SetError errors
        Console.SetIn input

/// Three runs: two of one training, of which one measures more, and one of another temperature.
let private a = tiny
let private b = tiny |> measuring [ Measurement.HeadProbe ]
let private c = tiny |> Run.withTemperature 0.1

let private inStore test =
    withFolder (fun folder ->
        let store = Store.ofFolder (Path.Combine(folder, "runs"))
        save a (plainOutcome 0.5) store
        save b (plainOutcome 0.5) store
        save c (plainOutcome 0.625) store
        test store)

let internal on (store: Store) arguments = arguments @ [ "--store"; store.Folder ]

let private lines (text: string) =
    text.Split('\n', StringSplitOptions.RemoveEmptyEntries)

let private hashes (text: string) =
    [
        for line in lines text do
            match Regex.Match(line, "^[0-9a-f]{16}") with
            | hash when hash.Success -> hash.Value
            | _ -> ()
    ]

[<Fact>]
let A_list_has_the_choices_in_which_runs_differ_and_their_accuracies () =
    inStore (fun store ->
        let code, said, _ = runs "" (on store [ "list" ])
        Assert.Equal(0, code)
        let header = (lines said)[0]

        Assert.Matches(
            @"^run +training +Loss\.Temperature +Evaluation\.Measurements.* +validation % +test % +k-NN % +date$",
            header
        )

        let row = lines said |> Array.find _.StartsWith(Run.hash c)

        Assert.Matches(
            $@"^{Run.hash c}  {Run.trainingHash c}  0\.1 .* 63\.5 +62\.5 +57\.5 +2020-02-13T01:02:03\+00:00$",
            row
        )

        Assert.Equal<string Set>(set [ Run.hash a; Run.hash b; Run.hash c ], set (hashes said))
        Assert.Contains("3 runs in", said))

[<Fact>]
let A_list_is_filtered_by_paths_and_figures_and_sorted_by_a_figure () =
    inStore (fun store ->
        let found where =
            let _, said, wrong = runs "" (on store ("list" :: where))
            Assert.Equal("", wrong)
            hashes said

        // A number equals however it is written.
        Assert.Equal<string list>([ Run.hash c ], found [ "--where"; "Loss.Temperature=1e-1" ])
        Assert.Equal(2, (found [ "--where"; "Loss.Temperature>0.2" ]).Length)

        Assert.Equal<string list>(
            [ Run.hash c ],
            found [ "--where"; "Loss.Temperature<0.2"; "--where"; "linear top-1>0.6" ]
        )

        Assert.Equal(Run.hash c, List.head (found [ "--sort"; "linear validation top-1" ]))
        Assert.Empty(found [ "--where"; "Loss=NtLogistic" ])
        // The bound is among them with >= and <=, and not with > and <.
        Assert.Equal(3, (found [ "--where"; "Epochs>=2" ]).Length)
        Assert.Equal(3, (found [ "--where"; "Epochs <= 2" ]).Length)
        Assert.Empty(found [ "--where"; "Epochs>2" ])
        Assert.Empty(found [ "--where"; "Epochs<2" ])
        Assert.Equal<string list>([ Run.hash c ], found [ "--where"; "Loss.Temperature<=0.1" ]))

[<Fact>]
let What_is_compared_with_something_else_than_a_number_is_refused () =
    inStore (fun store ->
        for sign in [ ">"; "<"; ">="; "<=" ] do
            for value in [ "many"; ""; "NaN"; "=5" ] do
                let code, said, wrong =
                    runs "" (on store [ "list"; "--where"; $"Epochs{sign} {value}" ])

                Assert.Equal((2, ""), (code, said))
                Assert.Contains($"'{value}' is no number; write one after {sign},", Assert.Single(lines wrong)))

[<Fact>]
let Migrate_takes_the_store_that_is_named_either_way_and_no_two () =
    withFolder (fun folder ->
        for arguments in [ [ folder ]; [ "--store"; folder ] ] do
            let code, said, _ = runs "" ("migrate" :: arguments)
            Assert.Equal(0, code)
            Assert.Contains($"taken over into {folder}.", said)

        for arguments in [ [ "one"; "--store"; "two" ]; [ "--store"; "one"; "--store"; "two" ] ] do
            let code, said, wrong = runs "" ("migrate" :: arguments)
            Assert.Equal((2, ""), (code, said))
            Assert.Contains("one and two are named", Assert.Single(lines wrong)))

[<Fact>]
let An_unknown_path_or_verb_is_told_in_one_line_with_near_names () =
    inStore (fun store ->
        let code, _, wrong = runs "" (on store [ "list"; "--where"; "Loss.Temprature=1" ])
        Assert.Equal(2, code)
        Assert.Contains("Did you mean Loss.Temperature", Assert.Single(lines wrong))
        let code, _, wrong = runs "" (on store [ "list"; "--were"; "x=1" ])
        Assert.Equal(2, code)
        Assert.Contains("Did you mean --where", Assert.Single(lines wrong))
        let code, _, wrong = runs "" [ "lst" ]
        Assert.Equal(2, code)
        Assert.Contains("Did you mean list?", Assert.Single(lines wrong)))

[<Fact>]
let Every_verb_has_help () =
    for verb in [ "list"; "show"; "diff"; "rm"; "gc"; "export"; "retry"; "migrate" ] do
        let code, said, _ = runs "" [ verb; "--help" ]
        Assert.Equal(0, code)
        Assert.Contains($"./simclr runs {verb}", said)

[<Fact>]
let A_folder_that_is_no_store_is_refused () =
    withFolder (fun folder ->
        let code, _, wrong = runs "" [ "list"; "--store"; folder ]
        Assert.Equal(2, code)
        Assert.Contains("is no store", wrong))

[<Fact>]
let A_run_is_shown_by_the_beginning_of_its_hash () =
    inStore (fun store ->
        let code, said, _ = runs "" (on store [ "show"; (Run.hash c).Substring(0, 10) ])
        Assert.Equal(0, code)
        Assert.Contains(Run.toCode c, said)
        Assert.Matches(@"linear top-1 +62\.50 %", said)
        Assert.Matches("commit +abc", said)
        let code, _, wrong = runs "" (on store [ "show"; "none" ])
        Assert.Equal(2, code)
        Assert.Contains("There is no run and no training 'none'", wrong)
        // The empty beginning is that of all.
        let code, _, wrong = runs "" (on store [ "show"; "" ])
        Assert.Equal(2, code)
        Assert.Contains("begins 3 hashes", wrong))

[<Fact>]
let Several_hashes_are_found_in_one_listing_of_the_store () =
    inStore (fun store ->
        let find = RunsSearch.find store

        let expected =
            RunsSearch.Named.Run(Store.folderOf c store, StoreFolder.ofRun c store)

        Assert.Equal(expected, find (Run.hash c))
        Directory.Delete(Store.folderOf c store, true)
        Assert.Equal(expected, find (Run.hash c))
        Assert.ThrowsAny<ArgumentException>(fun () -> RunsSearch.find store (Run.hash c) |> ignore))

[<Fact>]
let Two_runs_are_compared_by_choices_and_figures () =
    inStore (fun store ->
        let code, said, _ = runs "" (on store [ "diff"; Run.hash a; Run.hash c ])
        Assert.Equal(0, code)
        Assert.Matches(@"Loss\.Temperature +0\.5 +0\.1", said)
        Assert.Matches(@"linear top-1 +0\.5 +0\.625", said)
        Assert.DoesNotContain("contrastive", said))

[<Fact>]
let Two_stores_are_compared_by_runs_and_figures () =
    inStore (fun first ->
        withFolder (fun folder ->
            let second = Store.ofFolder folder
            save a (plainOutcome 0.5) second
            save c (plainOutcome 0.75) second

            let code, said, _ =
                runs "" [ "diff"; "--store"; first.Folder; "--store"; second.Folder ]

            Assert.Equal(1, code)
            Assert.Contains($"{Run.hash b}  only in {first.Folder}", said)
            Assert.Contains($"{Run.hash c}  linear top-1  0.625  0.75", said)

            Assert.Contains(
                "1 runs have the same figures in both, 1 have others, 1 are only in the first, 0 only in the second.",
                said
            )

            let code, _, _ =
                runs "" [ "diff"; "--store"; first.Folder; "--store"; first.Folder ]

            Assert.Equal(0, code)))

/// The verbs that read every run of a store.
let private readings (store: Store) =
    [
        on store [ "list" ]
        on store [ "export"; Path.Combine(store.Folder, "all.csv") ]
        [ "diff"; "--store"; store.Folder; "--store"; store.Folder ]
    ]

[<Fact>]
let A_file_that_cannot_be_read_is_told_in_one_line () =
    inStore (fun store ->
        let path = Path.Combine(Store.folderOf c store, "figures.json")
        use _held = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None)

        for arguments in readings store do
            let code, _, wrong = runs "" arguments
            Assert.Equal(2, code)
            Assert.Contains(path, Assert.Single(lines wrong)))

[<Fact>]
let A_file_without_rights_is_told_in_one_line () =
    Assert.SkipWhen(Environment.IsPrivilegedProcess, "This user may read every file.")

    inStore (fun store ->
        let path = Path.Combine(Store.folderOf c store, "figures.json")
        File.SetUnixFileMode(path, UnixFileMode.None)

        for arguments in readings store do
            let code, _, wrong = runs "" arguments
            Assert.Equal(2, code)
            Assert.Contains(path, Assert.Single(lines wrong)))

[<Fact>]
let A_run_that_is_deleted_while_a_store_is_read_is_left_out () =
    inStore (fun store ->
        // It is listed, and is not there when it is read.
        let path = StoreFolder.ofRun c store
        File.Delete path
        File.CreateSymbolicLink(path, path + ".gone") |> ignore

        for arguments in readings store do
            let code, said, wrong = runs "" arguments
            Assert.Equal(0, code)
            Assert.Empty wrong
            Assert.Contains("2 runs", said))

[<Fact>]
let A_training_goes_with_the_last_of_its_runs_and_takes_only_what_nobody_else_reads () =
    inStore (fun store ->
        let folder = Store.folderOf a store

        let probe =
            StoreFolder.ofEvaluation (Evaluation.tasks b.Evaluation |> List.last) folder

        let linear =
            StoreFolder.ofEvaluation (Evaluation.tasks a.Evaluation |> List.head) folder

        let code, said, _ = runs "" (on store [ "rm"; Run.hash b; "--yes" ])
        Assert.Equal(0, code)
        Assert.Contains("evaluations", said)
        Assert.False(Directory.Exists probe)
        Assert.True(Directory.Exists linear)
        Assert.Equal(Some(plainOutcome 0.5), Store.tryFind ignore a store)
        let code, _, _ = runs "" (on store [ "rm"; Run.hash a; "--yes" ])
        Assert.Equal(0, code)
        Assert.False(Directory.Exists folder)
        Assert.Equal<Run list>([ c ], Store.all ignore store |> List.map fst))

[<Fact>]
let Nothing_goes_unless_the_answer_is_yes () =
    inStore (fun store ->
        let code, said, _ = runs "n\n" (on store [ "rm"; Run.hash c ])
        Assert.Equal(1, code)
        Assert.Matches(@"Delete these 1 files and folders of .*, \d+\.\d kB\? \[y/N\]", said)
        Assert.Equal(1, let code, _, _ = runs "" (on store [ "rm"; Run.hash c ]) in code)
        Assert.Equal(3, (Store.all ignore store).Length)
        let code, _, _ = runs "y\n" (on store [ "rm"; Run.hash c ])
        Assert.Equal(0, code)
        Assert.Equal(2, (Store.all ignore store).Length))

[<Fact>]
let What_another_process_has_stays () =
    inStore (fun store ->
        use _held = (Store.tryLock c store).Value

        let code, _, wrong =
            runs "" (on store [ "rm"; Run.hash c; Run.hash a; Run.hash b; "--yes" ])

        Assert.Equal(1, code)
        Assert.Contains("another process computes there", wrong)
        Assert.Equal<Run list>([ c ], Store.all ignore store |> List.map fst)
        Assert.Equal(1, let code, _, _ = runs "" (on store [ "retry"; Run.hash c ]) in code))

[<Fact>]
let Only_what_is_asked_for_is_cleaned_away () =
    inStore (fun store ->
        let folder = Store.folderOf c store

        let write (name: string) =
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name)))
            |> ignore

            File.WriteAllText(Path.Combine(folder, name), "x")

        let files =
            [
                "checkpoint/1.safetensors"
                "encoder.safetensors"
                "head.safetensors"
                "metrics.jsonl.damaged"
            ]

        files |> List.iter write
        let failed = tiny |> Run.withTemperature 0.7
        Store.saveFailure failed { Reason = "no"; Detail = "" } store

        let there () =
            files |> List.filter (fun name -> File.Exists(Path.Combine(folder, name)))

        for flag, gone in [ "--checkpoints", 1; "--damaged", 1; "--encoders", 2; "--failures", 0 ] do
            let before = there ()
            let code, _, _ = runs "" (on store [ "gc"; flag; "--yes" ])
            Assert.Equal(0, code)
            Assert.Equal(before.Length - gone, (there ()).Length)

        Assert.False(Directory.Exists(Store.folderOf failed store))
        Assert.Equal(3, (Store.all ignore store).Length)
        let code, _, wrong = runs "" (on store [ "gc" ])
        Assert.Equal(2, code)
        Assert.Contains("--failures, --checkpoints, --encoders, --damaged or --untrained", wrong))

[<Fact>]
let An_untrained_encoder_goes_when_no_training_begins_with_it_any_more () =
    inStore (fun store ->
        let untrained () = (StoreListing.untrained store).Length

        let before = untrained ()
        let other = { tiny with Seed = 17L }
        save other (plainOutcome 0.5) store
        Assert.Equal(before + 1, untrained ())

        let clean () =
            runs "" (on store [ "gc"; "--untrained"; "--yes" ])

        let _, said, _ = clean ()
        Assert.Contains("There is nothing to delete.", said)
        let code, _, _ = runs "" (on store [ "rm"; Run.trainingHash other; "--yes" ])
        Assert.Equal(0, code)
        let code, said, _ = clean ()
        Assert.Equal(0, code)
        Assert.Contains("untrained/", said)
        Assert.Equal(before, untrained ())
        Assert.Equal(3, (Store.all failwith store).Length))

[<Fact>]
let A_failure_is_forgotten_and_the_rest_stays () =
    inStore (fun store ->
        let failed = tiny |> Run.withTemperature 0.7
        Store.saveFailure failed { Reason = "no"; Detail = "" } store
        let code, said, _ = runs "" (on store [ "retry"; Run.trainingHash failed ])
        Assert.Equal(0, code)
        Assert.Contains("1 failures are forgotten", said)
        Assert.Equal(None, Store.tryFailure failed store)
        Assert.True(Directory.Exists(Store.folderOf failed store)))

[<Fact>]
let An_exported_file_has_a_line_per_run_with_every_leaf_and_figure () =
    inStore (fun store ->
        let file = Path.Combine(store.Folder, "all.csv")
        let code, said, _ = runs "" (on store [ "export"; file ])
        Assert.Equal(0, code)
        Assert.Contains("3 runs are in", said)
        let text = File.ReadAllLines file
        Assert.Equal(4, text.Length)

        let cells (line: string) =
            [
                for cell in Regex.Matches(line, "(?:^|,)(?:\"((?:[^\"]|\"\")*)\"|([^,]*))") ->
                    cell.Groups[1].Value.Replace("\"\"", "\"") + cell.Groups[2].Value
            ]

        let header = cells text[0]
        Assert.Equal<string list>([ "hash"; "training"; "Images.Source" ], List.truncate 3 header)
        Assert.Equal(header.Length, (List.distinct header).Length)

        for run, top1 in [ a, "0.5"; c, "0.625" ] do
            let row = text |> Array.find _.StartsWith(Run.hash run) |> cells
            let column name = row[List.findIndex ((=) name) header]
            Assert.Equal(header.Length, row.Length)
            Assert.Equal(top1, column "linear top-1")
            Assert.Equal("a machine", column "machine")
            Assert.Equal("2020-02-13T01:02:03+00:00", column "date")

            for path, value in Run.paths run do
                Assert.Equal(value, column path))

[<Fact>]
let What_is_computed_between_question_and_answer_stays () =
    inStore (fun store ->
        let failed = tiny |> Run.withTemperature 0.7
        Store.saveFailure failed { Reason = "no"; Detail = "" } store
        let folder = Store.folderOf failed store

        let finish _ =
            save failed (plainOutcome 0.75) store
            true

        Assert.Equal(1, RunsRemoval.perform finish false store [ RunsRemoval.failures folder ])
        Assert.Equal(Some(plainOutcome 0.75), Store.tryFind ignore failed store))

[<Fact>]
let A_failed_training_that_could_go_on_keeps_its_checkpoint () =
    inStore (fun store ->
        let failed = tiny |> Run.withTemperature 0.7
        Store.saveFailure failed { Reason = "no"; Detail = "" } store
        let folder = Store.folderOf failed store
        let checkpoint = Path.Combine(folder, "checkpoint", "1.safetensors")
        Directory.CreateDirectory(Path.GetDirectoryName checkpoint) |> ignore
        File.WriteAllText(checkpoint, "x")
        let code, _, _ = runs "" (on store [ "gc"; "--failures"; "--yes" ])
        Assert.Equal(0, code)
        Assert.True(File.Exists checkpoint)
        Assert.False(File.Exists(Path.Combine(folder, "failure.json"))))

[<Fact>]
let A_training_stays_with_what_a_run_in_progress_has_measured () =
    inStore (fun store ->
        let folder = Store.folderOf c store
        let task = Evaluation.tasks b.Evaluation |> List.last
        StoredFigures.save task Samples.provenance { Figures = []; Seconds = 1.0 } folder
        let code, _, _ = runs "" (on store [ "rm"; Run.hash c; "--yes" ])
        Assert.Equal(0, code)
        Assert.False(Store.all ignore store |> List.exists (fun (run, _) -> run = c))
        Assert.True(File.Exists(Path.Combine(StoreFolder.ofEvaluation task folder, "figures.json")))
        Assert.True(Store.isTrained c store)
        // Asked for by its own hash it goes whole.
        let code, _, _ = runs "" (on store [ "rm"; Run.trainingHash c; "--yes" ])
        Assert.Equal(0, code)
        Assert.False(Directory.Exists folder))

[<Fact>]
let No_encoder_before_training_goes_where_a_training_cannot_be_read () =
    inStore (fun store ->
        let path = Path.Combine(Store.folderOf c store, "training.json")
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"Epochs\"", "\"Aeons\""))
        let code, _, wrong = runs "" (on store [ "gc"; "--untrained"; "--yes" ])
        Assert.NotEqual(0, code)
        Assert.Contains(Store.folderOf c store, wrong))

[<Fact>]
let An_encoder_before_training_that_a_training_begins_with_meanwhile_stays () =
    inStore (fun store ->
        let later = tiny |> Run.withSeed 77L
        let folder = StoreFolder.ofUntrained (Run.untrained later) store
        Directory.CreateDirectory folder |> ignore
        let unused = RunsRemoval.untrained store
        Assert.Contains(unused, fun removal -> removal.Lock = folder)

        let save _ =
            save later (plainOutcome 0.5) store
            true

        RunsRemoval.perform save false store unused |> ignore
        Assert.True(Directory.Exists folder))

[<Fact>]
let The_encoder_that_an_unfinished_training_begins_with_stays () =
    inStore (fun store ->
        let path = Store.encoderOf c store
        File.WriteAllText(path, "x")

        let later =
            tiny |> Run.withInitialWeights (InitialWeights.ofTraining (Run.trainingHash c))

        StoredTraining.begin' (Run.training later) store |> ignore

        let clean () =
            runs "" (on store [ "gc"; "--encoders"; "--yes" ])

        let code, _, told = clean ()
        Assert.Equal(0, code)
        Assert.True(File.Exists path)

        Assert.Contains(
            $"The encoder of {Run.trainingHash c} stays: {Run.trainingHash later}, which is not finished",
            told
        )


        // As with encoders before training: where it cannot be read, nothing goes.
        let value = Path.Combine(Store.folderOf later store, "training.json")
        let text = File.ReadAllText value
        File.WriteAllText(value, text.Replace("\"Epochs\"", "\"Aeons\""))
        let code, _, told = clean ()
        Assert.NotEqual(0, code)
        Assert.Contains(Store.folderOf later store, told)
        Assert.True(File.Exists path)

        File.WriteAllText(value, text)
        save later (plainOutcome 0.5) store
        clean () |> ignore
        Assert.False(File.Exists path))
