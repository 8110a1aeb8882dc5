module SimCLR.Tests.TensorBoardTests

open System
open System.IO
open SimCLR
open SimCLR.Tests
open Xunit

/// The events of a file. A record is its length (8 bytes), a checksum (4), an Event message, and a checksum (4).
let private events (path: string) =
    let bytes = File.ReadAllBytes path
    let mutable at = 0

    [
        while at < bytes.Length do
            let length = int (BitConverter.ToUInt64(bytes, at))
            Tensorboard.Event.Parser.ParseFrom(bytes, at + 12, length)
            at <- at + 12 + length + 4
    ]

/// The scalars of an event file: tag, step, value.
let private scalars (path: string) =
    [
        for event in events path do
            if not (isNull event.Summary) then
                for value in event.Summary.Value -> value.Tag, event.Step, float value.SimpleValue
    ]

let private results =
    Grid.from Run.shapes
    |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ]
    |> Grid.varyBy "loss" (fun _ run -> run) [ "a/b", () ]
    |> Samples.results (fun run ->
        if Loss.temperature run.Loss = Some 0.1 then
            Some 0.75
        else
            None)

[<Fact>]
let The_curves_and_accuracies_of_finished_runs_are_in_their_event_files () =
    Samples.withFolder (fun folder ->
        TensorBoard.write folder results
        // Again: an event file is replaced, not added.
        TensorBoard.write folder results
        let run = Assert.Single(Directory.GetDirectories folder)
        Assert.Equal("temperature 0.1, loss a_b", Path.GetFileName run)
        let found = scalars (Assert.Single(Directory.GetFiles run))

        let series tag =
            [
                for other, step, value in found do
                    if other = tag then
                        step, Math.Round(value, 6)
            ]

        Assert.Equal<(int64 * float) list>([ 1L, 5.0; 2L, 2.5; 3L, 1.666667 ], series "train/loss")
        Assert.Equal<(int64 * float) list>([ 1L, 0.1; 2L, 0.2; 3L, 0.3 ], series "train/learning rate")
        Assert.Equal<(int64 * float) list>([ 1L, 0.7; 2L, 0.7; 3L, 0.7 ], series "train/gradient norm")
        Assert.Equal<(int64 * float) list>([ 3L, 0.75 ], series "accuracy/linear")
        Assert.Equal<(int64 * float) list>([ 3L, 0.2 ], series "accuracy/k-NN, untrained")
        Assert.Equal<(int64 * float) list>([ 3L, 0.5 ], series "measured/h alignment"))

let private now () =
    (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds

[<Fact>]
let Every_point_carries_the_Unix_time_of_its_step_and_the_file_that_of_its_writing () =
    Samples.withFolder (fun folder ->
        let before = now ()
        TensorBoard.write folder results

        let file =
            Assert.Single(Directory.GetFiles(Assert.Single(Directory.GetDirectories folder)))

        let found = events file
        // The first record names the format: written now, and not at some day of the year 20 billion.
        Assert.Equal("brain.Event:2", found.Head.FileVersion)
        Assert.InRange(found.Head.WallTime, before, now ())

        Assert.Equal<(int64 * float) list>(
            [ 1L, 1600000000.5; 2L, 1600000001.0; 3L, 1600000001.5 ],
            [
                for event in found do
                    if not (isNull event.Summary) && event.Summary.Value[0].Tag = "train/loss" then
                        event.Step, event.WallTime
            ]
        ))

[<Fact>]
let Event_files_grow_while_a_run_trains () =
    Samples.withFolder (fun folder ->
        let board = Path.Combine(folder, "tensorboard")
        let seen = Collections.Generic.List<int64 * float>()
        let started = now ()

        let look =
            function
            | Event.Stepped(_, stage) when stage.Of = "" ->
                let file =
                    Assert.Single(Directory.GetFiles(board, "*", SearchOption.AllDirectories))

                let step, time =
                    events file
                    |> List.filter (fun event ->
                        not (isNull event.Summary) && event.Summary.Value[0].Tag = "train/loss")
                    |> List.map (fun event -> event.Step, event.WallTime)
                    |> List.last

                Assert.Equal(stage.Point.Step, step)
                Assert.InRange(time, started, now ())
                seen.Add((step, time))
            | _ -> ()

        let executor =
            { Samples.executor (Path.Combine(folder, "runs")) with
                Observer = Observer.all [ TensorBoard.observer board; look ]
            }

        let run = Samples.tiny
        Execution.run run executor |> ignore
        Assert.Equal<int64 list>([ 1L .. 8L ], seen |> Seq.map fst |> List.ofSeq)

        let file =
            Assert.Single(Directory.GetFiles(board, "*", SearchOption.AllDirectories))

        Assert.Contains("accuracy/linear", [ for tag, _, _ in scalars file -> tag ]))
