/// Wrong values, drawn at random: all are named at once, nothing is written, and nothing else is thrown.
module SimCLR.Tests.WrongValuesTests

open System
open System.IO
open System.Text.RegularExpressions
open System.Threading
open FsCheck.FSharp
open SimCLR
open SimCLR.Tests.Generators
open SimCLR.Tests.Samples
open Xunit

/// A field, as messages name it, and how a wrong value gets there.
type private Fault = { Field: string; Plant: Run -> Run }

let private noNumber = [ nan; infinity; -infinity ]

let private fault field plant value = { Field = field; Plant = plant value }

let private one field values plant =
    values |> List.map (fault field plant) |> Gen.elements

/// One fault of every kind, each with several wrong values.
let private faults =
    let probability = [ -0.1; 1.1 ] @ noNumber

    let view name values make =
        one $"ViewA[1].{name}" values (fun value run ->
            { run with
                ViewA = View.Sequence [ run.ViewA; make value ]
            })

    let views =
        [
            view "flip probability" probability View.Flip
            view "grayscale probability" probability View.grayscale
            view "sobel probability" probability View.Sobel
            view "solarize probability" probability View.solarize
            view "randAugment count" [ 0; -1; 17; Int32.MaxValue ] (fun count -> View.randAugment count 9)
            view "randAugment level" [ -1; 31; Int32.MinValue ] (View.randAugment 2)
            view "normalize mean" noNumber (fun mean -> View.normalize [ mean; 0.5; 0.5 ] [ 0.5; 0.5; 0.5 ])
            view "normalize deviation" ([ 0.0; -1.0 ] @ noNumber) (fun d ->
                View.normalize [ 0.5; 0.5; 0.5 ] [ 0.5; d; 0.5 ])
            view "noise sigma" ([ -1.0 ] @ noNumber) View.noise
            view "cutout fraction" ([ 0.0; 1.5 ] @ noNumber) View.cutout
            view "jitter hue" ([ 2.6; -1.0 ] @ noNumber) View.colorJitter
            view "crop area" ([ 0.0; 1.01; -1.0 ] @ noNumber) (fun least -> View.crop 8 |> View.withArea least 1.0)
            view "crop size" [ 0; -5; Int32.MinValue; 65; 5000; Int32.MaxValue ] View.crop
        ]

    let losses =
        [
            one "Loss.Temperature" ([ 0.0; -0.5 ] @ noNumber) (Loss.ntXent >> Run.withLoss)
            one "Loss.Temperature" ([ 0.0; -0.5 ] @ noNumber) (Loss.supCon >> Run.withLoss)
            one "Loss.Margin" ([ -0.1; 2.0 ] @ noNumber) (Loss.marginTriplet >> Run.withLoss)
            one "Loss.PositivePrior" ([ -0.1; 1.0 ] @ noNumber) (Loss.debiased 0.5 >> Run.withLoss)
            one "Loss.Beta" ([ -0.1; 1e6 ] @ noNumber) (fun beta -> Loss.hardNegative 0.5 beta 0.1 |> Run.withLoss)
        ]

    let method name values make =
        one $"Method.{name}" values (make >> Run.withMethod)

    let share = [ -0.1; 1.1 ] @ noNumber

    let methods =
        [
            method "Queue" [ 0; -1; Int32.MinValue ] Method.moCo
            method "NormGroups" [ 0; -8; Int32.MinValue ] (fun groups ->
                Method.moCo 4096 |> Method.withNormGroups groups)
            method "Temperature" ([ 0.0; -1.0 ] @ noNumber) (fun t -> Method.moCo 4096 |> Method.withTemperature t)
            method "Momentum.Start" share (fun m -> Method.byol |> Method.withMomentum (Momentum.rising m))
            method "Momentum.End" share (fun m -> Method.byol |> Method.withMomentum { Start = 0.9; End = m })
            method "Predictor.Hidden" [ 0; -1; Int32.MaxValue ] (fun width ->
                Method.simSiam |> Method.withPredictor (Some(Predictor.ofWidth width)))
            method "Predictor.Depth" [ 0; -1; 65 ] (fun depth ->
                Method.byol
                |> Method.withPredictor (
                    Some
                        { Predictor.ofWidth 8 with
                            Depth = depth
                        }
                ))
            method "Lambda" ([ -1.0 ] @ noNumber) (fun x ->
                Method.BarlowTwins
                    {
                        Lambda = x
                        Scale = 1.0
                        BiasRate = 1.0
                    })
            method "Scale" ([ 0.0 ] @ noNumber) (fun x ->
                Method.BarlowTwins
                    {
                        Lambda = 0.1
                        Scale = x
                        BiasRate = 1.0
                    })
            method "BiasRate" ([ 0.0 ] @ noNumber) (fun x ->
                Method.BarlowTwins
                    {
                        Lambda = 0.1
                        Scale = 1.0
                        BiasRate = x
                    })
            method "Invariance" ([ -1.0 ] @ noNumber) (fun x ->
                Method.VicReg
                    {
                        Invariance = x
                        Variance = 1.0
                        Covariance = 1.0
                    })
            method "Variance" ([ -1.0 ] @ noNumber) (fun x ->
                Method.VicReg
                    {
                        Invariance = 1.0
                        Variance = x
                        Covariance = 1.0
                    })
            method "Covariance" ([ -1.0 ] @ noNumber) (fun x ->
                Method.VicReg
                    {
                        Invariance = 1.0
                        Variance = 1.0
                        Covariance = x
                    })
        ]

    let encoders =
        [
            one "Encoder.Depth" [ 0; -18; 19; 42; Int32.MaxValue ] (Encoder.resNet >> Run.withEncoder)
            one "Encoder.Width" ([ 0.0; -1.0; 1e-3; 1e9 ] @ noNumber) (fun width ->
                Run.withEncoder (Encoder.resNet 18 |> Encoder.withWidth width))
            one
                "Encoder.SmallConv"
                [ []; [ 8; 0 ]; [ -3 ]; [ 1_000_000 ]; List.replicate 40 8 ]
                (Encoder.SmallConv >> Run.withEncoder)
            // A width at which channels vanish.
            one "Encoder.SmallConv" [ 0.0; 0.001; -1.0; nan ] (fun width ->
                Run.withEncoder (Encoder.smallConv |> Encoder.withWidth width))
        ]

    let optimizers =
        [
            one "Optimizer.Momentum" ([ -0.1; 1.0 ] @ noNumber) (fun momentum ->
                Run.withOptimizer (
                    Optimizer.Sgd
                        {
                            Momentum = momentum
                            WeightDecay = 0.0
                            Nesterov = false
                        }
                ))
            one "Optimizer.WeightDecay" ([ -1e-9 ] @ noNumber) (fun decay ->
                Run.withOptimizer (Optimizer.lars |> Optimizer.withWeightDecay decay))
        ]

    let evaluation change value (run: Run) =
        { run with
            Evaluation = change value run.Evaluation
        }

    let rest =
        [
            one "BatchSize" [ 1; 0; -1; Int32.MinValue; 2_000_000; Int32.MaxValue ] Run.withBatchSize
            one "NormGroups" [ 0; -1; Int32.MinValue; Int32.MaxValue ] Run.withNormGroups
            one "Epochs" [ 0; -1; Int32.MinValue ] (fun epochs run -> { run with Run.Epochs = epochs })
            one "Head.Depth" [ -1; Int32.MinValue; 1000; Int32.MaxValue ] Run.withHeadDepth
            one "Head.Output" [ 0; -1; Int32.MaxValue ] Run.withHeadOutput
            one "Head.Hidden" [ 0; -1; Int32.MaxValue ] (fun hidden run ->
                { run with
                    Run.Head = { run.Head with Hidden = Some hidden }
                })
            one
                "LearningRate"
                [
                    for case in [ LearningRate.Fixed; LearningRate.Linear; LearningRate.SquareRoot ] do
                        for rate in [ 0.0; -1.0 ] @ noNumber -> case rate
                ]
                Run.withLearningRate
            one "WarmupEpochs" ([ -1.0 ] @ noNumber) (fun warmup run ->
                { run with
                    Run.Schedule =
                        { run.Schedule with
                            WarmupEpochs = warmup
                        }
                })
            one
                "Evaluation.L2"
                ([ []; [ -1.0 ] ] @ [ for x in noNumber -> [ 0.1; x ] ])
                (evaluation (fun l2 e -> { e with L2 = l2 }))
            one
                "Evaluation.ValidationFraction"
                ([ 0.0; 1.0; -1.0 ] @ noNumber)
                (evaluation (fun part e -> { e with ValidationFraction = part }))
            one "Evaluation.KnnK" [ 0; -1; Int32.MinValue ] (evaluation (fun k e -> { e with KnnK = k }))
            one
                "Evaluation.KnnTemperature"
                ([ 0.0; -1.0 ] @ noNumber)
                (evaluation (fun t e -> { e with KnnTemperature = t }))
            one "Images.TrainLimit" [ 0; 1; -1; Int32.MinValue ] (fun limit run ->
                Run.withImages (Images.limit limit run.Images) run)
        ]

    // Two faults of one field would be one.
    [
        Gen.oneof views
        Gen.oneof (losses @ methods)
        Gen.oneof encoders
        Gen.oneof optimizers
    ]
    @ rest

/// A run that could start but for some faults.
let private faulty =
    gen {
        let! valid = run
        let! chosen = Gen.subListOf faults |> Gen.filter (List.isEmpty >> not)
        let! faults = Gen.collectToList id chosen
        // Images of a known side of 64 pixels at most, so that a crop can be larger.
        let images =
            if (Images.knownSize valid.Images |> Option.exists (fun side -> side <= 64)) then
                valid.Images
            else
                Images.cifar10

        let valid = valid |> Run.withImages images |> Run.shortened valid.Epochs
        return faults, faults |> List.fold (fun run fault -> fault.Plant run) valid
    }

let private named (faults: Fault list) (messages: string list) =
    faults
    |> List.forall (fun fault -> messages |> List.exists (fun line -> line.Contains fault.Field))

[<Fact>]
let All_wrong_fields_of_a_run_are_named_at_once () =
    forAllOf 2000 faulty (fun (faults, run) -> named faults (Run.problems run))

[<Fact>]
let A_fault_that_is_not_there_is_not_named () =
    // The other side of the property above: what it looks for does not stand in every message.
    forAllOf 500 faulty (fun (faults, run) ->
        let lines = Run.problems run
        let absent = [ "Head.Output"; "Evaluation.KnnK"; "LearningRate"; "Loss.Margin" ]

        absent
        |> List.forall (fun field ->
            faults |> List.exists (fun fault -> fault.Field = field)
            || not (lines |> List.exists _.Contains(field))))

let private executor folder =
    { Executor.local with
        Device = Cpu
        Store = Store.ofFolder folder
        Observer = Observer.silent
    }

[<Fact>]
let The_executor_refuses_a_grid_with_them_all_and_writes_nothing () =
    withFolder (fun folder ->
        forAllOf 50 faulty (fun (faults, run) ->
            // A file that is not there is the machine's fault, which is told of no cell.
            let run = { run with InitialWeights = None }

            let grid =
                {
                    Axes = [ "which" ]
                    Cells =
                        [
                            for which, run in [ "good", Run.shapes; "bad", run ] ->
                                {
                                    Coordinates = [ "which", AxisValue.Text which ]
                                    Run = run
                                }
                        ]
                }

            let error =
                Assert.ThrowsAny<ArgumentException>(fun () ->
                    grid |> Execution.execute CancellationToken.None (executor folder) |> ignore)

            let lines = List.ofArray (error.Message.Split '\n')

            named faults lines
            && lines |> List.forall _.StartsWith("which bad: ")
            && Array.isEmpty (Directory.GetFileSystemEntries folder)))

[<Fact>]
let What_is_wrong_with_the_machine_is_named_together_with_the_values () =
    withFolder (fun folder ->
        let file = Path.Combine(folder, "file")
        File.WriteAllText(file, "")

        let asking =
            { executor (Path.Combine(file, "runs")) with
                Device = Cuda
            }

        let problems =
            Executor.problems (Grid.from (Run.shapes |> Run.withBatchSize 1)) asking

        Assert.Contains("BatchSize is 1", problems[0])

        if not (TorchSharp.torch.cuda.is_available ()) then
            Assert.Contains(problems, fun (line: string) -> line.Contains "Device is cuda")

        Assert.Contains(problems, fun (line: string) -> line.Contains $"{file} is a file")
        Assert.Equal<string array>([| file |], Directory.GetFileSystemEntries folder))

[<Fact>]
let A_folder_that_cannot_be_written_is_found_before_anything_is_trained () =
    Assert.SkipUnless(Directory.Exists "/proc/self", "no folder here that nobody may write")
    let problem = Preflight.unwritable "/proc/self/simclr/runs" |> Assert.Single
    Assert.Contains("/proc/self/simclr/runs cannot be written", problem)

[<Fact>]
let A_folder_that_can_be_written_stays_as_it_was () =
    withFolder (fun folder ->
        Assert.Empty(Preflight.unwritable (Path.Combine(folder, "a", "b")))
        Assert.Empty(Directory.GetFileSystemEntries folder))

[<Fact>]
let A_disk_that_is_too_small_is_found () =
    let need = Preflight.need [ Run.cifar10; Run.shapes ]
    // Three checkpoints of three times 11 million numbers of 4 bytes, and 2 times 2 MiB.
    Assert.InRange(need, 400_000_000L, 500_000_000L)
    // A target and its predictor of 128 by 4096 numbers and back beside.
    let more =
        Preflight.need [ Run.cifar10 |> Run.withMethod Method.byol; Run.shapes ] - need

    Assert.InRange(more, 150_000_000L, 200_000_000L)
    // The best look's encoder and head in each of the three.
    let keepingBest =
        Run.cifar10
        |> Run.withMonitor (
            Monitor.every 1 [ Monitored.knn ]
            |> Monitor.stopping "validation k-NN top-1" 5
            |> Monitor.keepingBest
        )

    Assert.InRange(Preflight.need [ keepingBest; Run.shapes ] - need, 130_000_000L, 160_000_000L)
    // A ResNet-18 of 11.2 million weights of 4 bytes, and a small network.
    Assert.InRange(Preflight.encoders KeepEncoder.Always [ Run.cifar10; Run.shapes ], 44_000_000L, 60_000_000L)
    // Two evaluations of one training.
    let twice =
        { Run.shapes with
            Evaluation = Evaluation.standard |> Evaluation.measuring [ Measurement.rankMe ]
        }

    Assert.Equal(need, Preflight.need [ Run.cifar10; Run.shapes; twice ])
    Assert.Empty(Preflight.tooSmall "results" need need)
    let problem = Preflight.tooSmall "results" need (need - 1L) |> Assert.Single
    Assert.Contains($"may need {need / 1048576L} MiB", problem)

/// Numbers that tend to break arithmetic, as JSON.
let private awkward =
    [
        "\"NaN\""
        "\"Infinity\""
        "0"
        "1"
        "-1"
        "1e308"
        "-1e-300"
        "5e-324"
        "2147483647"
        "-2147483648"
        "16"
        "65536"
        "0.5"
    ]

/// A run with some of its numbers replaced.
let private awkwardRun =
    gen {
        let! run = run
        let text = Run.toJson run
        let numbers = Regex.Matches(text, @"(?<=[:\[ ]\s*)-?\d[\d.eE+-]*") |> Seq.toList
        let! count = Gen.choose (1, 2)
        let! chosen = Gen.elements numbers |> Gen.listOfLength count
        let! tokens = Gen.elements awkward |> Gen.listOfLength count

        let text =
            List.zip chosen tokens
            |> List.distinctBy (fun (place, _) -> place.Index)
            |> List.sortByDescending (fun (place, _) -> place.Index)
            |> List.fold
                (fun (text: string) (place, token) -> text.Remove(place.Index, place.Length).Insert(place.Index, token))
                text

        return Run.ofJson text
    }

[<Fact>]
let Whatever_passes_the_checks_can_be_lowered_and_nothing_else_throws () =
    let mutable lowered, refused = 0, 0

    forAllOf 3000 awkwardRun (fun run ->
        match run with
        | Error _ -> true
        | Ok run ->
            match Run.problems run with
            | [] ->
                Lower.pretraining run |> ignore
                Lower.evaluation 32 run |> ignore

                LowerImages.imageSource "nowhere" Map.empty false false run.Images.Source
                |> ignore

                lowered <- lowered + 1
            | _ -> refused <- refused + 1

            true)

    Assert.True(lowered > 100, $"{lowered}")
    Assert.True(refused > 500, $"{refused}")

[<Fact>]
let Whatever_passes_the_checks_trains_or_fails_as_a_cell () =
    let tiny =
        { Run.shapes with
            Images =
                {
                    Source = ImageSource.Shapes { Train = 20; Test = 10; Size = 16 }
                    TrainLimit = None
                }
            ViewA = View.crop 16 >-> View.colorJitter 0.5 >-> View.blur >-> View.noise 0.1
            ViewB = View.crop 16
            Encoder = Encoder.SmallConv [ 4 ]
            Head = { Head.nonLinear with Output = 8 }
            Schedule = Schedule.cosine 0.0
            BatchSize = 10
            Epochs = 1
        }

    let odd =
        gen {
            let! number = Gen.elements [ 5e-324; 1e-30; 2e-3; 0.0; 0.9; 1e30; 1e308 ]

            let places =
                Leaves.ofWith number tiny |> List.filter (snd >> Run.problems >> List.isEmpty)

            return! Gen.elements places
        }

    withFolder (fun folder ->
        forAllOf 40 odd (fun (_, run) ->
            let results =
                Grid.from run |> Execution.execute CancellationToken.None (executor folder)

            match results.Cells |> List.map _.Result with
            | [ Ok _ ] -> true
            | [ Error failure ] -> failure.Detail <> ""
            | _ -> false))

/// Arguments of a script: each with what must be said of it.
let private arguments =
    [
        [ "--data"; "mnist" ], "There is no data set 'mnist'"
        [ "--device"; "tpu" ], "There is no device 'tpu'"
        [ "--encoder"; "resnet19" ], "There is no encoder 'resnet19'"
        [ "--seeds"; "0" ], "--seeds is 0"
        [ "--batch"; "1" ], "BatchSize is 1"
        [ "--epochs"; "-3" ], "Epochs is -3"
        [ "--limit"; "0" ], "Images.TrainLimit is 0"
    ]

[<Fact>]
let All_wrong_arguments_of_a_script_are_named_at_once () =
    let some = Gen.subListOf arguments |> Gen.filter (List.isEmpty >> not)

    forAllOf 200 some (fun chosen ->
        let said =
            try
                let sweep =
                    SweepRequest.parse
                        "test"
                        (fun _ images ->
                            images |> Option.fold (fun run images -> Run.withImages images run) Run.shapes)
                        (List.collect fst chosen)

                Run.problems sweep.Baseline |> String.concat "\n"
            with :? ArgumentException as error ->
                error.Message

        chosen |> List.forall (fun (_, message) -> said.Contains message))
