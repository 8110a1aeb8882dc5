/// Outcomes and results with chosen numbers.
module SimCLR.Tests.Samples

open System
open System.IO
open SimCLR

let figure label name unit value : Figure =
    {
        Of = label
        Name = name
        Unit = unit
        Value = value
    }

let share label name value =
    figure label name FigureUnit.Share value

let outcome top1 =
    {
        Figures =
            [
                figure "" "loss" FigureUnit.Plain (1.0 / 3.0)
                figure "" "entropy" FigureUnit.Nats 4.5
                share "" "contrastive top-1" 0.875
                share "linear, untrained" "top-1" 0.25
                share "k-NN, untrained" "top-1" 0.2
                share "linear" "top-1" top1
                share "linear" "validation top-1" (top1 + 0.01)
                figure "linear" "L2" FigureUnit.Plain 1e-3
                share "k-NN" "top-1" (top1 - 0.05)
                share "g(h)" "linear top-1" (top1 - 0.1)
                figure "h" "alignment" FigureUnit.Plain 0.5
            ]
        Failures = []
        Steps = 1234567890123L
        Seconds = 12.5
        ImagesPerSecond = 4200.0
        Waiting = 0.0
        Curve =
            [
                for step in 1L .. 3L ->
                    {
                        Step = step
                        Epoch = float step / 3.0
                        LearningRate = 0.1 * float step
                        ImagesPerSecond = 4000.0
                        Figures = Map [ "loss", 5.0 / float step; "gradient norm", 0.7 ]
                        Time = 1.6e9 + 0.5 * float step
                    }
            ]
    }

/// The same outcome with other figures of further measurements.
let withMeasured (figures: Figure list) (outcome: Outcome) =
    let standard = set [ ""; "linear"; "k-NN"; "linear, untrained"; "k-NN, untrained" ]

    { outcome with
        Figures =
            (outcome.Figures |> List.filter (fun figure -> standard.Contains figure.Of))
            @ figures
    }

/// Names and values of an outcome's further measurements.
let measured (outcome: Outcome) =
    [
        for metric in Metric.measuredOf [ outcome ] -> metric.Name, metric.Get outcome
    ]

let provenance: Provenance =
    {
        Commit = "abc"
        Versions = "1"
        Device = "cpu"
        Threads = 2
        Precision = "Float32"
        Machine = "a machine"
        Energy = { WattHours = 1.5; Method = "a guess" }
        ImagesFingerprint = None
        InitialWeights = None
        Date = DateTimeOffset(2020, 2, 13, 1, 2, 3, TimeSpan.Zero)
        Network = "online"
        Ranks = 1
        Segments = []
        ScriptCommit = "def"
        Custom = []
    }

/// Stores an outcome of a run, piece by piece, as an execution does. Figures of measurements that the run does not have are left out.
let saveBy provenance run (outcome: Outcome) store =
    let figures label =
        [
            for figure in outcome.Figures do
                if figure.Of = label then
                    { figure with Of = "" }
        ]

    StoredTraining.save
        (Run.training run)
        provenance
        outcome.Curve
        {
            Figures = figures ""
            Failures = []
            Steps = outcome.Steps
            Seconds = outcome.Seconds
            ImagesPerSecond = outcome.ImagesPerSecond
            Waiting = outcome.Waiting
            Encoder = None
            Head = None
        }
        store

    let untrained = StoreFolder.ofUntrained (Run.untrained run) store

    for folder, ending, tasks in
        [
            untrained, ", untrained", Evaluation.standardTasks run.Evaluation
            Store.folderOf run store, "", Evaluation.tasks run.Evaluation
        ] do
        for task in tasks do
            let label = EvaluationTask.label task + ending

            match outcome.Failures |> List.tryFind (fst >> (=) label) with
            | Some(_, failure) -> StoredFigures.saveFailure task failure folder
            | None ->
                StoredFigures.save
                    task
                    provenance
                    {
                        Figures = figures label
                        Seconds = 0.0
                    }
                    folder

    Store.saveRun run store

/// The same, all executed alike.
let save run outcome store = saveBy provenance run outcome store

/// The sample outcome as a run without further measurements has it.
let plainOutcome top1 =
    let outcome = outcome top1

    { outcome with
        Figures =
            outcome.Figures
            |> List.filter (fun figure -> not (List.contains figure.Of [ "g(h)"; "h" ]))
    }

/// Results whose outcomes have the accuracies that a function of the run gives; None is a failure.
let results (top1: Run -> float option) (grid: Grid) : Results =
    {
        Axes = grid.Axes
        Cells =
            [
                for cell in grid.Cells ->
                    {
                        Cell = cell
                        Result =
                            match top1 cell.Run with
                            | Some top1 -> Ok(outcome top1)
                            | None ->
                                Error
                                    {
                                        Reason = "training failed"
                                        Detail = "the loss is NaN"
                                    }
                        Stored = false
                    }
            ]
    }

/// The same results with other validation accuracies, in percent; NaN: the outcome has none, as those of version 0.1.
let validated (validation: Run -> float) (results: Results) : Results =
    let figures run (outcome: Outcome) =
        [
            for figure in outcome.Figures do
                if figure.FullName <> "linear validation top-1" then
                    figure

            let value = validation run / 100.0

            if not (Double.IsNaN value) then
                share "linear" "validation top-1" value
        ]

    { results with
        Cells =
            [
                for cell in results.Cells ->
                    { cell with
                        Result =
                            cell.Result
                            |> Result.map (fun outcome ->
                                { outcome with
                                    Figures = figures cell.Cell.Run outcome
                                })
                    }
            ]
    }

/// What of an outcome is the same however fast it was computed.
let withoutSpeed outcome =
    { outcome with
        Seconds = 0.0
        ImagesPerSecond = 0.0
        Waiting = 0.0
        Curve =
            outcome.Curve
            |> List.map (fun point ->
                { point with
                    CurvePoint.ImagesPerSecond = 0.0
                    Time = 0.0
                })
    }

/// A run of a second or less.
let tiny =
    { Run.shapes with
        Images =
            {
                Source = ImageSource.Shapes { Train = 40; Test = 20; Size = 16 }
                TrainLimit = None
            }
        ViewA = View.crop 16 >-> View.flip
        ViewB = View.crop 16 >-> View.flip
        Encoder = Encoder.SmallConv [ 8; 16 ]
        Schedule = Schedule.cosine 0.0
        BatchSize = 10
        Epochs = 2
    }

/// The run with a training whose loss is no number after a step.
let diverging run =
    { run with
        LearningRate = LearningRate.Fixed 1e30
        Head =
            { run.Head with
                Depth = 1
                BatchNorm = false
            }
        Loss =
            Loss.NtXent
                {
                    Temperature = 0.5
                    Normalize = false
                    Negatives = Negatives.BothViews
                }
    }

/// An executor on the CPU that says nothing, with a store in that folder.
let executor folder =
    { Executor.local with
        Device = Cpu
        Store = Store.ofFolder folder
        Observer = Observer.silent
    }

/// One that collects what it says.
let telling (notes: Collections.Generic.List<string>) folder =
    { executor folder with
        Observer =
            function
            | Event.Noted text -> notes.Add text
            | _ -> ()
    }

/// A short training of a classifier.
let classifier: ClassifierSettings =
    {
        Epochs = 2
        BatchSize = 10
        LearningRate = LearningRate.Linear 0.05
        WeightDecay = 0.0
        Decay = Decay.Cosine
        Optimizer = None
    }

/// Fine-tuning on all labels at that rate.
let fineTuning rate =
    Measurement.FineTune
        {
            Labels = 1.0
            FromHeadLayer = 0
            Training =
                { classifier with
                    LearningRate = LearningRate.Fixed rate
                }
        }

/// The run with further measurements.
let measuring measurements (run: Run) =
    { run with
        Evaluation = run.Evaluation |> Evaluation.measuring measurements
    }

/// Gives an action a folder of its own, and removes it.
let withFolder action =
    let folder = Directory.CreateTempSubdirectory "simclr-test-"

    try
        action folder.FullName
    finally
        folder.Delete true

/// Tests of this collection run beside no others.
[<Xunit.CollectionDefinition("alone", DisableParallelization = true)>]
type Alone() = class end

/// Writes a PNG of 16 x 16 pixels of one colour, making its folder.
let writeImage (path: string) (red: byte, green: byte, blue: byte) =
    Directory.CreateDirectory(Path.GetDirectoryName path) |> ignore
    let pixels = Array.init (16 * 16) (fun _ -> [| red; green; blue |]) |> Array.concat

    use image =
        NetVips.Image.NewFromMemory(pixels, 16, 16, 3, NetVips.Enums.BandFormat.Uchar)

    File.WriteAllBytes(path, image.PngsaveBuffer())
