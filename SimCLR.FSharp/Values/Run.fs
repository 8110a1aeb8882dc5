namespace SimCLR

/// One experiment: all that determines its numbers, but for the machine.
type Run =
    {
        Images: Images
        ViewA: View
        ViewB: View
        Encoder: Encoder
        Head: Head
        [<Neutral "\"SimClr\"">]
        Method: Method
        /// SimCLR's; every other method has its own.
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
            Encoder = Encoder.smallConv
            Head = Head.nonLinear
            Method = Method.simClr
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

    let withImages images run = { run with Run.Images = images }

    /// The same pipeline for both views.
    let withViews view run = { run with ViewA = view; ViewB = view }

    let withEncoder encoder run = { run with Run.Encoder = encoder }
    let withHead head run = { run with Run.Head = head }

    let withHeadDepth depth run =
        { run with
            Run.Head = { run.Head with Depth = depth }
        }

    let withHeadOutput size run =
        { run with
            Run.Head = { run.Head with Output = size }
        }

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

    let withTemperature temperature run =
        { run with
            Run.Loss = Loss.withTemperature temperature run.Loss
        }

    let withOptimizer optimizer run = { run with Run.Optimizer = optimizer }
    let withLearningRate rate run = { run with Run.LearningRate = rate }

    let withWarmupEpochs epochs run =
        { run with
            Run.Schedule =
                { run.Schedule with
                    WarmupEpochs = epochs
                }
        }

    let withBatchSize size run = { run with Run.BatchSize = size }

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

    let withPrecision precision run = { run with Run.Precision = precision }
    let withSeed seed run = { run with Run.Seed = seed }

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

            if not (Images.hasLabels run.Images) then
                match run.Loss with
                | Loss.SupCon _ -> "Loss is SupCon, which reads labels, but the images have none; use another loss."
                | _ -> ()

                if not (Evaluation.onlineProbes run.Evaluation).IsEmpty then
                    "Evaluation.Measurements has an online probe, which reads labels while it trains, but the images have none; leave it out."

            yield! View.problems "ViewA" run.ViewA
            yield! View.problems "ViewB" run.ViewB
            yield! View.channelProblems (Images.channels run.Images) "ViewA" run.ViewA
            yield! View.channelProblems (Images.channels run.Images) "ViewB" run.ViewB

            if run.ViewA = run.ViewB && not (View.isRandom run.ViewA) then
                "ViewA and ViewB make one and the same picture of every image, so that there is nothing to learn; give them random steps, for example View.crop 32 >-> View.flip >-> View.colorJitter 0.5."

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
            yield! Method.problems run.BatchSize (Images.knownCount run.Images) run.Method

            match run.Method, run.Loss with
            | Method.SimClr, Loss.OfMethod ->
                "Loss is OfMethod, but SimCLR has none of its own; use one, for example Loss.ntXent 0.5."
            | Method.SimClr, loss -> yield! Loss.problems loss
            | _, Loss.OfMethod -> ()
            | method, loss ->
                yield! Loss.problems loss

                $"Loss is {Loss.name loss}, but the method is {Method.name method}, which has its own; use Loss.OfMethod, as Run.withMethod does."

            if run.Method <> Method.SimClr && run.Head.Depth = 0 then
                $"Head.Depth is 0, but the method is {Method.name run.Method}, which needs a head; use 1 or more."
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
                + $"would never reach its peak; use fewer: Run.shortened {run.Epochs} gives the warmup a tenth of the epochs."

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

    /// What of the run decides the weights.
    let training (run: Run) : Training =
        {
            Images = run.Images
            ViewA = run.ViewA
            ViewB = run.ViewB
            Encoder = run.Encoder
            Head = run.Head
            Method = run.Method
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
    let internal untrained (run: Run) = Untrained.ofTraining (training run)

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
