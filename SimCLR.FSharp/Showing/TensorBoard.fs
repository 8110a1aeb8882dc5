namespace SimCLR

open System.Collections.Generic
open System.IO
open SimCLR.Core.Runtime
open SimCLR.Core.Training

/// What TensorBoard shows of a sweep.
[<RequireQualifiedAccess>]
module TensorBoard =

    /// The values of a logging interval in the training of a measurement, or of the run itself, whose name is empty.
    let private pointsOf training (point: CurvePoint) =
        let group = if training = "" then "train" else training
        let time = if point.Time > 0.0 then point.Time else UnixTime.Now

        let value name value =
            ScalarPoint($"{group}/{name}", point.Step, value, time)

        [
            for KeyValue(name, x) in point.Figures do
                value name x

            value "learning rate" point.LearningRate
            value "images per second" point.ImagesPerSecond
        ]

    /// What a run came to, at its last step.
    let private ends (outcome: Outcome) =
        let last = outcome.Curve |> List.tryLast

        let step = last |> Option.map _.Step |> Option.defaultValue outcome.Steps

        let time =
            match last with
            | Some { Time = time } when time > 0.0 -> time
            | _ -> UnixTime.Now

        [
            for tag, value in
                [
                    "accuracy/linear", outcome.LinearTop1
                    "accuracy/linear, validation", outcome.LinearValidationTop1
                    "accuracy/linear, untrained", outcome.LinearTop1Untrained
                    "accuracy/k-NN", outcome.KnnTop1
                    "accuracy/k-NN, untrained", outcome.KnnTop1Untrained
                    "accuracy/contrastive", outcome.ContrastiveTop1

                    for metric in Metric.measuredOf [ outcome ] do
                        $"measured/{metric.Name}", metric.Get outcome
                ] do
                if System.Double.IsFinite value then
                    ScalarPoint(tag, step, value, time)
        ]

    /// The folder of a run, named by its coordinates without what a path cannot hold, or by its hash where it has none.
    let private folderOf folder (cell: Cell) =
        let plain c =
            if System.Char.IsLetterOrDigit c || " ,.-+".Contains c then
                c
            else
                '_'

        let name =
            match Grid.label cell with
            | "" -> Run.hash cell.Run
            | label when label.Length > 100 -> Run.hash cell.Run
            | label -> String.map plain label

        Path.Combine(folder, name)

    let private writeRun folder cell (outcome: Outcome) =
        EventFile.Write(folderOf folder cell, List.collect (pointsOf "") outcome.Curve @ ends outcome)

    /// Writes an event file for each run that has an outcome: curves of training by step, and what it came to at its last step, each with the time of
    /// its step. They are those of the store, so that runs of earlier sweeps have them too; what was there is replaced.
    let write folder (results: Results) =
        for cell, outcome in Results.outcomes results do
            writeRun folder cell outcome

    /// Writes the event files of a sweep's runs into that folder while they train; a run that was stored already is written whole, if it is not there.
    /// A run that is taken up again goes on in a file of its own, which TensorBoard shows in place of what the first had of the same steps.
    let observer folder : Observer =
        let files = Dictionary<string, EventFile>()
        let folders = Dictionary<string, string>()

        let add run points =
            let hash = Run.hash run

            match folders.TryGetValue hash with
            | true, place ->
                let file =
                    match files.TryGetValue hash with
                    | true, file -> file
                    | _ ->
                        let file = new EventFile(place)
                        files[hash] <- file
                        file

                points |> List.iter file.Add
            | _ -> ()

        let close run =
            let hash = Run.hash run

            match files.TryGetValue hash with
            | true, file -> file.Dispose()
            | _ -> ()

            files.Remove hash |> ignore
            folders.Remove hash |> ignore

        function
        | Event.Began(_, _, cell) -> folders[Run.hash cell.Run] <- folderOf folder cell
        | Event.Stepped(run, stage) -> add run (pointsOf stage.Of stage.Point)
        | Event.Ended {
                          Cell = cell
                          Result = Ok outcome
                          Stored = stored
                      } ->
            if stored && not (Directory.Exists(folderOf folder cell)) then
                writeRun folder cell outcome
            elif not stored then
                add cell.Run (ends outcome)

            close cell.Run
        | Event.Ended { Cell = cell }
        | Event.Interrupted(cell, _) -> close cell.Run
        | Event.Finished ->
            for file in files.Values do
                file.Dispose()

            files.Clear()
            folders.Clear()
        | Event.Planned _
        | Event.Noted _
        | Event.Measured _
        | Event.Waiting _ -> ()
