module SimCLR.Tests.MeasurementTests

open System
open SimCLR
open SimCLR.Tests
open Xunit

let private quick: ClassifierSettings =
    {
        Epochs = 1
        BatchSize = 20
        LearningRate = LearningRate.Linear 0.1
        WeightDecay = 0.0
        Decay = Decay.Cosine
        Optimizer = None
    }

let private fineTuning labels layers : FineTuneSettings =
    {
        Labels = labels
        FromHeadLayer = layers
        Training = quick
    }

let private distillation teacher student =
    Measurement.Distill
        {
            Teacher = teacher
            Student = student
            Temperature = 0.5
            Training = quick
        }

let private other =
    {
        Source = ImageSource.Shapes { Train = 30; Test = 20; Size = 24 }
        TrainLimit = None
    }

/// One of every kind, small.
let private every =
    [
        Measurement.LinearSgd quick
        Measurement.FineTune(fineTuning 0.01 0)
        Measurement.FineTune(fineTuning 1.0 1)
        Measurement.Supervised { Labels = 0.5; Training = quick }
        Measurement.Transfer
            {
                Images = other
                Metric = TransferMetric.PerClassMean
                Strengths = [ 1e-3; 1.0 ]
                FineTunings = [ quick; { quick with WeightDecay = 1e-3 } ]
            }
        Measurement.retention
        Measurement.HeadProbe
        Measurement.AlignmentUniformity Representation.H
        Measurement.AlignmentUniformity Representation.Z
        distillation (Teacher.FineTuned(fineTuning 0.5 0)) None
        distillation (Teacher.Linear quick) (Some(Encoder.SmallConv [ 4 ]))
        Measurement.Knn { K = [ 1; 5 ]; Temperatures = [ 0.1 ] }
        Measurement.OnlineProbe 0.1
    ]

let private measuring = Samples.measuring

let private tiny = Samples.tiny

let private execute run =
    Samples.withFolder (fun folder ->
        { Executor.local with
            Device = Cpu
            Store = Store.ofFolder folder
            Observer = Observer.silent
        }
        |> Execution.run run)

[<Fact>]
let ``Every measurement gives its figures, and changes none of the others`` () =
    let outcome = execute (tiny |> measuring every)

    let tops what = [ $"{what} top-1"; $"{what} top-5" ]

    let taught what = tops what @ tops $"{what} teacher"

    Assert.Equal<string list>(
        [
            yield! tops "linear SGD"
            yield! tops "fine-tuned on 1%"
            yield! tops "fine-tuned from head layer 1"
            yield! tops "supervised on 50%"
            "transfer to shapes linear mean per class"
            "transfer to shapes fine-tuned mean per class"
            for task in [ "colour"; "rotation"; "noise"; "Sobel" ] do
                $"retained {task} from h"
                $"retained {task} from g(h)"
            "g(h) linear top-1"
            "h alignment"
            "h uniformity"
            "z alignment"
            "z uniformity"
            yield! taught "self-distilled"
            yield! taught "distilled to SmallConv 4"
            "chosen k-NN top-1"
            "chosen k-NN k"
            "chosen k-NN temperature"
            "online top-1"
        ],
        Samples.measured outcome |> List.map fst |> List.sortBy ((=) "online top-1")
    )

    // What a script can ask for by its measurement is what was measured, in the same units.
    Assert.Equal<(string * string * string) Set>(
        set
            [
                for metric in Metric.measuredOf [ outcome ] -> metric.Name, metric.Unit, metric.Of
            ],
        set
            [
                for measurement in every do
                    for name in Metric.figuresOf measurement do
                        let metric = Metric.measured measurement name
                        metric.Name, metric.Unit, metric.Of
            ]
    )

    for metric in Metric.measuredOf [ outcome ] do
        let value = metric.Get outcome

        if metric.Unit = "%" then
            Assert.InRange(value, 0.0, 1.0)
        else
            Assert.True(Double.IsFinite value, metric.Name)

    let alone = execute (tiny |> measuring [ List.last every; List.head every ])
    Assert.Equal(outcome.LinearTop1, alone.LinearTop1)
    Assert.Equal(outcome.FinalLoss, alone.FinalLoss)

    for name, value in Samples.measured alone do
        Assert.Equal((Map.ofList (Samples.measured outcome))[name], value)

[<Fact>]
let ``A figure that an outcome lacks is missing from the table, not zero and not an error`` () =
    let results =
        Grid.from Run.shapes
        |> Grid.vary "tau" Run.withTemperature [ 0.1; 0.5 ]
        |> Grid.seeds [ 0; 1 ]
        |> Samples.results (fun run -> Some(0.5 + 0.125 * float run.Seed))

    let with' (cell: CellResult) =
        let measured =
            match Option.get (Loss.temperature cell.Cell.Run.Loss), cell.Cell.Run.Seed with
            | 0.1, 0L -> [ Samples.share "online" "top-1" 0.25 ]
            | _ -> []

        { cell with
            Result = cell.Result |> Result.map (fun outcome -> Samples.withMeasured measured outcome)
        }

    let results =
        { results with
            Cells = List.map with' results.Cells
        }

    let table =
        Table.summary "tau" [ Metric.measured (Measurement.OnlineProbe 0.1) "top-1" ] results

    Assert.Equal(TableCell.Mean(25.0, None, 1, 1, 0), table.Rows[0][1])
    Assert.Equal("–", table.Rows[1][1] |> Table.cellText)

    let names = results |> Results.outcomes |> List.map snd |> Metric.measuredOf
    Assert.Equal<string list>([ "online top-1" ], names |> List.map _.Name)

[<Fact>]
let ``A figure that a measurement does not have is refused with those that it has`` () =
    let error =
        Assert.ThrowsAny<ArgumentException>(fun () ->
            Metric.measured (Measurement.AlignmentUniformity Representation.Z) "top-1"
            |> ignore)

    Assert.Contains("The measurement 'z' has no figure 'top-1'; choose from 'alignment', 'uniformity'", error.Message)

let private problems measurements =
    match Run.validate (Run.shapes |> measuring measurements) with
    | Ok _ -> []
    | Error wrong -> wrong

[<Fact>]
let ``The paper's measurements are valid`` () =
    let named =
        [
            Measurement.linearSgd
            Measurement.fineTune 0.01
            Measurement.fineTune 0.1
            Measurement.fineTune 1.0
            Measurement.transfer Images.cifar100
            Measurement.transfer (Images.voc2007 224)
            Measurement.retention
            Measurement.selfDistill 0.1 quick
        ]

    Assert.Empty(problems named)
    Assert.Equal(45, Measurement.paperStrengths.Length)
    Assert.Equal(1e-6, Measurement.paperStrengths.Head, 12)
    Assert.Equal(1e5, List.last Measurement.paperStrengths, 6)

[<Fact>]
let ``Any number of a measurement that is not finite is reported`` () =
    for measurement in every do
        for number in [ nan; infinity; -infinity ] do
            for place, changed in Leaves.ofWith number measurement do
                Assert.True(problems [ changed ] <> [], $"{place} of {measurement} may be {number}.")

let private faults: (Measurement * string) list =
    let voc metric images =
        Measurement.Transfer
            {
                Images = images
                Metric = metric
                Strengths = [ 1.0 ]
                FineTunings = []
            }

    [
        Measurement.LinearSgd { quick with Epochs = 0 }, "LinearSgd.Epochs is 0"
        Measurement.LinearSgd { quick with BatchSize = 1 }, "LinearSgd.BatchSize is 1"
        Measurement.LinearSgd { quick with WeightDecay = -1.0 }, "LinearSgd.WeightDecay is -1"
        Measurement.FineTune(fineTuning 0.0 0), "FineTune.Labels is 0"
        Measurement.FineTune(fineTuning 1.5 0), "FineTune.Labels is 1.5"
        Measurement.FineTune(fineTuning 1.0 -1), "FineTune.FromHeadLayer is -1"
        Measurement.FineTune(fineTuning 1.0 3), "is 3, but the head has 2 layers"
        distillation (Teacher.FineTuned(fineTuning 1.0 3)) None, "is 3, but the head has 2 layers"
        distillation (Teacher.Linear quick) (Some(Encoder.resNet 42)), "Encoder.Depth is 42"
        Measurement.Knn { K = []; Temperatures = [ 0.1 ] }, "Knn.K is empty"
        Measurement.Knn { K = [ 0 ]; Temperatures = [ 0.1 ] }, "Knn.K is 0"
        Measurement.OnlineProbe 0.0, "OnlineProbe learning rate is 0"
        Measurement.Retention -1.0, "noise sigma is -1"
        voc TransferMetric.Top1 (Images.voc2007 64), "use TransferMetric.ElevenPointMap"
        voc TransferMetric.Top1 (Images.folder None " "), "Folder has an empty path"
    ]

[<Fact>]
let ``A fault of a measurement gives one message that names it`` () =
    for measurement, said in faults do
        match problems [ measurement ] with
        | [ line ] -> Assert.Contains(said, line)
        | others -> Assert.Fail $"{measurement}: {others}"

[<Fact>]
let ``Two measurements whose figures would have one name are refused`` () =
    let line =
        problems
            [
                Measurement.LinearSgd quick
                Measurement.HeadProbe
                Measurement.LinearSgd { quick with Epochs = 2 }
            ]
        |> Assert.Single

    Assert.Contains("2 measurements that are both 'linear SGD'", line)

[<Fact>]
let ``Images of several classes are for transfer only`` () =
    let run = Run.shapes |> Run.withImages (Images.voc2007 32)

    match Run.validate run with
    | Error [ line ] -> Assert.Contains("Measurement.transfer", line)
    | other -> Assert.Fail $"{other}"
