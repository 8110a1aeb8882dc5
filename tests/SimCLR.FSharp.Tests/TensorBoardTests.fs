module SimCLR.Tests.TensorBoardTests

open System
open System.IO
open SimCLR
open SimCLR.Tests
open Xunit

/// The scalars of an event file: tag, step, value. A record is its length (8 bytes), a checksum (4), an Event message, and a checksum (4).
let private scalars (path: string) =
    let bytes = File.ReadAllBytes path
    let mutable at = 0

    [
        while at < bytes.Length do
            let length = int (BitConverter.ToUInt64(bytes, at))
            let event = Tensorboard.Event.Parser.ParseFrom(bytes, at + 12, length)
            at <- at + 12 + length + 4

            if not (isNull event.Summary) then
                for value in event.Summary.Value -> value.Tag, event.Step, float value.SimpleValue
    ]

let private results =
    Grid.from Run.shapes
    |> Grid.vary "temperature" Run.temperature [ 0.1; 0.5 ]
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
