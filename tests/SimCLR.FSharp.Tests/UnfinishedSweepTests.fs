/// What is reported, named and tried again of a sweep of which a part is there.
[<Xunit.Collection("alone")>]
module SimCLR.Tests.UnfinishedSweepTests

open System.IO
open System.Text.RegularExpressions
open SimCLR
open SimCLR.Tests.RunsTests
open SimCLR.Tests.Samples
open Xunit

/// A folder of a sweep that was to compute four runs and was interrupted after one, as it wrote itself; then another is computed, and one fails.
let private inInterrupted test =
    withFolder (fun folder ->
        let store = Store.ofFolder (Path.Combine(folder, "runs"))
        let out = Path.Combine(folder, "mine")

        let grid =
            Grid.from tiny
            |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.2; 0.3; 0.4 ]

        SweepFile.ofCells "mine" out store grid.Axes grid.Cells
        |> SweepFile.writePlan out

        { grid with
            Cells = List.truncate 1 grid.Cells
        }
        |> results (fun _ -> Some 0.5)
        |> SweepFile.ofResults "mine" out store [ "the order agrees" ]
        |> SweepFile.write out

        match Grid.runs grid with
        | first :: second :: third :: _ ->
            save first (plainOutcome 0.5) store
            save second (plainOutcome 0.625) store
            Store.saveFailure third { Reason = "diverged"; Detail = "" } store
        | _ -> failwith "four runs"

        test store out grid)

[<Fact>]
let The_report_of_an_interrupted_sweep_is_of_all_that_was_planned () =
    inInterrupted (fun store out grid ->
        let code, said, _ = runs "" [ "report"; out ]
        Assert.Equal(0, code)
        Assert.Contains("3 of 4 runs are in", said)
        Assert.Contains("diverged", File.ReadAllText(Path.Combine(out, "report.html")))
        Assert.Contains("mine: 4 runs: 2 done, 1 failed, 0 running, 1 waiting", ClusterStatus.lines store [ out ])
        let file = Option.get (SweepFile.tryRead out)
        Assert.Equal<string list>([ "the order agrees" ], file.Verdicts)

        Assert.Equal<string list>(
            [ for run in Grid.runs grid -> Run.hash run ],
            [ for cell in file.Cells -> cell.Hash ]
        ))

[<Fact>]
let What_failed_without_being_stored_is_reported_beside_what_was_planned () =
    inInterrupted (fun store out grid ->
        { grid with
            Cells = [ List.last grid.Cells ]
        }
        |> results (fun _ -> None)
        |> SweepFile.ofResults "mine" out store []
        |> SweepFile.write out

        let code, said, _ = runs "" [ "report"; out ]
        Assert.Equal(0, code)
        Assert.Contains("4 of 4 runs are in", said)
        Assert.Contains("the loss is NaN", File.ReadAllText(Path.Combine(out, "report.html"))))

[<Fact>]
let Results_of_more_than_was_planned_last_are_reported_whole () =
    inInterrupted (fun store out grid ->
        SweepFile.ofCells "mine" out store grid.Axes (List.truncate 1 grid.Cells)
        |> SweepFile.writePlan out

        grid
        |> results (fun run -> if run = List.last (Grid.runs grid) then None else Some 0.5)
        |> SweepFile.ofResults "mine" out store []
        |> SweepFile.write out

        let _, said, _ = runs "" [ "report"; out ]
        Assert.Contains("4 of 4 runs are in", said))

[<Fact>]
let What_the_status_calls_failed_is_shown_and_retried_by_the_hash_that_it_prints () =
    withFolder (fun folder ->
        let store = Store.ofFolder (Path.Combine(folder, "runs"))
        let out = Path.Combine(folder, "mine")
        let failure = { Reason = "no"; Detail = "" }
        let grid = Grid.from tiny |> Grid.seeds [ 0; 1; 2 ]

        SweepFile.ofCells "mine" out store grid.Axes grid.Cells
        |> SweepFile.writePlan out

        // Of a training, of a measurement before it, and of both.
        let training, measured, both =
            match Grid.runs grid with
            | [ training; measured; both ] -> training, measured, both
            | _ -> failwith "three runs"

        let untrained = StoreFolder.ofUntrained (Run.untrained both) store
        let task = List.head (Run.standardTasks both)

        save
            measured
            { plainOutcome 0.5 with
                Failures = [ "linear, untrained", failure ]
            }
            store

        Store.saveFailure training failure store
        Store.saveFailure both failure store
        StoredFigures.saveFailure task failure untrained
        let status () = ClusterStatus.lines store [ out ]

        let printed =
            [
                for line in status () do
                    match Regex.Match(line, "^  failed +([0-9a-f]{8}) ") with
                    | hash when hash.Success -> hash.Groups[1].Value
                    | _ -> ()
            ]

        Assert.Equal(3, printed.Length)

        for hash in printed do
            let code, said, _ = runs "" (on store [ "show"; hash ])
            Assert.Equal(0, code)
            Assert.Matches("Failures?\\n", said)

        let code, said, _ = runs "" (on store ("retry" :: printed))
        Assert.Equal(0, code)
        Assert.Contains("4 failures are forgotten", said)
        Assert.Contains("mine: 3 runs: 0 done, 0 failed, 0 running, 3 waiting", status ())
        Assert.Equal(None, StoredFigures.tryFind failwith task untrained))
