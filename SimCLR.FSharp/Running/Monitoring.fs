/// What is measured while a run trains.
module internal SimCLR.Monitoring

open SimCLR.Core.Evaluation
open SimCLR.Core.Images
open SimCLR.Core.Training

/// Has the run's monitor watch its training. None: it has none.
let watch (executor: Executor) (splits: ImageSplits) (run: Run) (trainee: Pretraining) =
    let warn label error =
        let failure = snd (Failing.explain executor.Store error)

        Executor.note
            executor
            $"The measurement '{label}' failed while training, {failure.Reason}: {failure.Detail} The training goes on without it."

    let monitor =
        run.Monitor |> Option.map (Lower.monitor trainee splits.Train run warn)

    monitor |> Option.iter (fun monitor -> trainee.Monitor <- monitor)
    monitor

/// The figures of the look that the weights are of, with the labels of their measurements.
let private last (monitor: Monitor) (result: TrainingResult) =
    let point =
        result.Progress |> Seq.tryFindBack (fun point -> point.Step = result.KeptStep)

    [
        for measurement in monitor.Measurements do
            let label = Monitored.label measurement
            let names = Monitored.figures measurement

            label,
            [
                for figure in point |> Option.map (_.Figures >> List.ofSeq) |> Option.defaultValue [] do
                    if List.contains figure.Name names then
                        Core.Training.Figure(figure.Name.Substring(label.Length + 1), figure.Value, figure.Unit)
            ]
    ]

/// What the look that the weights are of came to: figures by label, and why there are none.
let ends (executor: Executor) (run: Run) (watcher: ValidationMonitor option) (result: TrainingResult) =
    let measured =
        run.Monitor
        |> Option.toList
        |> List.collect (fun monitor -> last monitor result)

    let failure label =
        match watcher |> Option.map (_.Failures.TryGetValue(label)) with
        | Some(true, error) -> Failing.alongTraining executor.Store run error
        | _ ->
            {
                Reason = "was not measured"
                Detail =
                    if result.KeptStep < result.Steps then
                        "It failed at the best look, whose weights are kept."
                    else
                        "It failed at the last look, before the training was taken up."
            }

    measured |> List.filter (snd >> List.isEmpty >> not),
    [
        for label, figures in measured do
            if figures.IsEmpty then
                label, failure label
    ]

/// Says that a training was ended by its monitor, and which weights are kept of it.
let tellEnd (executor: Executor) (run: Run) (trainee: Pretraining) (result: TrainingResult) =
    match run.Monitor |> Option.bind _.EarlyStopping with
    | Some stopping when result.Steps < trainee.TotalSteps ->
        Executor.note
            executor
            $"The training has ended early, after {result.Steps / trainee.StepsPerEpoch} of {run.Epochs} epochs: '{stopping.Figure}' has not improved for {stopping.Patience} looks."
    | _ -> ()

    if result.KeptStep < result.Steps then
        Executor.note
            executor
            $"The weights are those of epoch {result.KeptStep / trainee.StepsPerEpoch}, the best look, of {result.Steps / trainee.StepsPerEpoch} trained."
