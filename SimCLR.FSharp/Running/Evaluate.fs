/// Measurements of a run's networks, each taken and stored by itself.
module internal SimCLR.Evaluate

open System
open System.Diagnostics
open System.IO
open SimCLR.Core.Evaluation
open SimCLR.Core.Training

/// What measures, made of its value; other images that it needs are read now.
let private measurement executor run (task: EvaluationTask) =
    let load images =
        Executor.load executor { run with Run.Images = images }

    Lower.measurement load task.Measurement

/// Fails where it is known before a training that one of the tasks cannot be measured, or its images are missing.
let check executor run (pretrained: Pretrained) tasks =
    use _checked =
        new Measurements([| for task in tasks -> measurement executor run task |], pretrained)

    ()

/// The figures of those tasks, which are not stored. Fails with the first that cannot be measured.
let figures executor run (pretrained: Pretrained) (tasks: EvaluationTask list) =
    use measurements =
        new Measurements([| for task in tasks -> measurement executor run task |], pretrained)

    let note i =
        Executor.note executor $"measuring: {EvaluationTask.label tasks[i]}"

    [
        for task, figures in Seq.zip tasks (measurements.Take(pretrained, note)) do
            yield! Train.figures (EvaluationTask.label task) figures
    ]

/// Takes and stores one measurement: its figures, or why it failed, where that is not stored.
let private takeOne (executor: Executor) device run (pretrained: Pretrained) folder task =
    let place = StoreFolder.ofEvaluation task folder
    let sources = List.distinct (Custom.sources task @ Custom.sources run.Encoder)
    let meter, clock = EnergyMeter(), Stopwatch.StartNew()

    try
        use measurements = new Measurements([| measurement executor run task |], pretrained)

        let apart =
            pretrained.For(
                Train.checkpointing executor sources place None ignore,
                Train.step executor run (EvaluationTask.label task)
            )

        Ranks.join (Some task)
        let taken = Ranks.together (apart.On >> measurements.Take)

        let provenance =
            { Provenance.gather device (Lower.pretraining run).Precision meter sources [] with
                Ranks = Ranks.size.Value
                ImagesFingerprint = ImageContent.ofRun run
            }

        let stored: StoredFigures =
            {
                Figures = taken |> Seq.concat |> Train.figures ""
                Seconds = clock.Elapsed.TotalSeconds
            }

        ImageContent.noteTask task place
        StoredFigures.save task provenance stored folder
        (Train.checkpoints executor place).Delete()
        Ok stored.Figures
    with error when not (error :? OperationCanceledException) ->
        let isStored, failure = Failing.explain executor.Store error

        Executor.note
            executor
            $"The measurement '{EvaluationTask.label task}' failed, {failure.Reason}: {failure.Detail}"

        try
            if isStored then
                StoredFigures.saveFailure task failure folder
                Error None
            else
                Error(Some(place, failure))
        with error when Failing.isOfDisk error ->
            Error(Some(place, failure))

/// The same, told to the observer: what that raises is no failure of the measurement, whose figures are stored.
let private takeAndTell executor device run pretrained folder task =
    match takeOne executor device run pretrained folder task with
    | Error unstored -> unstored
    | Ok figures ->
        let label = EvaluationTask.label task
        executor.Observer(Event.Measured(run, [ for figure in figures -> { figure with Figure.Of = label } ]))
        None

/// Some test images as the networks represent them, for maps.
let private saveSample (executor: Executor) (pretrained: Pretrained) folder =
    let path = StoreFolder.sampleIn folder

    if not (File.Exists path) then
        try
            Ranks.join None
            let sample = Ranks.together (fun ranks -> pretrained.On(ranks).Sample())
            sample.Save path
        with
        | :? TrainingFailedException -> () // Not finite: the probes have said so.
        | error when Failing.isOfDisk error -> Executor.note executor $"No representations are kept: {error.Message}"

let private takeAll executor device run (pretrained: Pretrained) folder tasks =
    let failures =
        [
            for task in tasks do
                pretrained.Cancellation.ThrowIfCancellationRequested()

                match task.Measurement with
                | Measurement.LinearProbe
                | Measurement.NearestNeighbours _ -> ()
                | _ -> Executor.note executor $"measuring: {EvaluationTask.label task}"

                yield! takeAndTell executor device run pretrained folder task |> Option.toList
        ]

    // Maps are coloured by labels.
    if Images.hasLabels run.Images then
        saveSample executor pretrained folder

    failures

/// Takes those tasks of networks, in order, and stores each as soon as it is done. What has failed without being stored, by folder. All ranks
/// take them together.
let take executor device run (pretrained: Pretrained) folder tasks =
    if List.isEmpty tasks then
        []
    else
        Ranks.announce (Ranks.Work.Measure run)

        Ranks.measure (new Networks(pretrained.Encoder, pretrained.Head)) (fun () ->
            takeAll executor device run pretrained folder tasks)

/// Takes the measurements along that rank 0 takes. It says nothing, and nothing of it is kept: what fails, rank 0 says.
let along (executor: Executor) device cancellation (run: Run) =
    Ranks.abortOnFailure (fun () ->
        let splits = Executor.load executor run

        // The weights are rank 0's.
        use networks =
            RunNetworks.untrained executor device splits { run with InitialWeights = None }

        use pretrained =
            RunNetworks.pretrained executor device splits cancellation run networks

        Ranks.measureAlong networks (fun task ->
            try
                Ranks.together (fun ranks ->
                    let pretrained = pretrained.On ranks

                    match task with
                    | None -> pretrained.TestFeatures() |> ignore
                    | Some task ->
                        use measurements = new Measurements([| measurement executor run task |], pretrained)
                        measurements.Take pretrained |> ignore)
            with error ->
                Trace.WriteLine error.Message))
