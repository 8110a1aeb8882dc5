/// A sweep of 200 cells in which failures of every kind are planted loses nothing.
module SimCLR.Tests.PlantedFailuresTests

open System
open System.IO
open System.Threading
open SimCLR
open SimCLR.Tests.Samples
open Xunit

/// Twenty trainings, each evaluated in ten ways.
let private small =
    { tiny with
        Encoder = Encoder.SmallConv [ 4; 8 ]
        Epochs = 1
    }

let private withKnn k run =
    { run with
        Evaluation =
            { run.Evaluation with
                L2 = [ 1e-2 ]
                KnnK = k
            }
    }

/// A folder of images of two classes; of the second there are so many training images.
let private folderOf folder second =
    for split, name, count in [ "train", "a", 4; "test", "a", 2; "train", "b", second; "test", "b", 2 ] do
        let place = Path.Combine(folder, split, name)

        for i in 1..count do
            writeImage (Path.Combine(place, $"{i}.png")) (byte (40 * i), byte second, byte name.Length)

    Images.folder None folder

/// What is planted at a cell, by what it is to be called; the others are fine.
[<RequireQualifiedAccess>]
type private Planted =
    | Nothing
    | DivergingTraining
    | DivergingMeasurement
    | MissingClass
    | TooLargeBatch
    | BlockedTraining
    | BlockedMeasurement
    | Raised
    | DamagedFigures
    | DamagedCheckpoint

let private planted =
    Map
        [
            (3, 1), Planted.DivergingTraining
            (7, 2), Planted.DivergingMeasurement
            (8, 5), Planted.DivergingMeasurement
            (9, 3), Planted.MissingClass
            (11, 4), Planted.TooLargeBatch
            (12, 1), Planted.BlockedTraining
            (13, 6), Planted.BlockedMeasurement
            (14, 1), Planted.Raised
            (15, 1), Planted.DamagedFigures
            (16, 1), Planted.DamagedCheckpoint
        ]

let private at (seed: int, k: int) =
    planted |> Map.tryFind (seed, k) |> Option.defaultValue Planted.Nothing

let private runOf folder (seed: int, k: int) =
    let run = small |> Run.withSeed (int64 seed) |> withKnn k

    match at (seed, k) with
    | Planted.DivergingTraining -> diverging run
    | Planted.DivergingMeasurement -> run |> measuring [ Measurement.HeadProbe; fineTuning 1e30 ]
    | Planted.MissingClass ->
        run
        |> Run.withImages (folderOf (Path.Combine(folder, "one image of b")) 1)
        |> Run.withBatchSize 4
    | Planted.TooLargeBatch ->
        run
        |> Run.withImages (folderOf (Path.Combine(folder, "eight images")) 4 |> Images.limit 20)
        |> Run.withBatchSize 9
    // Trainings of their own, so that what is planted hits no other cell.
    | Planted.BlockedTraining
    | Planted.Raised
    | Planted.DamagedFigures
    | Planted.DamagedCheckpoint -> run |> Run.withTemperature 0.1
    | Planted.BlockedMeasurement
    | Planted.Nothing -> run

let private places =
    [
        for seed in 0..19 do
            for k in 1..10 -> seed, k
    ]

let private gridOf folder : Grid =
    {
        Axes = [ "seed"; "k" ]
        Cells =
            [
                for seed, k in places ->
                    {
                        Coordinates = [ "seed", AxisValue.Number(float seed); "k", AxisValue.Number(float k) ]
                        Run = runOf folder (seed, k)
                    }
            ]
    }

/// A file where a folder has to be.
let private block (path: string) =
    Directory.CreateDirectory(Path.GetDirectoryName path |> nonNull) |> ignore
    File.WriteAllText(path, "in the way")

let private place kind =
    planted |> Map.findKey (fun _ planted -> planted = kind)

[<Fact>]
let ``A sweep of 200 cells with failures of every kind loses nothing`` () =
    withFolder (fun folder ->
        let grid = gridOf folder
        let store = Store.ofFolder (Path.Combine(folder, "runs"))
        let run kind = runOf folder (place kind)

        let blockedTask =
            (run Planted.BlockedMeasurement).Evaluation |> Evaluation.tasks |> List.item 1

        let blockedMeasurement =
            StoreFolder.ofEvaluation blockedTask (Store.folderOf (run Planted.BlockedMeasurement) store)

        block (Store.folderOf (run Planted.BlockedTraining) store)
        block blockedMeasurement

        let figures =
            Path.Combine(Store.folderOf (run Planted.DamagedFigures) store, "figures.json")

        block figures

        block (
            Path.Combine(
                Store.folderOf (run Planted.DamagedCheckpoint) store,
                "checkpoint",
                "step-000000001-0123456789abcdef0123456789abcdef.safetensors"
            )
        )

        let mutable current = 0

        let observer: Observer =
            function
            | Event.Began(number, _, _) -> current <- number - 1
            | Event.Stepped _ when at places[current] = Planted.Raised ->
                raise (NotSupportedException "a component of its own")
            | _ -> ()

        let execute observer =
            Execution.execute
                CancellationToken.None
                { executor store.Folder with
                    Observer = observer
                }
                grid

        let first = execute observer
        Assert.Equal(200, first.Cells.Length)

        for place, cell in List.zip places first.Cells do
            let reason () =
                match cell.Result with
                | Error failure -> failure.Reason
                | Ok outcome ->
                    outcome.Failures
                    |> List.map (fun (label, failure) -> $"{label}: {failure.Reason}")
                    |> String.concat "; "

            match at place with
            | Planted.Nothing
            | Planted.DamagedFigures
            | Planted.DamagedCheckpoint -> Assert.Equal("", reason ())
            | Planted.DivergingTraining -> Assert.Equal("training failed", reason ())
            | Planted.DivergingMeasurement -> Assert.Equal("fine-tuned: training failed", reason ())
            | Planted.MissingClass
            | Planted.TooLargeBatch -> Assert.Equal("does not fit the data", reason ())
            | Planted.BlockedTraining -> Assert.Equal("could not be stored", reason ())
            | Planted.BlockedMeasurement -> Assert.Equal("k-NN: could not be stored", reason ())
            | Planted.Raised -> Assert.Equal("raised NotSupportedException", reason ())

        // What is in the way is taken away: only what had failed without being stored is computed, and nothing that was computed is gone.
        File.Delete(Store.folderOf (run Planted.BlockedTraining) store)
        File.Delete blockedMeasurement
        let second = execute Observer.silent

        for (place, before), after in List.zip (List.zip places first.Cells) second.Cells do
            match at place with
            | Planted.BlockedTraining
            | Planted.BlockedMeasurement ->
                Assert.False after.Stored

                match after.Result with
                | Ok outcome -> Assert.Empty outcome.Failures
                | Error failure -> Assert.Fail failure.Detail
            | Planted.MissingClass
            | Planted.TooLargeBatch -> Assert.False after.Stored
            | _ ->
                Assert.True after.Stored

                match before.Result, after.Result with
                | Ok before, Ok after -> Assert.Equal<Figure list>(before.Figures, after.Figures)
                | Error before, Error after -> Assert.Equal(before, after)
                | other -> Assert.Fail $"{other}")
