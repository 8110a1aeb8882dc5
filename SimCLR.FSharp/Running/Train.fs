/// Training a run, and storing what comes of it as it goes.
module internal SimCLR.Train

open System
open System.Collections.Generic
open System.IO
open SimCLR.Core.Evaluation
open SimCLR.Core.Images
open SimCLR.Core.Interop
open SimCLR.Core.Runtime
open SimCLR.Core.Training
open TorchSharp

/// The figures of SimCLR.Core as values.
let figures of' (list: Figure seq) : SimCLR.Figure list =
    [
        for figure in list ->
            {
                SimCLR.Figure.Of = of'
                Name = figure.Name
                Unit =
                    match figure.Unit with
                    | FigureUnit.Share -> SimCLR.FigureUnit.Share
                    | FigureUnit.Nats -> SimCLR.FigureUnit.Nats
                    | _ -> SimCLR.FigureUnit.Plain
                Value = figure.Value
            }
    ]

/// Tells how far a training has come: that of a run, or of the measurement of that label.
let step (executor: Executor) run label (progress: TrainingProgress) =
    executor.Observer(
        Event.Stepped(
            run,
            {
                Of = label
                Point = CurveWriter.PointOf progress
                TotalSteps = progress.TotalSteps
                Remaining = progress.Remaining
            }
        )
    )

/// Where the checkpoints of something lie, below its own folder.
let checkpoints (executor: Executor) folder =
    CheckpointFolder(Path.Combine(folder, "checkpoint"), (fun text -> Executor.note executor text))

/// How a training is taken up again; null: not at all. Its checkpoints keep the energy of a meter.
let checkpointing (executor: Executor) sources folder (meter: EnergyMeter option) (resumed: int64 -> unit) =
    let wattHours =
        meter
        |> Option.map (fun meter -> Func<float>(fun () -> meter.Energy.WattHours))
        |> Option.toObj

    executor.CheckpointEvery
    |> Option.map (fun interval ->
        let told step =
            Executor.note executor $"Goes on from the checkpoint of step {step}."
            resumed step

        Checkpointing(
            checkpoints executor folder,
            interval,
            told,
            (fun text -> Executor.note executor text),
            Setting = Provenance.setting sources,
            WattHours = wattHours
        ))
    |> Option.toObj

/// The figures of classifiers that were trained along; one that cannot be measured is a failure of its own.
let private online executor run (pretrained: Pretrained) (probes: OnlineAccuracy list) =
    let label = Measurement.label (Measurement.OnlineProbe 0.0)

    let measure (probe: OnlineAccuracy) =
        try
            Ok(figures label (probe.Measure pretrained))
        with error when not (error :? OperationCanceledException) ->
            Error(label, Failing.alongTraining executor.Store run error)

    let results = List.map measure probes

    results |> List.choose Result.toOption |> List.concat,
    results
    |> List.choose (function
        | Error failure -> Some failure
        | Ok _ -> None)

let private onlineTogether executor run (pretrained: Pretrained) (probes: OnlineAccuracy list) =
    if probes.IsEmpty then
        [], []
    else
        Ranks.together (fun ranks -> online executor run (pretrained.On ranks) probes)

/// A training and what watches it: every rank has the same.
let private training executor device (splits: ImageSplits) cancellation continuesCollapsed (run: Run) warn =
    let trainee =
        new Pretraining(
            FirstWeights.pretraining executor.Store run,
            splits.Pretraining,
            device,
            (fun text -> warn text),
            Ranks.all ()
        )

    try
        let pretrained =
            RunNetworks.pretrained executor device splits cancellation run (new Networks(trainee.Encoder, trainee.Head))

        let probes =
            [ for rate in (Run.training run).OnlineProbes -> new OnlineAccuracy(rate) ]

        let measurements = new Measurements([| for probe in probes -> probe |], pretrained)
        trainee.Observer <- measurements.Observer
        trainee.ContinuesCollapsed <- continuesCollapsed
        let monitor = Monitoring.watch executor splits run trainee
        trainee, pretrained, probes, measurements, monitor
    with _ ->
        trainee.Dispose()
        reraise ()

/// Takes the steps of a training that rank 0 has announced. It says nothing, and nothing of it is kept.
let along (executor: Executor) device cancellation continuesCollapsed (run: Run) =
    Ranks.abortOnFailure (fun () ->
        let splits = Executor.load executor run

        let trainee, pretrained, probes, measurements, monitor =
            training executor device splits cancellation continuesCollapsed run ignore

        use _trainee = trainee
        use _pretrained = pretrained
        use _measurements = measurements
        use _monitor = Option.toObj monitor

        try
            trainee.Run(null, cancellation) |> ignore
            onlineTogether executor run pretrained probes |> ignore
        with
        | :? TrainingFailedException
        | :? TrainingInterruptedException -> ()) // Rank 0 says so.

/// Trains what the run says and stores it, as it goes and at the end. The networks belong to the training, which the caller disposes.
let train executor device (splits: ImageSplits) cancellation (run: Run) =
    let value, store = Run.training run, executor.Store
    let sources = Custom.sources value
    let meter = EnergyMeter()
    let folder = StoredTraining.begin' value store
    AtomicFile.ForgetUnfinished folder
    // Not at the end, when what it began with may be gone.
    let initial = FirstWeights.describe executor.Store run
    ImageContent.note run folder
    Migration.adoptCheckpoints run store

    // One that came to its end before, and is trained again for want of its encoder, comes to the same end.
    let continuesCollapsed = executor.ContinueCollapsed || Store.isTrained run store

    let trainee, pretrained, probes, measurements, monitor =
        training executor device splits cancellation continuesCollapsed run (fun text -> Executor.note executor text)

    try
        use pretrained = pretrained
        use _measurements = measurements
        use _monitor = Option.toObj monitor
        use curve = new CurveWriter(executor, value)

        let report (progress: TrainingProgress) =
            curve.Add progress
            step executor run "" progress

        Ranks.announce (Ranks.Work.Train(run, continuesCollapsed))

        let result =
            Ranks.abortOnFailure (fun () ->
                trainee.Run(report, cancellation, checkpointing executor sources folder (Some meter) curve.Begin))

        Monitoring.tellEnd executor run trainee result
        let figuresOnline, failures = onlineTogether executor run pretrained probes
        let monitored, unmonitored = Monitoring.ends executor run monitor result

        let notes: IReadOnlyDictionary<string, string> =
            readOnlyDict [ "training", Training.hash value ]

        let stored: StoredTraining =
            {
                Figures =
                    figures "" result.Figures
                    @ figuresOnline
                    @ List.collect (fun (label, last) -> figures label last) monitored
                Failures = failures @ unmonitored
                Steps = result.Steps
                Seconds = result.Seconds
                ImagesPerSecond = result.ImagesPerSecond
                Waiting = result.Waiting
                Encoder = Some(ModuleFile.Save(trainee.Encoder, Store.encoderOf run store, notes))
                Head = Some(ModuleFile.Save(trainee.Head, Store.headOf run store, notes))
            }

        let gathered =
            Provenance.gather device (Lower.pretraining run).Precision meter sources result.Segments

        let provenance =
            { gathered with
                Energy =
                    { gathered.Energy with
                        WattHours = result.EarlierWattHours + gathered.Energy.WattHours
                    }
                Network = trainee.Evaluated
                Ranks = trainee.Ranks.Size
                ImagesFingerprint = ImageContent.ofRun run
                InitialWeights = initial
            }

        StoredTraining.save value provenance [ for step in result.Progress -> CurveWriter.PointOf step ] stored store
        (checkpoints executor folder).Delete()
        trainee
    with _ ->
        trainee.Dispose()
        reraise ()
