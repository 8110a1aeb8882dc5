/// One run: evaluated, trained, evaluated again and stored, or failed with a reason.
module internal SimCLR.Training

open System
open System.Diagnostics
open System.IO
open System.Threading
open SimCLR.Core.Evaluation
open SimCLR.Core.Images
open SimCLR.Core.Interop
open SimCLR.Core.Training

let private point (progress: TrainingProgress) =
    {
        Step = progress.Step
        Epoch = progress.Epoch
        Loss = progress.Loss
        LearningRate = progress.LearningRate
        GradientNorm = progress.GradientNorm
        ImagesPerSecond = progress.ImagesPerSecond
    }

let private baselines =
    Collections.Concurrent.ConcurrentDictionary<_, EvaluationResult>()

/// The encoder before training: runs that differ only in how they train have the same one.
let private untrainedResult device (splits: ImageSplits) evaluation (training: Pretraining) run =
    let size = Images.knownSize run.Images |> Option.defaultValue 0

    let key =
        run.Images,
        run.Encoder,
        run.Seed,
        { run.Evaluation with
            Measurements = []
        },
        View.outputSize size run.ViewA,
        string device

    match baselines.TryGetValue key with
    | true, known -> known
    | _ ->
        let result = Protocol.Evaluate(evaluation, training.Encoder, splits, device)
        baselines[key] <- result
        result

let private checkpoints (executor: Executor) run =
    let folder = Path.Combine(Store.folderOf run executor.Store, "checkpoint")
    CheckpointFolder(folder, (fun text -> executor.Progress.Note text))

let private checkpointing (executor: Executor) run =
    executor.CheckpointEvery
    |> Option.map (fun interval ->
        Checkpointing(
            checkpoints executor run,
            interval,
            fun step -> executor.Progress.Note $"Goes on from the checkpoint of step {step}."
        ))
    |> Option.toObj

let private pretrained device splits evaluation (training: Pretraining) run cancellation =
    Pretrained(
        Lower.pretraining run,
        training.Encoder,
        training.Head,
        evaluation,
        splits,
        device,
        Cancellation = cancellation
    )

/// The run's measurements; other images that they need are read now, so that missing ones are found before training.
let measurements executor run pretrained =
    let load images =
        Executor.load executor { run with Run.Images = images }

    let list =
        run.Evaluation.Measurements |> List.map (Lower.measurement load) |> List.toArray

    new Measurements(list, pretrained)

/// The figures of the measurements, by name.
let take executor run pretrained (measurements: Measurements) =
    let labels = run.Evaluation.Measurements |> List.map Measurement.label

    let note i =
        executor.Progress.Note $"measuring: {labels[i]}"

    [
        for label, figures in Seq.zip labels (measurements.Take(pretrained, note)) do
            for figure in figures -> $"{label} {figure.Name}", figure.Value
    ]

let private keep (executor: Executor) run encoder =
    if executor.KeepEncoder then
        EncoderWeights.Save(encoder, Store.encoderOf run executor.Store, readOnlyDict [ "run", Run.hash run ])

/// Evaluates, pretrains, evaluates again, and takes the measurements: representations to look at, and the outcome.
let private train executor device (splits: ImageSplits) (cancellation: CancellationToken) (run: Run) =
    let clock = Stopwatch.StartNew()
    let evaluation = Lower.evaluation (int splits.Train.Height) run
    ClassCoverage.Check splits

    use training =
        new Pretraining(Lower.pretraining run, splits.Pretraining, device, (fun text -> executor.Progress.Note text))

    let pretrained = pretrained device splits evaluation training run cancellation
    use measurements = measurements executor run pretrained
    training.Observer <- measurements.Observer
    let untrained = untrainedResult device splits evaluation training run

    let before = clock.Elapsed

    let result =
        training.Run((fun step -> executor.Progress.Step step), cancellation, checkpointing executor run)

    // Of a run that was taken up, the training of earlier processes counts too.
    let earlier = result.Seconds - (clock.Elapsed - before).TotalSeconds |> max 0.0
    let trained = Protocol.Evaluate(evaluation, training.Encoder, splits, device)
    let measured = take executor run pretrained measurements
    keep executor run training.Encoder

    FeatureSamples.Of(untrained, trained, splits.Test),
    {
        LinearTop1 = trained.Linear.Top1
        LinearTop1Untrained = untrained.Linear.Top1
        KnnTop1 = trained.NeighbourTop1
        KnnTop1Untrained = untrained.NeighbourTop1
        FinalLoss = result.Loss
        Entropy = result.Entropy
        ContrastiveTop1 = result.ContrastiveTop1
        L2 = trained.Linear.L2
        Steps = result.Steps
        Seconds = earlier + clock.Elapsed.TotalSeconds
        ImagesPerSecond = result.ImagesPerSecond
        Waiting = result.Waiting
        Curve = result.Progress |> Seq.map point |> Seq.toList
        Measured = measured
    }

let unstorable executor (error: exn) =
    {
        Reason = "could not be stored"
        Detail = $"{error.Message} Check the rights and free space of {executor.Store.Folder}."
    }

let isOfDisk (error: exn) =
    error :? IOException || error :? UnauthorizedAccessException

/// Keeps why a run failed, if the disk lets it: the sweep goes on in any case.
let private fail executor run failure =
    try
        Store.saveFailure run failure executor.Store
    with error when isOfDisk error ->
        executor.Progress.Note $"The failure is not stored: {error.Message}"

    Error failure

let attempt executor device splits cancellation run =
    let meter = EnergyMeter()

    try
        let features, outcome = train executor device splits cancellation run
        let provenance = Provenance.gather device (Lower.pretraining run).Precision meter
        Store.saveFeatures run features executor.Store
        Store.save run provenance outcome executor.Store
        (checkpoints executor run).Delete()
        Ok outcome
    with
    | :? TrainingFailedException as error ->
        fail
            executor
            run
            {
                Reason = "training failed"
                Detail = error.Message
            }
    | :? ArgumentException as error ->
        Error
            {
                Reason = "does not fit the data"
                Detail = error.Message
            }
    | :? ImageSourceException as error ->
        Error
            {
                Reason = "images could not be read"
                Detail = error.Message
            }
    | :? Runtime.InteropServices.ExternalException as error ->
        Error
            {
                Reason = "libtorch failed"
                Detail =
                    $"{error.Message.Split('\n').[0]} If it is memory: use a smaller batch, narrower encoder or head, or micro-batches; "
                    + "for images that do not fit into a GPU, --stream."
            }
    | error when isOfDisk error -> Error(unstorable executor error)
