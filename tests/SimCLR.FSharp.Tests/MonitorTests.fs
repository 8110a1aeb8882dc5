/// Figures while training, and what ends it, as values of a run.
module SimCLR.Tests.MonitorTests

open System
open System.IO
open SimCLR
open SimCLR.Tests.Samples
open Xunit

/// How far the mean of h is from 0, of images fitted to and of images held out.
let private means =
    Measurement.OfFeatures(
        "test-means",
        1,
        [ "factor", 1.0 ],
        [
            "fit", FigureUnit.Plain
            "held out", FigureUnit.Plain
            "images", FigureUnit.Plain
        ],
        fun s fit heldOut ->
            let mean (table: FeatureTable) =
                table.Rows |> Array.averageBy (Array.averageBy float)

            [
                "fit", s["factor"] * mean fit
                "held out", s["factor"] * mean heldOut
                "images", float heldOut.Count
            ]
    )

let private failing =
    Measurement.OfFeatures(
        "test-failing",
        1,
        [],
        [ "x", FigureUnit.Plain ],
        // It is tried on twelve features before.
        fun _ fit _ ->
            if fit.Count = 12 then
                [ "x", 1.0 ]
            else
                failwith "of no use"
    )

let private networks =
    Measurement.Define("test-networks", 1, [], [ "x", FigureUnit.Plain ], (fun _ _ -> [ "x", 1.0 ]))

let private all =
    Monitor.every
        1
        [
            Monitored.knn
            Monitored.rankMe
            Monitored.alignmentUniformity
            Monitored.custom (means [])
        ]

let private run = { tiny with Epochs = 4 }

let private execute run =
    Samples.withFolder (fun folder -> executor folder |> Execution.run run)

let private training (outcome: Outcome) =
    outcome.Figures |> List.filter (fun figure -> figure.Of = "")

let private curve name (outcome: Outcome) =
    [
        for point in outcome.Curve do
            match point.Figures |> Map.tryFind name with
            | Some value -> point.Epoch, value
            | None -> ()
    ]

[<Fact>]
let ``Figures while training stand in the curve by their names and in the outcome as of the last look`` () =
    let plain, monitored = execute run, execute (run |> Run.withMonitor all)

    let names =
        [
            "validation k-NN top-1"
            "validation RankMe h"
            "validation h alignment"
            "validation h uniformity"
            "validation test-means fit"
            "validation test-means held out"
            "validation test-means images"
        ]

    for name in names do
        let values = curve name monitored
        Assert.Equal<float list>([ 1.0; 2.0; 3.0; 4.0 ], List.map fst values)
        Assert.Equal(snd (List.last values), monitored.Figure name)

    let knn =
        monitored.Figures
        |> List.find (fun figure -> figure.FullName = "validation k-NN top-1")

    Assert.Equal(FigureUnit.Share, knn.Unit)
    Assert.Equal<Figure list>(training plain, training monitored)

    Assert.Equal<Figure list>(
        plain.Figures,
        monitored.Figures
        |> List.filter (fun figure -> not (figure.Of.StartsWith "validation "))
    )

[<Fact>]
let ``A monitor belongs to the training and none to no hash`` () =
    let monitored = run |> Run.withMonitor all
    Assert.NotEqual<string>(Run.hash run, Run.hash monitored)
    Assert.NotEqual<string>(Run.trainingHash run, Run.trainingHash monitored)
    Assert.DoesNotContain("Monitor", Run.toJson run)
    Assert.Equal(Ok monitored, Run.ofJson (Run.toJson monitored))
    Assert.Contains("Monitored.NearestNeighbours", Run.toCode monitored)

[<Fact>]
let ``Its numbers can be set by path and vary along axes`` () =
    let monitored =
        run |> Run.withMonitor (all |> Monitor.stopping "validation RankMe h" 3)

    let set path text run =
        match Run.set path text run with
        | Ok run -> run
        | Error why -> failwith why

    let changed =
        monitored
        |> set "Monitor.Epochs" "5"
        |> set "Monitor.EarlyStopping.Patience" "7"
        |> set "Monitor.EarlyStopping.Better" "Smaller"
        |> set "Monitor.Measurements[0].K" "20"

    let monitor = changed.Monitor.Value
    Assert.Equal(5, monitor.Epochs)
    Assert.Equal(7, monitor.EarlyStopping.Value.Patience)
    Assert.Equal(Better.Smaller, monitor.EarlyStopping.Value.Better)

    Assert.Equal<(string * string * string) list>(
        [
            "Monitor.Epochs", "1", "5"
            "Monitor.Measurements[0].K", "200", "20"
            "Monitor.EarlyStopping.Patience", "3", "7"
            "Monitor.EarlyStopping.Better", "Better.Larger", "Better.Smaller"
        ],
        Run.diff monitored changed
    )

    Assert.Equal(None, (monitored |> set "Monitor" "none").Monitor)

[<Fact>]
let ``Training ends early by a figure, is stored, and found again`` () =
    Samples.withFolder (fun folder ->
        // The number of images held out never improves.
        let stopping =
            { run with Epochs = 10 }
            |> Run.withMonitor (
                Monitor.every 2 [ Monitored.custom (means []) ]
                |> Monitor.stopping "validation test-means images" 2
            )

        let notes = ResizeArray<string>()

        let here =
            { executor folder with
                Observer =
                    function
                    | Event.Noted text -> notes.Add text
                    | _ -> ()
            }

        let outcome = here |> Execution.run stopping
        let perEpoch = outcome.Steps / 6L
        Assert.Equal(6L * perEpoch, outcome.Steps)
        Assert.Equal(6.0, (List.last outcome.Curve).Epoch)

        Assert.Contains(
            "The training has ended early, after 6 of 10 epochs: 'validation test-means images' has not improved for 2 looks.",
            notes
        )

        let again = here |> Execution.run stopping
        Assert.Equal(outcome, again)

        // Without it the training is another one, and goes on to its end.
        let whole = here |> Execution.run { stopping with Monitor = None }
        Assert.Equal(10L * perEpoch, whole.Steps))

[<Fact>]
let ``The weights of the best look are kept where that is asked for, and the choice is part of the hash`` () =
    // The number of images held out never improves: the first look is the best.
    let monitor =
        Monitor.every 1 [ Monitored.custom (means []) ]
        |> Monitor.stopping "validation test-means images" 2

    let last = { run with Epochs = 10 } |> Run.withMonitor monitor
    let best = last |> Run.withMonitor (Monitor.keepingBest monitor)
    Assert.DoesNotContain("Weights", Run.toJson last)
    Assert.NotEqual<string>(Run.trainingHash last, Run.trainingHash best)
    Assert.Equal(Ok best, Run.ofJson (Run.toJson best))
    Assert.Equal(Ok best, Run.set "Monitor.EarlyStopping.Weights" "Best" last)

    let last, best = execute last, execute best
    // Trained alike, and measured at another look.
    Assert.Equal<(float * float) list>(curve "loss" last, curve "loss" best)
    let fit = "validation test-means fit"
    Assert.Equal(curve fit best |> List.head |> snd, best.Figure fit)
    Assert.Equal(curve fit last |> List.last |> snd, last.Figure fit)
    Assert.NotEqual(last.Figure fit, best.Figure fit)

    Assert.Throws<WrongValueException>(fun () -> all |> Monitor.keepingBest |> ignore)
    |> ignore

[<Fact>]
let ``The encoder that is stored is that of the best look`` () =
    let encoder run =
        Samples.withFolder (fun folder ->
            let here = executor folder
            Execution.run run here |> ignore
            File.ReadAllBytes(Store.encoderOf run here.Store))

    let every looks =
        Monitor.every looks [ Monitored.custom (means []) ]
        |> Monitor.stopping "validation test-means images" 1

    let kept looks keep =
        let file =
            encoder ({ run with Epochs = 10 } |> Run.withMonitor (every looks |> keep))
        // The head, whose length comes first, names the training.
        file[8 + int (BitConverter.ToUInt64(file, 0)) ..]

    // It ends at the second look: after 2 epochs, or after 4, of which the first look is at 2.
    Assert.Equal<byte[]>(kept 1 id, kept 2 Monitor.keepingBest)
    Assert.NotEqual<byte[]>(kept 1 id, kept 2 id)

[<Fact>]
let ``A measurement that fails while training loses nothing, and the outcome says why it is not there`` () =
    let measurements = [ Monitored.custom (failing []); Monitored.rankMe ]
    let outcome = execute (run |> Run.withMonitor (Monitor.every 2 measurements))
    let label, failure = Assert.Single outcome.Failures
    Assert.Equal("validation test-failing", label)
    Assert.Contains("of no use", failure.Detail)
    Assert.True(Double.IsFinite(outcome.Figure "validation RankMe h"))
    Assert.True(Double.IsFinite outcome.LinearTop1)

[<Fact>]
let ``What does not fit is a problem of the run`` () =
    let problem expected monitor =
        Assert.Contains(expected, Run.problems (run |> Run.withMonitor monitor) |> String.concat " ")

    problem "Monitor.Epochs is 0; use 1 or more." { all with Epochs = 0 }
    problem "Monitor.Measurements is empty" (Monitor.every 1 [])
    problem "both 'validation k-NN'" (Monitor.every 1 [ Monitored.knn; Monitored.knn ])

    problem
        "Monitor.Measurements[0].NearestNeighbours.K is 0"
        (Monitor.every 1 [ Monitored.NearestNeighbours { K = 0; Temperature = 0.1 } ])

    problem "Monitor.EarlyStopping.Patience is 0" (all |> Monitor.stopping "validation k-NN top-1" 0)
    problem "Did you mean validation k-NN top-1?" (all |> Monitor.stopping "validation k-NN top1" 3)
    // It is given the test images.
    problem "a monitor has what Measurement.OfFeatures defines" (Monitor.every 1 [ Monitored.custom (networks []) ])

    Assert.Throws<WrongValueException>(fun () -> Monitored.custom Measurement.LinearProbe |> ignore)
    |> ignore

[<Fact>]
let ``A search chooses by what a monitor measures, and by no figure of test images`` () =
    let outcome =
        Samples.outcome 0.5
        |> Samples.withMeasured [ Samples.share "validation k-NN" "top-1" 0.25 ]

    Assert.Equal(0.25, ValidationMetric.score (ValidationMetric.monitored "validation k-NN top-1") (Ok outcome))

    Assert.Throws<WrongValueException>(fun () -> ValidationMetric.monitored "k-NN top-1" |> ignore)
    |> ignore

[<Fact>]
let ``A report draws what was monitored, and TensorBoard has it`` () =
    Samples.withFolder (fun folder ->
        let grid =
            Grid.from (run |> Run.withMonitor (Monitor.every 2 [ Monitored.knn ]))
            |> Grid.seeds [ 0; 1 ]

        let results =
            executor folder
            |> Execution.execute Threading.CancellationToken.None
            |> (fun execute -> execute grid)

        let titles = ReportPlots.ofResults results |> List.map fst
        Assert.Contains("validation k-NN top-1 while training", titles)
        let events = Path.Combine(folder, "events")
        TensorBoard.write events results

        for file in Directory.GetFiles(events, "*", SearchOption.AllDirectories) do
            Assert.Contains("train/validation k-NN top-1", Text.Encoding.Latin1.GetString(File.ReadAllBytes file)))
