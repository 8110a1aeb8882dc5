module SimCLR.Tests.ClusterStatusTests

open System
open System.IO
open SimCLR
open SimCLR.Tests.Samples
open Xunit

let private shown store folders =
    ClusterStatus.lines store folders |> String.concat "\n"

[<Fact>]
let ``Runs are done, failed, running or waiting, each with its reason`` () =
    withFolder (fun folder ->
        let store = Store.ofFolder (Path.Combine(folder, "runs"))

        let grid =
            Grid.from tiny
            |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.2; 0.3; 0.4; 0.5 ]

        let out = Path.Combine(folder, "mine")

        SweepFile.ofCells "mine" out store grid.Axes grid.Cells
        |> SweepFile.writePlan out

        match Grid.runs grid with
        | [ finished; failed; running; left; _ ] ->
            save finished (plainOutcome 0.5) store

            Store.saveFailure
                failed
                {
                    Reason = "diverged"
                    Detail = "The loss is not finite."
                }
                store

            use _held = Option.get (Store.tryLock running store)

            (use _left = Option.get (Store.tryLock left store)
             ())

            let said = shown store []
            Assert.Contains("mine: 5 runs: 1 done, 1 failed, 1 running, 2 waiting", said)
            Assert.Contains("failed  " + (Run.trainingHash failed).Substring(0, 8), said)
            Assert.Contains("temperature 0.2: diverged: The loss is not finite.", said)

            Assert.Contains(
                $"temperature 0.3: on {Environment.MachineName}, process {Environment.ProcessId}: before its first epoch",
                said
            )

            Assert.Contains("temperature 0.4: was left before its first epoch", said)
            Assert.Contains("waiting 1 not begun: temperature 0.5", said)
            Assert.Equal(said, shown store [ out ])
        | _ -> failwith "five runs")

[<Fact>]
let ``Where no sweep is known, it is said what to name`` () =
    withFolder (fun folder ->
        let store = Store.ofFolder (Path.Combine(folder, "runs"))

        let refused folders =
            Assert.ThrowsAny<ArgumentException>(fun () -> shown store folders |> ignore).Message

        Assert.Contains("--store", refused [])
        Assert.Contains("has neither plan.json nor sweep.json", refused [ folder ]))
