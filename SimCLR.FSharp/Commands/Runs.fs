namespace SimCLR

open System
open System.IO
open Argu
open SimCLR.Core.Runtime

/// What a store holds, from a terminal.
[<RequireQualifiedAccess>]
module Runs =

    let private migrate (arguments: ParseResults<MigrateArgument>) (stores: string list) =
        let folder =
            match Option.toList (arguments.TryGetResult MigrateArgument.Folder) @ stores with
            | [] -> Path.Combine("results", "runs")
            | [ folder ] -> folder
            | several ->
                let named = String.concat " and " several
                CommandLine.fail $"migrate takes one store, and {named} are named; name one of them."

        if not (Directory.Exists folder) then
            eprintfn "There is no folder %s; name the store, for example results/runs." folder
            2
        else
            LibTorch.Load() |> ignore
            let store = Store.ofFolder folder
            let done' = Migration.migrate store

            for path, why in done'.LeftOut do
                eprintfn "%s is left where it is: %s." path (why.TrimEnd '.')

            printfn
                "%d runs and %d failures of version 0.1 were taken over into %s."
                done'.Runs
                done'.Failures
                store.Folder

            if done'.Interrupted > 0 then
                printfn
                    "%d folders hold checkpoints of interrupted runs; executing such a run again goes on from there."
                    done'.Interrupted

            if done'.Runs + done'.Failures > 0 then
                printfn "The old folders lie in %s and can be deleted." (Path.Combine(store.Folder, "before-0.2"))

            if done'.LeftOut.IsEmpty then 0 else 1

    let private stores (arguments: ParseResults<RunsArgument>) =
        match arguments.GetResults RunsArgument.Store with
        | [] -> [ Path.Combine("results", "runs") ]
        | folders -> folders
        |> List.map (fun folder ->
            if not (Directory.Exists(Path.Combine(folder, "trainings"))) then
                CommandLine.fail
                    $"{folder} is no store: it has no folder 'trainings'. Name one with --store, for example results/runs."

            Store.ofFolder folder)

    let private export file store =
        let table = RunTable(StoredRun.all (eprintfn "%s") store)

        AtomicFile.Write(
            file,
            fun (stream: Stream) ->
                use writer = new StreamWriter(stream, leaveOpen = true)
                table.WriteCsv writer
        )

        printfn $"{table.Rows.Length} runs are in {Path.GetFullPath file}."
        0

    /// The tables and plots of a sweep, of what the store has of its runs now.
    let private report folder stores =
        let file =
            SweepFile.tryRead folder
            |> Option.defaultWith (fun () ->
                CommandLine.fail
                    $"{folder} has neither {SweepFile.PlanName} nor {SweepFile.Name}; name the folder of a sweep's report, for example results/temperature.")

        LibTorch.Load() |> ignore

        let store =
            stores
            |> List.tryHead
            |> Option.map Store.ofFolder
            |> Option.defaultWith (fun () -> SweepFile.store folder file)

        let results = SweepFile.results (eprintfn "%s") store file

        if results.Cells.IsEmpty then
            CommandLine.fail $"{store.Folder} has none of the {file.Cells.Length} runs; name their store with --store."

        let page =
            Report.ofResults $"SimCLR: {file.Name}" store results |> Report.write folder

        printfn $"{results.Cells.Length} of {file.Cells.Length} runs are in {Path.GetFullPath page}."
        0

    /// Folders in which something of a training may have failed: its own, and that of the encoder that it begins with.
    let private failing store trainingFolder =
        [
            yield trainingFolder

            match StoredTraining.valueIn trainingFolder with
            | Some training -> yield StoreFolder.ofUntrained (Untrained.ofTraining training) store
            | None -> ()
        ]
        |> List.filter Directory.Exists

    let private retry store hashes =
        let counts =
            [
                for named in hashes |> List.map (RunsSearch.find store) |> List.distinctBy _.Folder do
                    match StoreFolder.tryLock named.Folder with
                    | None ->
                        eprintfn "%s stays as it is: another process computes there." named.Folder
                        None
                    | Some lock ->
                        use _held = lock
                        Some(failing store named.Folder |> List.sumBy StoreFolder.forgetFailures)
            ]

        printfn $"{List.sum (List.choose id counts)} failures are forgotten; the next sweep tries again."
        if List.contains None counts then 1 else 0

    let private clean store (arguments: ParseResults<CleanArgument>) =
        let kinds =
            [
                if arguments.Contains CleanArgument.Failures then
                    RunsRemoval.failures
                if arguments.Contains CleanArgument.Checkpoints then
                    RunsRemoval.checkpoints
                if arguments.Contains CleanArgument.Encoders then
                    RunsRemoval.encoders store
                if arguments.Contains CleanArgument.Damaged then
                    RunsRemoval.damaged
            ]

        let isUntrained = arguments.Contains CleanArgument.Untrained

        if kinds.IsEmpty && not isUntrained then
            CommandLine.fail "Say what is to go: --failures, --checkpoints, --encoders, --damaged or --untrained."

        let unused = if isUntrained then RunsRemoval.untrained store else []

        let others =
            Array.append (StoreListing.trainings store) (StoreListing.untrained store)
            |> Array.filter (fun folder -> unused |> List.forall (fun removal -> removal.Lock <> folder))

        [
            yield! unused

            for folder in others do
                for kind in kinds -> kind folder
        ]

    let private ask question =
        printf "%s [y/N] " question
        let answer = Console.ReadLine() |> Option.ofObj |> Option.defaultValue ""
        List.contains (answer.Trim().ToLowerInvariant()) [ "y"; "yes" ]

    let private carryOut (arguments: ParseResults<RunsArgument>) =
        let one () =
            match stores arguments with
            | [ store ] -> store
            | _ -> CommandLine.fail "--store is given more than once, which only diff takes; use one of them."

        match arguments.GetSubCommand() with
        | RunsArgument.List arguments ->
            RunsShowing.list
                (arguments.GetResults ListArgument.Where |> List.map RunsSearch.condition)
                (arguments.TryGetResult ListArgument.Sort)
                (one ())

            0
        | RunsArgument.Show arguments ->
            RunsShowing.show (one ()) (arguments.GetResult ShowArgument.Hash)
            0
        | RunsArgument.Diff hashes ->
            match hashes.GetResult(DiffArgument.Hashes, defaultValue = []), stores arguments with
            | [ a; b ], [ store ] ->
                RunsShowing.diffRuns store a b
                0
            | [], [ a; b ] -> RunsShowing.diffStores a b
            | _ ->
                CommandLine.fail
                    "diff compares two runs of a store, by their hashes, or two stores: --store A --store B."
        | RunsArgument.Rm arguments ->
            let store = one ()

            let named =
                arguments.GetResult RemoveArgument.Hashes |> List.map (RunsSearch.find store)

            RunsRemoval.perform ask (arguments.Contains RemoveArgument.Yes) store (RunsRemoval.ofRuns store named)
        | RunsArgument.Gc arguments ->
            let store = one ()
            RunsRemoval.perform ask (arguments.Contains CleanArgument.Yes) store (clean store arguments)
        | RunsArgument.Export arguments -> export (arguments.GetResult ExportArgument.File) (one ())
        | RunsArgument.Retry arguments -> retry (one ()) (arguments.GetResult RetryArgument.Hashes)
        | RunsArgument.Report named ->
            report (named.GetResult ReportArgument.Folder) (arguments.GetResults RunsArgument.Store)
        | RunsArgument.Migrate named -> migrate named (arguments.GetResults RunsArgument.Store)
        | RunsArgument.Store _ -> CommandLine.fail "Say what is to be done with the store; --help lists what there is."

    /// Does what the arguments say; the exit code: 0, 1 where something was left out, 2 where the arguments are wrong.
    let run (arguments: string list) =
        try
            CommandLine.parse<RunsArgument> "./simclr runs" arguments |> carryOut
        with
        | :? ArguParseException as error ->
            printfn "%s" error.Message
            0
        | :? ArgumentException
        | :? InvalidDataException as error ->
            eprintfn "%s" error.Message
            2
        | :? IOException
        | :? UnauthorizedAccessException as error ->
            eprintfn "%s" error.Message
            2
