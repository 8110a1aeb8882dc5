namespace SimCLR

/// One experiment: all that determines its numbers, but for the machine.
type Run =
    {
        Images: Images
        ViewA: View
        ViewB: View
        /// Views of every image beside the pair, of the same size or another, for methods that use them: SwAV, DINO, LeJEPA.
        [<Neutral "[]">]
        MoreViews: CountedView list
        Encoder: Encoder
        /// What the encoder begins with; None: weights drawn by the seed.
        InitialWeights: InitialWeights option
        Head: Head
        [<Neutral "\"SimClr\"">]
        Method: Method
        /// SimCLR's; every other method has its own.
        Loss: Loss
        Optimizer: Optimizer
        LearningRate: LearningRate
        Schedule: Schedule
        /// Images per step; each gives two views, and MoreViews.
        BatchSize: int
        /// In which parts a batch goes through the encoder; None: whole.
        MicroBatches: MicroBatches option
        /// Equal groups of what goes through the encoder together, each with batch-norm statistics of its own, as on so many devices whose batch norm
        /// is not synchronized; 1: those of all images.
        [<Neutral "1">]
        NormGroups: int
        Epochs: int
        Precision: Precision
        Evaluation: Evaluation
        /// What is measured while it trains, and may end it early; None: nothing.
        Monitor: Monitor option
        Seed: int64
    }

/// Runs: to begin from, to vary, to check, to write and to compare.
[<RequireQualifiedAccess>]
module Run =

    /// The embedded data set with a small encoder, for two cores. The crop keeps a fifth of the image at least, as in
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
            MoreViews = []
            Encoder = Encoder.smallConv
            InitialWeights = None
            Head = Head.nonLinear
            Method = Method.simClr
            Loss = Loss.ntXent 0.5
            Optimizer = Optimizer.sgd
            LearningRate = LearningRate.Linear 0.2
            Schedule = Schedule.cosine 1.0
            BatchSize = 128
            MicroBatches = None
            NormGroups = 1
            Epochs = 10
            Precision = Precision.Float32
            Evaluation = Evaluation.standard
            Monitor = None
            Seed = 0L
        }

    /// SimCLR on CIFAR-10 (2002.05709, appendix B.9) as the reference code runs it on one device, for a tenth of its epochs and with the paper's
    /// views: ResNet-18 with the CIFAR stem, batch 512, decay 1e-4, temperature 0.5, strength 0.5. Its learning rate is 1.0 · batch / 256, written as the
    /// 2.0 that this makes of 512 images: Run.scaled lets it follow another batch. Recipe.googleReference has the reference code's own views and 1000 epochs.
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

    /// Other images to train and to measure on.
    let withImages images run = { run with Run.Images = images }

    /// The same pipeline for both views.
    let withViews view run = { run with ViewA = view; ViewB = view }

    /// Every view with that normalization at its end, and no other: Run.withNormalization View.normalizeAsImageNet.
    let withNormalization normalization run =
        let ended view =
            View.compose (View.withoutNormalization view) normalization

        { run with
            ViewA = ended run.ViewA
            ViewB = ended run.ViewB
            MoreViews = [ for views in run.MoreViews -> { views with View = ended views.View } ]
        }

    /// Views of every image beside the pair, which SwAV, DINO and LeJEPA use: Run.withMoreViews [ CountedView.times 6 view ].
    let withMoreViews views run = { run with Run.MoreViews = views }

    /// Multi-crop (SwAV, 2006.09882, section 3.3): the pair shows that share of an image's area or more, and beside it there are so many crops of that size that show 0.05 of it
    /// to that share, and are otherwise as ViewA. SwAV on ImageNet: Run.withMultiCrop 6 96 0.14; LeJEPA: Run.withMultiCrop 6 96 0.3.
    let withMultiCrop count size share run =
        { run with
            ViewA = run.ViewA |> View.withArea share 1.0
            ViewB = run.ViewB |> View.withArea share 1.0
            MoreViews =
                [
                    run.ViewA
                    |> View.withSize size
                    |> View.withArea 0.05 share
                    |> CountedView.times count
                ]
        }

    /// Another encoder.
    let withEncoder encoder run = { run with Run.Encoder = encoder }

    /// The encoder begins with those weights: InitialWeights.ofFile "resnet50.safetensors".
    let withInitialWeights weights run =
        { run with
            Run.InitialWeights = Some weights
        }

    /// Another projection head.
    let withHead head run = { run with Run.Head = head }

    /// Another number of linear layers in the head; 0: none.
    let withHeadDepth depth run =
        { run with
            Run.Head = { run.Head with Depth = depth }
        }

    /// Another length of z.
    let withHeadOutput size run =
        { run with
            Run.Head = { run.Head with Output = size }
        }

    /// Another loss, for SimCLR.
    let withLoss loss run = { run with Run.Loss = loss }

    /// Another method, with the head's norms as its authors have them (Method.headOf) and its own loss; SimCLR keeps the run's, or
    /// takes NT-Xent at 0.5 where another method was before.
    let withMethod method run =
        { run with
            Run.Method = method
            Head = Method.headOf method run.Head
            Loss =
                match method, run.Loss with
                | Method.SimClr, Loss.OfMethod -> Loss.ntXent 0.5
                | Method.SimClr, loss -> loss
                | _ -> Loss.OfMethod
        }

    /// Another temperature of the loss. Raises WrongValueException for a loss without one.
    let withTemperature temperature run =
        { run with
            Run.Loss = Loss.withTemperature temperature run.Loss
        }

    /// Another optimizer.
    let withOptimizer optimizer run = { run with Run.Optimizer = optimizer }

    /// Another highest learning rate.
    let withLearningRate rate run = { run with Run.LearningRate = rate }

    /// Another length of the linear warmup, in epochs; 0: none.
    let withWarmupEpochs epochs run =
        { run with
            Run.Schedule =
                { run.Schedule with
                    WarmupEpochs = epochs
                }
        }

    /// Another course of the learning rate after the warmup.
    let withDecay decay run =
        { run with
            Run.Schedule = { run.Schedule with Decay = decay }
        }

    /// What multiplies the optimizer's weight decay over all steps: DINO's decay of 0.04 to 0.4 is 0.04 and Decay.CosineBetween(1.0, 10.0).
    let withWeightDecayFactor factor run =
        { run with
            Run.Schedule =
                { run.Schedule with
                    WeightDecayFactor = factor
                }
        }

    /// Another number of images per step. A fixed learning rate stays as it is: Run.scaled has it follow.
    let withBatchSize size run = { run with Run.BatchSize = size }

    /// Batch-norm statistics of so many groups of the batch, each by itself, as so many devices without synchronized batch norm have them; 1: of the whole
    /// batch. Other numbers come of it, the same on any number of processes.
    let withNormGroups groups run = { run with Run.NormGroups = groups }

    /// The same run with a learning rate that follows the batch from now on, in proportion, where it was fixed.
    let scaled run =
        { run with
            Run.LearningRate = LearningRate.scaledFrom run.BatchSize run.LearningRate
        }

    /// Passes over the images. The warmup stays as it is: Run.shortened has it follow.
    let withEpochs epochs run = { run with Run.Epochs = epochs }

    /// Passes over the images, with a warmup that is shortened to a tenth of them, the paper's share at 100 epochs, where it is longer. More epochs
    /// do not lengthen it again.
    let shortened epochs run =
        let warmup = min run.Schedule.WarmupEpochs (float epochs / 10.0)

        { run with
            Run.Epochs = epochs
            Schedule =
                { run.Schedule with
                    WarmupEpochs = warmup
                }
        }

    /// Another number format of encoder and head.
    let withPrecision precision run = { run with Run.Precision = precision }

    /// Measured while it trains: Monitor.every 5 [ Monitored.knn ].
    let withMonitor monitor run = { run with Run.Monitor = Some monitor }

    /// Another seed of weights, order, views and splits.
    let withSeed seed run = { run with Run.Seed = seed }

    /// What of the run decides the weights.
    let training (run: Run) : Training =
        {
            Images = run.Images
            ViewA = run.ViewA
            ViewB = run.ViewB
            MoreViews = run.MoreViews
            Encoder = run.Encoder
            InitialWeights = run.InitialWeights |> Option.map InitialWeights.withoutPlace
            Head = run.Head
            Method = run.Method
            Loss = run.Loss
            Optimizer = run.Optimizer
            LearningRate = run.LearningRate
            Schedule = run.Schedule
            BatchSize = run.BatchSize
            MicroBatches = run.MicroBatches
            NormGroups = run.NormGroups
            Epochs = run.Epochs
            Precision = run.Precision
            OnlineProbes = Evaluation.onlineProbes run.Evaluation
            Monitor = run.Monitor
            Seed = run.Seed
        }

    /// What is wrong with what an encoder is measured by: images, the size of the first view, encoder, evaluation.
    let internal measuringProblems run =
        [
            yield! Images.problems "Images" run.Images

            match run.Images.Source with
            | ImageSource.Voc2007 _ ->
                "Images is Voc2007, whose images show several classes, which the linear probe and k-NN cannot measure; "
                + "train on other images and transfer to it: Measurement.transfer."
            | _ -> ()

            yield! View.problems "ViewA" run.ViewA
            yield! View.orderProblems "ViewA" run.ViewA
            yield! View.channelProblems (Images.channels run.Images) "ViewA" run.ViewA

            match Images.knownSize run.Images with
            | Some size ->
                yield! View.cropProblems size "ViewA" run.ViewA
                yield! Encoder.sizeProblems (View.outputSize size run.ViewA) run.Encoder
            | None -> ()

            yield! Encoder.problems run.Encoder
            yield! Evaluation.problems run.Evaluation
        ]

    /// All that is wrong with a run, each naming field, value, limit and remedy; none for a run that can start.
    let problems run =
        [
            yield! measuringProblems run
            yield! TrainingProblems.all (training run)

            yield!
                run.InitialWeights
                |> Option.toList
                |> List.collect (InitialWeights.problems "InitialWeights")

            for measurement in run.Evaluation.Measurements do
                let layers = Measurement.headLayers measurement

                if layers > run.Head.Depth then
                    $"FromHeadLayer of '{Measurement.label measurement}' is {layers}, but the head has {run.Head.Depth} layers; "
                    + "use as many at most."
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
    let hash (run: Run) =
        Json.hash
            "simclr run 3"
            { run with
                InitialWeights = run.InitialWeights |> Option.map InitialWeights.withoutPlace
            }

    /// What every encoder of the run is measured by, trained or not: the linear probe and k-NN, or what needs no labels where there are none.
    let internal standardTasks (run: Run) =
        if Images.hasLabels run.Images then
            Evaluation.standardTasks run.Evaluation
        else
            Evaluation.labelFreeTasks run.Evaluation

    /// Labels of the measurements that are left out, as the images have no labels.
    let internal leftOut (run: Run) =
        if Images.hasLabels run.Images then
            []
        else
            Evaluation.tasks run.Evaluation
            |> List.map _.Measurement
            |> List.filter Measurement.needsLabels
            |> List.map Measurement.label

    /// All that the trained encoder is measured by, in order; online probes are measured by the training.
    let tasks (run: Run) =
        if Images.hasLabels run.Images then
            Evaluation.tasks run.Evaluation
        else
            Evaluation.labelFreeTasks run.Evaluation
            @ (Evaluation.tasks run.Evaluation
               |> List.filter (_.Measurement >> Measurement.needsLabels >> not))
            |> List.distinct

    /// The hash of the run's training: runs that differ only in how they are evaluated share it, and are trained once.
    let trainingHash run = Training.hash (training run)

    /// The encoder begins with what another run of the same store came to.
    let withEncoderOf other run =
        withInitialWeights (InitialWeights.ofTraining (trainingHash other)) run

    /// The run's encoder before training.
    let internal untrained (run: Run) = Untrained.ofTraining (training run)

    /// The F# code that rebuilds the run.
    let toCode (run: Run) = Code.ofValue run

    /// The choices in which two runs differ: path, first, second.
    let diff (a: Run) (b: Run) = Code.diff a b

    /// Every leaf of the run by its path: "Loss.Temperature", "0.5". A case stands under the path of its union ("Loss", "NtXent"), and a
    /// single number that it holds under that path with the case's name ("LearningRate.Linear", "0.2").
    let paths (run: Run) : (string * string) list = ValuePath.leaves run

    /// The run with another value at a path that Run.diff or Run.paths prints: a number, a text, "none", the name of a case, or JSON. An error says
    /// what the value must be, or which fields are there. InitialWeights is a file, or the hash of a training.
    let set (path: string) (value: string) (run: Run) : Result<Run, string> =
        let isWhole =
            List.contains value [ "none"; "File"; "Training" ] || value.StartsWith "{"

        if path = "InitialWeights" && not isWhole then
            InitialWeights.ofText value
            |> Result.map (fun weights -> withInitialWeights weights run)
        else
            ValuePath.set path value run
