/// Training and evaluation are apart: what is trained is trained once, and a measurement that fails costs nothing else.
module SimCLR.Tests.EvaluationTests

open System
open System.Collections.Generic
open System.IO
open System.Threading
open SimCLR
open SimCLR.Tests.Samples
open Xunit

let private run executor run =
    (Execution.execute CancellationToken.None executor (Grid.from run)).Cells
    |> List.exactlyOne

let private outcome (cell: CellResult) =
    match cell.Result with
    | Ok outcome -> outcome
    | Error failure -> failwith $"{failure.Reason}: {failure.Detail}"

/// When the files of the training were written: another time means that it was trained again.
let private trainedAt (executor: Executor) run =
    File.GetLastWriteTimeUtc(Path.Combine(Store.folderOf run executor.Store, "figures.json"))

/// A trained run; then the action, which is told when it was trained.
let private withTrained action =
    withFolder (fun folder ->
        let executor = executor folder
        let first = run executor tiny |> outcome
        let at = trainedAt executor tiny
        action executor first
        Assert.Equal(at, trainedAt executor tiny))

[<Fact>]
let Runs_that_differ_only_in_their_evaluation_share_a_training () =
    let others =
        [
            tiny |> measuring [ Measurement.HeadProbe ]
            { tiny with
                Evaluation = { tiny.Evaluation with L2 = [ 1.0 ] }
            }
            { tiny with
                Evaluation = { tiny.Evaluation with KnnK = 3 }
            }
            { tiny with
                Evaluation =
                    { tiny.Evaluation with
                        ValidationFraction = 0.5
                    }
            }
        ]

    for other in others do
        Assert.Equal(Run.trainingHash tiny, Run.trainingHash other)
        Assert.NotEqual<string>(Run.hash tiny, Run.hash other)

    // A classifier that is trained along can only be measured by a training.
    Assert.NotEqual<string>(Run.trainingHash tiny, Run.trainingHash (tiny |> measuring [ Measurement.OnlineProbe 0.1 ]))

[<Fact>]
let Adding_changing_and_dropping_measurements_trains_nothing () =
    withTrained (fun executor first ->
        let added =
            tiny
            |> measuring [ Measurement.HeadProbe; fineTuning 0.05; Measurement.retention ]

        let cell = run executor added
        Assert.False cell.Stored
        let more = outcome cell
        Assert.Equal(first.LinearTop1, more.LinearTop1)
        Assert.Equal(first.KnnTop1, more.KnnTop1)
        Assert.True(Double.IsFinite(more.Figure "g(h) linear top-1"))

        let changed =
            { tiny with
                Evaluation =
                    { tiny.Evaluation with
                        L2 = [ 10.0 ]
                        KnnK = 1
                    }
            }

        Assert.Equal(10.0, (run executor changed |> outcome).L2)

        // Another list of strengths leaves k-NN and fine-tuning as they are; what is dropped again is stored all the while.
        Assert.True (run executor tiny).Stored
        Assert.True (run executor added).Stored)

let private probedBy probe run =
    { run with
        Evaluation = run.Evaluation |> Evaluation.withProbe probe
    }

[<Fact>]
let The_probe_is_named_by_the_evaluation_and_another_one_trains_nothing () =
    let settings: ClassifierSettings =
        {
            Epochs = 2
            BatchSize = 16
            LearningRate = LearningRate.Fixed 0.1
            WeightDecay = 0.0
            Decay = Decay.Cosine
            Optimizer = None
        }

    let bySgd = Measurement.LinearSgd settings
    Assert.Equal(Run.hash tiny, Run.hash (tiny |> probedBy Probe.Lbfgs))

    withTrained (fun executor first ->
        let measured = run executor (tiny |> measuring [ bySgd ]) |> outcome
        let named = run executor (tiny |> probedBy (Probe.Sgd settings)) |> outcome
        // What is measured is the measurement of that name, of the trained and of the untrained encoder.
        Assert.Equal(measured.Figure "linear SGD top-1", named.LinearTop1)
        Assert.Equal(first.LinearTop1, measured.LinearTop1)
        Assert.True(Double.IsFinite named.LinearTop1Untrained)
        Assert.True(Double.IsNaN named.LinearValidationTop1)
        Assert.DoesNotContain(named.Figures, (fun figure -> figure.Of = "linear"))
        Assert.Equal(first.KnnTop1, named.KnnTop1)

        let none = run executor (tiny |> probedBy Probe.None) |> outcome
        Assert.True(Double.IsNaN none.LinearTop1 && Double.IsNaN none.LinearTop1Untrained)
        Assert.Equal(first.KnnTop1, none.KnnTop1))

[<Fact>]
let A_probe_is_checked_like_a_measurement_and_set_by_its_path () =
    let changed path value =
        match Run.set path value tiny with
        | Ok run -> run
        | Error why -> failwith why

    Assert.Equal(Probe.None, (changed "Evaluation.Probe" "None").Evaluation.Probe)
    let paper = tiny |> probedBy Evaluation.paperProbe
    Assert.Equal(Ok paper, Run.ofJson (Run.toJson paper))

    let wrong =
        match Evaluation.paperProbe with
        | Probe.Sgd settings -> Probe.Sgd { settings with Epochs = 0 }
        | other -> other

    Assert.Contains("Evaluation.Probe.Sgd.Epochs is 0", Assert.Single(Run.problems (tiny |> probedBy wrong)))

    let twice = paper |> measuring [ Measurement.linearSgd ]
    Assert.Contains("2 measurements that are both 'linear SGD'", Assert.Single(Run.problems twice))

[<Fact>]
let A_probe_that_failed_is_not_replaced_by_another () =
    let figure of' value : Figure =
        {
            Of = of'
            Name = "top-1"
            Unit = FigureUnit.Share
            Value = value
        }

    let outcome failures figures =
        {
            Figures = figures
            Failures = [ for label in failures -> label, { Reason = "raised"; Detail = "" } ]
            Steps = 1L
            Seconds = 1.0
            ImagesPerSecond = 1.0
            Waiting = 0.0
            Curve = []
        }

    let bySgd = figure "linear SGD" 0.5
    Assert.Equal(0.5, (outcome [] [ bySgd ]).LinearTop1)
    Assert.Equal(0.25, (outcome [] [ bySgd; figure "linear" 0.25 ]).LinearTop1)
    Assert.True(Double.IsNaN (outcome [ "linear" ] [ bySgd ]).LinearTop1)

[<Fact>]
let What_is_measured_of_the_stored_encoder_is_what_is_measured_at_once () =
    let run' =
        tiny
        |> measuring
            [
                Measurement.HeadProbe
                fineTuning 0.05
                Measurement.AlignmentUniformity Representation.Z
            ]

    withFolder (fun folder ->
        let atOnce = run (executor (Path.Combine(folder, "a"))) run' |> outcome
        let later = executor (Path.Combine(folder, "b"))
        run later tiny |> ignore
        let measured = run later run' |> outcome
        Assert.Equal<Figure list>(atOnce.Figures, measured.Figures))

[<Fact>]
let A_measurement_that_diverges_is_its_own_failure_and_everything_else_stays () =
    withTrained (fun executor first ->
        let failing =
            tiny
            |> measuring
                [
                    Measurement.HeadProbe
                    fineTuning 1e30
                    Measurement.Knn { K = [ 1; 3 ]; Temperatures = [ 0.1 ] }
                ]

        let whole = run executor failing |> outcome
        Assert.Equal(first.LinearTop1, whole.LinearTop1)
        Assert.True(Double.IsFinite(whole.Figure "g(h) linear top-1"))
        Assert.True(Double.IsFinite(whole.Figure "chosen k-NN top-1"))
        let label, failure = Assert.Single whole.Failures
        Assert.Equal("fine-tuned", label)
        Assert.Equal("training failed", failure.Reason)
        Assert.Contains("Lower its learning rate", failure.Detail)
        Assert.True(File.Exists(Store.encoderOf tiny executor.Store))

        // It is known, not tried again, until that is asked for.
        let again = run executor failing
        Assert.True again.Stored
        Assert.Equal<(string * Failure) list>(whole.Failures, (outcome again).Failures)
        Assert.False (run { executor with RetryFailed = true } failing).Stored

        // The table names it.
        let results: Results =
            {
                Axes = [ "depth" ]
                Cells =
                    [
                        { again with
                            Cell =
                                { again.Cell with
                                    Coordinates = [ "depth", AxisValue.Number 2.0 ]
                                }
                        }
                    ]
            }

        let table =
            Table.summary "depth" (Metric.measuredOf [ whole ]) results |> Table.toText

        Assert.Contains("failed: training failed", table)
        Assert.DoesNotContain("NaN", table))

[<Fact>]
let A_measurement_that_fails_in_the_first_execution_leaves_training_and_encoder () =
    withFolder (fun folder ->
        let executor = executor folder
        let failing = tiny |> measuring [ fineTuning 1e30 ]
        let whole = run executor failing |> outcome
        Assert.Equal("fine-tuned", fst (Assert.Single whole.Failures))
        let at = trainedAt executor failing
        let without = run executor tiny
        Assert.Equal(whole.LinearTop1, (outcome without).LinearTop1)
        Assert.Equal(at, trainedAt executor tiny))

[<Fact>]
let An_encoder_that_is_not_kept_is_said_to_be_trained_again () =
    withFolder (fun folder ->
        let notes = List<string>()

        let executor =
            { telling notes folder with
                KeepEncoder = KeepEncoder.Never
            }

        let first = run executor tiny |> outcome
        Assert.False(File.Exists(Store.encoderOf tiny executor.Store))
        Assert.False(File.Exists(Store.headOf tiny executor.Store))
        Assert.True (run executor tiny).Stored

        let more = run executor (tiny |> measuring [ Measurement.HeadProbe ]) |> outcome
        Assert.Equal(first.LinearTop1, more.LinearTop1)
        Assert.Contains(notes, fun note -> note.Contains "was not kept")

        // Kept from now on, whatever its size.
        let always =
            { executor with
                KeepEncoder = KeepEncoder.Always
            }

        Assert.False (run always tiny).Stored
        Assert.True(File.Exists(Store.encoderOf tiny executor.Store))
        Assert.True (run always tiny).Stored)

[<Fact>]
let An_encoder_that_is_not_kept_stays_until_the_last_cell_that_measures_it () =
    withFolder (fun folder ->
        let notes = List<string>()

        let executor =
            { telling notes folder with
                KeepEncoder = KeepEncoder.Never
            }

        let withK k run =
            { run with
                Evaluation = { run.Evaluation with KnnK = k }
            }

        let results =
            Grid.from tiny
            |> Grid.vary "k" withK [ 1; 3; 5 ]
            |> Execution.execute CancellationToken.None executor

        Assert.Equal(3, (Results.outcomes results).Length)
        Assert.DoesNotContain(notes, fun note -> note.Contains "trained again")
        Assert.False(File.Exists(Store.encoderOf tiny executor.Store)))

[<Fact>]
let An_encoder_stays_as_long_as_a_measurement_has_failed () =
    withFolder (fun folder ->
        let executor =
            { executor folder with
                KeepEncoder = KeepEncoder.Never
            }

        run executor (tiny |> measuring [ fineTuning 1e30 ]) |> ignore
        Assert.True(File.Exists(Store.encoderOf tiny executor.Store)))

[<Fact>]
let A_limit_of_size_says_what_it_deletes () =
    withFolder (fun folder ->
        let notes = List<string>()

        let executor =
            { telling notes folder with
                KeepEncoder = KeepEncoder.UpTo 100L
            }

        run executor tiny |> ignore
        Assert.False(File.Exists(Store.encoderOf tiny executor.Store))
        Assert.Contains(notes, fun note -> note.Contains "--keep-encoder keeps them"))

[<Fact>]
let A_damaged_encoder_is_told_and_trained_again_to_the_same_numbers () =
    withFolder (fun folder ->
        let notes = List<string>()
        let executor = telling notes folder
        let first = run executor tiny |> outcome
        let path = Store.encoderOf tiny executor.Store
        let bytes = File.ReadAllBytes path
        bytes[bytes.Length - 1] <- bytes[bytes.Length - 1] ^^^ 1uy
        File.WriteAllBytes(path, bytes)
        let more = run executor (tiny |> measuring [ Measurement.HeadProbe ]) |> outcome
        Assert.Contains(notes, fun note -> note.Contains "checksum" && note.Contains "trained again")
        Assert.Equal(first.LinearTop1, more.LinearTop1))

[<Fact>]
let The_encoder_before_training_is_measured_once_for_all_runs_that_begin_with_it () =
    withFolder (fun folder ->
        let executor = executor folder
        let first = run executor tiny |> outcome
        let place = StoreFolder.ofUntrained (Run.untrained tiny) executor.Store

        let files () =
            Directory.GetFiles(place, "figures.json", SearchOption.AllDirectories)

        let times () =
            files () |> Array.map File.GetLastWriteTimeUtc

        let before = times ()
        Assert.Equal(2, before.Length)
        let second = run executor (tiny |> Run.withTemperature 0.1) |> outcome
        Assert.Equal<DateTime[]>(before, times ())
        Assert.Equal(first.LinearTop1Untrained, second.LinearTop1Untrained)

        // Of the trained encoder; losses would differ by the temperature alone.
        let measured (outcome: Outcome) =
            outcome.Figures
            |> List.filter (fun figure -> List.contains figure.Of [ "linear"; "k-NN" ])

        Assert.NotEmpty(measured first)
        Assert.NotEqual<Figure list>(measured first, measured second))

[<Fact>]
let An_interrupted_measurement_goes_on_and_the_training_is_not_repeated () =
    withFolder (fun folder ->
        let long = Measurement.LinearSgd { classifier with Epochs = 40 }

        let run' = tiny |> measuring [ long ]
        use source = new CancellationTokenSource()

        let observer: Observer =
            function
            | Event.Stepped(_, stage) when stage.Of = "linear SGD" && stage.Point.Step > 60L -> source.Cancel()
            | _ -> ()

        let stopped =
            { executor folder with
                Observer = observer
                CheckpointEvery = Some TimeSpan.Zero
            }

        Assert.Empty((Execution.execute source.Token stopped (Grid.from run')).Cells)
        let at = trainedAt stopped run'
        let notes = List<string>()
        let resumed = run (telling notes folder) run' |> outcome
        Assert.Contains(notes, fun note -> note.StartsWith "Goes on from the checkpoint of step")
        Assert.Equal(at, trainedAt stopped run')
        let whole = run (executor (Path.Combine(folder, "whole"))) run' |> outcome
        Assert.Equal<Figure list>(whole.Figures, resumed.Figures)
        // Nothing is left of the checkpoints.
        Assert.Empty(Directory.GetFiles(Store.folderOf run' stopped.Store, "step-*", SearchOption.AllDirectories)))

[<Fact>]
let Images_that_a_measurement_lacks_are_said_before_anything_is_trained () =
    let impossible =
        tiny
        |> measuring
            [
                Measurement.Transfer
                    {
                        Images = Images.folder None "/nowhere"
                        Metric = TransferMetric.Top1
                        Strengths = [ 1.0 ]
                        FineTunings = []
                    }
            ]

    withFolder (fun folder ->
        let executor = executor folder

        let error =
            Assert.Throws<SimCLR.Core.Images.ImageSourceException>(fun () -> run executor impossible |> ignore)

        Assert.Contains("/nowhere", error.Message)
        Assert.False(Store.isTrained tiny executor.Store))
