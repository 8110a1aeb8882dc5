namespace SimCLR

/// Number format of encoder and head.
[<RequireQualifiedAccess>]
type Precision =
    /// BFloat16 where the device computes it faster, else Float32.
    | Auto
    | Float32
    | BFloat16

/// A batch goes through the encoder in parts of that size, and the loss sees all of it: large batches in little memory (gradient
/// caching, Gao et al. 2021). The gradient is exact but for batch norm, which sees one part at a time.
type MicroBatches =
    {
        /// Images of a part.
        Size: int
        /// Batch norm computes with its running statistics and does not move them: the gradient is that of the whole batch.
        [<Neutral "false">]
        FreezeBatchNorm: bool
    }

/// One experiment: all that determines its numbers, but for the machine.
type Run =
    {
        Images: Images
        ViewA: View
        ViewB: View
        Encoder: Encoder
        Head: Head
        Loss: Loss
        Optimizer: Optimizer
        LearningRate: LearningRate
        Schedule: Schedule
        /// Images per step; each gives two views.
        BatchSize: int
        /// In which parts a batch goes through the encoder; None: whole.
        MicroBatches: MicroBatches option
        Epochs: int
        Precision: Precision
        Evaluation: Evaluation
        Seed: int64
    }

/// What of a run decides the weights, and what watches them: runs that differ only in how they are evaluated have the same training.
[<RequireQualifiedAccess>]
type Training =
    {
        Images: Images
        ViewA: View
        ViewB: View
        Encoder: Encoder
        Head: Head
        Loss: Loss
        Optimizer: Optimizer
        LearningRate: LearningRate
        Schedule: Schedule
        BatchSize: int
        MicroBatches: MicroBatches option
        Epochs: int
        Precision: Precision
        /// Learning rates of the classifiers that are trained along. The weights do not feel them, but only a training can give their figures.
        [<Neutral "[]">]
        OnlineProbes: float list
        Seed: int64
    }

/// An encoder before any training: runs that differ only in how they train have the same one.
[<RequireQualifiedAccess>]
type Untrained =
    {
        Images: Images
        Encoder: Encoder
        Seed: int64
        /// Side of the images that it is measured on, in pixels; 0: that of the images.
        Side: int
    }

[<RequireQualifiedAccess>]
module Training =

    /// The content hash of a training: 16 hexadecimal digits of SHA-256 over version and JSON.
    let hash (training: Training) = Json.hash "simclr training 3" training

    /// The training as JSON.
    let toJson (training: Training) = Json.write training

    /// Reads a training, or says what is wrong with the text.
    let ofJson (text: string) =
        Json.read<Training> text
        |> Result.mapError (fun why -> $"This is no training: {why}.")

    /// The F# code that rebuilds the training.
    let toCode (training: Training) = Code.ofValue training

    /// The choices in which two trainings differ: path, first, second.
    let diff (a: Training) (b: Training) = Code.diff a b

[<RequireQualifiedAccess>]
module internal Untrained =

    let hash (untrained: Untrained) =
        Json.hash "simclr untrained 3" untrained

[<RequireQualifiedAccess>]
module Run =

    /// The embedded data set with a small encoder: half a minute on two cores. The crop keeps a fifth of the image at least, as in
    /// dkobak's CIFAR-10 recipe: with the paper's 0.08 a short run gains half as much.
    let shapes =
        let view =
            View.crop 32 |> View.withArea 0.2 1.0
            >-> View.flip
            >-> View.colorJitter 0.5
            >-> View.grayscale 0.2

        {
            Images = Images.shapes
            ViewA = view
            ViewB = view
            Encoder = Encoder.smallConv
            Head = Head.nonLinear
            Loss = Loss.ntXent 0.5
            Optimizer = Optimizer.sgd
            LearningRate = LearningRate.Linear 0.2
            Schedule = Schedule.cosine 1.0
            BatchSize = 128
            MicroBatches = None
            Epochs = 10
            Precision = Precision.Float32
            Evaluation = Evaluation.standard
            Seed = 0L
        }

    /// SimCLR on CIFAR-10 (2002.05709, appendix B.9) as the reference code runs it on one device: ResNet-18 with the CIFAR stem,
    /// batch 512, learning rate 1.0 of its loss, twice the paper's, so 2.0 here; decay 1e-4, temperature 0.5, strength 0.5.
    let cifar10 =
        { shapes with
            Images = Images.cifar10
            ViewA = Views.paperCifar10
            ViewB = Views.paperCifar10
            Encoder = Encoder.resNet 18
            Optimizer = Optimizer.lars |> Optimizer.withWeightDecay 1e-4
            LearningRate = LearningRate.Fixed 2.0
            Schedule = Schedule.cosine 10.0
            BatchSize = 512
            Epochs = 100
            Precision = Precision.Auto
        }

    let images images run = { run with Run.Images = images }

    /// The same pipeline for both views.
    let views view run = { run with ViewA = view; ViewB = view }

    let encoder encoder run = { run with Run.Encoder = encoder }
    let head head run = { run with Run.Head = head }

    let headDepth depth run =
        { run with
            Run.Head = { run.Head with Depth = depth }
        }

    let headOutput size run =
        { run with
            Run.Head = { run.Head with Output = size }
        }

    let loss loss run = { run with Run.Loss = loss }

    let temperature temperature run =
        { run with
            Run.Loss = Loss.withTemperature temperature run.Loss
        }

    let optimizer optimizer run = { run with Run.Optimizer = optimizer }
    let learningRate rate run = { run with Run.LearningRate = rate }

    let warmupEpochs epochs run =
        { run with
            Run.Schedule =
                { run.Schedule with
                    WarmupEpochs = epochs
                }
        }

    let batchSize size run = { run with Run.BatchSize = size }

    /// Passes over the images. A warmup of more than a tenth of them, the paper's share at 100 epochs, is shortened to that.
    let epochs epochs run =
        let warmup = min run.Schedule.WarmupEpochs (float epochs / 10.0)

        { run with
            Run.Epochs = epochs
            Schedule =
                { run.Schedule with
                    WarmupEpochs = warmup
                }
        }

    let precision precision run = { run with Run.Precision = precision }
    let seed seed run = { run with Run.Seed = seed }

    /// All that is wrong with a run, each naming field, value, limit and remedy; none for a run that can start.
    let problems run =
        [
            yield! Images.problems "Images" run.Images

            match run.Images.Source with
            | ImageSource.Voc2007 _ ->
                "Images is Voc2007, whose images show several classes, which the linear probe and k-NN cannot measure; "
                + "train on other images and transfer to it: Measurement.transfer."
            | _ -> ()

            match run.Images.Source, run.Loss with
            | ImageSource.Stl10 true, Loss.SupCon _ ->
                "Loss is SupCon, which reads labels, but 100,000 images of STL-10 have none; use Images.stl10Labelled, or another loss."
            | _ -> ()

            yield! View.problems "ViewA" run.ViewA
            yield! View.problems "ViewB" run.ViewB

            match Images.knownSize run.Images with
            | Some size ->
                yield! View.cropProblems size "ViewA" run.ViewA
                yield! View.cropProblems size "ViewB" run.ViewB
                let a, b = View.outputSize size run.ViewA, View.outputSize size run.ViewB

                if a <> b then
                    $"ViewA makes images of side {a} and ViewB of side {b}; give both the same crop size."
                else
                    yield! Encoder.sizeProblems a run.Encoder
            | None -> ()

            yield! Encoder.problems run.Encoder
            yield! Head.problems run.Head
            yield! Loss.problems run.Loss
            yield! Optimizer.problems run.Optimizer
            yield! LearningRate.problems run.LearningRate
            yield! Schedule.problems run.Schedule
            yield! Check.between "BatchSize" 2 1_048_576 run.BatchSize

            yield!
                run.MicroBatches
                |> Option.toList
                |> List.collect (fun parts -> Check.atLeast "MicroBatches.Size" 2 parts.Size)
            yield! Check.atLeast "Epochs" 1 run.Epochs
            yield! Evaluation.problems run.Evaluation

            for measurement in run.Evaluation.Measurements do
                let layers = Measurement.headLayers measurement

                if layers > run.Head.Depth then
                    $"FromHeadLayer of '{Measurement.label measurement}' is {layers}, but the head has {run.Head.Depth} layers; "
                    + "use as many at most."

            if run.Epochs >= 1 && run.Schedule.WarmupEpochs >= float run.Epochs then
                $"Schedule.WarmupEpochs is {run.Schedule.WarmupEpochs}, but the run has {run.Epochs} epochs, so that the learning rate "
                + "would never reach its peak; use fewer."

            match Images.knownCount run.Images with
            | Some count when run.BatchSize > count ->
                $"BatchSize is {run.BatchSize}, but there are {count} training images; use at most {count}."
            | _ -> ()
        ]

    /// The run, or all that is wrong with it.
    let validate run =
        match problems run with
        | [] -> Ok run
        | wrong -> Error wrong

    /// The run as JSON; numbers so that they read back the same.
    let toJson (run: Run) = Json.write run

    /// Reads a run, or says what is wrong with the text: a field too many is wrong, and one that is missing and has no neutral value.
    let ofJson (text: string) =
        Json.read<Run> text |> Result.mapError (fun why -> $"This is no run: {why}.")

    /// The content hash: 16 hexadecimal digits of SHA-256 over version and JSON, without the fields that have their neutral value.
    /// The same value has the same hash on every machine; another value has another.
    let hash (run: Run) = Json.hash "simclr run 3" run

    /// What of the run decides the weights.
    let training (run: Run) : Training =
        {
            Images = run.Images
            ViewA = run.ViewA
            ViewB = run.ViewB
            Encoder = run.Encoder
            Head = run.Head
            Loss = run.Loss
            Optimizer = run.Optimizer
            LearningRate = run.LearningRate
            Schedule = run.Schedule
            BatchSize = run.BatchSize
            MicroBatches = run.MicroBatches
            Epochs = run.Epochs
            Precision = run.Precision
            OnlineProbes = Evaluation.onlineProbes run.Evaluation
            Seed = run.Seed
        }

    /// The hash of the run's training: runs that differ only in how they are evaluated share it, and are trained once.
    let trainingHash run = Training.hash (training run)

    /// The run's encoder before training.
    let internal untrained (run: Run) : Untrained =
        {
            Images = run.Images
            Encoder = run.Encoder
            Seed = run.Seed
            Side = View.outputSize (Images.knownSize run.Images |> Option.defaultValue 0) run.ViewA
        }

    /// The F# code that rebuilds the run.
    let toCode (run: Run) = Code.ofValue run

    /// The choices in which two runs differ: path, first, second.
    let diff (a: Run) (b: Run) = Code.diff a b

    /// Every leaf of the run by its path: "Loss.Temperature", "0.5". A case stands under the path of its union ("Loss", "NtXent"), and a
    /// single number that it holds under that path with the case's name ("LearningRate.Linear", "0.2").
    let paths (run: Run) : (string * string) list = ValuePath.leaves run

    /// The run with another value at a path that Run.diff or Run.paths prints: a number, a text, "none", the name of a case, or JSON. An error says
    /// what the value must be, or which fields are there.
    let set (path: string) (value: string) (run: Run) : Result<Run, string> = ValuePath.set path value run
