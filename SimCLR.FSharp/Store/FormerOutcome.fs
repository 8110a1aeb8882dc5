/// Outcomes as version 0.1 wrote them, taken apart into what is stored now.
module internal SimCLR.FormerOutcome

/// A point of a curve as 0.1 wrote it.
type Point =
    {
        Step: int64
        Epoch: float
        Loss: float
        LearningRate: float
        GradientNorm: float
        ImagesPerSecond: float
    }

/// An outcome as 0.1 wrote it.
type FormerOutcome =
    {
        LinearTop1: float
        LinearTop1Untrained: float
        KnnTop1: float
        KnnTop1Untrained: float
        FinalLoss: float
        Entropy: float
        ContrastiveTop1: float
        L2: float
        Steps: int64
        Seconds: float
        ImagesPerSecond: float
        Waiting: float
        Curve: Point list
        Measured: (string * float) list
    }

let private figure name unit value : Figure =
    {
        Of = ""
        Name = name
        Unit = unit
        Value = value
    }

let private share name value = figure name FigureUnit.Share value

/// The figures of a label among those that 0.1 kept by their whole names.
let private figuresOf (label: string) (whole: FormerOutcome) : Figure list =
    let plain = set [ "alignment"; "uniformity"; "k"; "temperature" ]

    [
        for name: string, value in whole.Measured do
            if name.StartsWith $"{label} " then
                let short = name.Substring(label.Length + 1)

                figure
                    short
                    (if plain.Contains short then
                         FigureUnit.Plain
                     else
                         FigureUnit.Share)
                    value
    ]

let curve (whole: FormerOutcome) : CurvePoint list =
    [
        for point in whole.Curve ->
            {
                Step = point.Step
                Epoch = point.Epoch
                LearningRate = point.LearningRate
                ImagesPerSecond = point.ImagesPerSecond
                Figures = Map [ "loss", point.Loss; "gradient norm", point.GradientNorm ]
                Time = 0.0
            }
    ]

let training run (whole: FormerOutcome) : StoredTraining =
    let online = Measurement.label (Measurement.OnlineProbe 0.0)

    {
        Figures =
            [
                figure "loss" FigureUnit.Plain whole.FinalLoss
                figure "entropy" FigureUnit.Nats whole.Entropy
                share "contrastive top-1" whole.ContrastiveTop1
                if not (Evaluation.onlineProbes run.Evaluation).IsEmpty then
                    for figure in figuresOf online whole do
                        { figure with Of = online }
            ]
        Failures = []
        Steps = whole.Steps
        Seconds = whole.Seconds
        ImagesPerSecond = whole.ImagesPerSecond
        Waiting = whole.Waiting
        Encoder = None
        Head = None
    }

/// The figures of a measurement; 0.1 kept no accuracy on validation images.
let measured (whole: FormerOutcome) (task: EvaluationTask) =
    match task.Measurement with
    | Measurement.LinearProbe -> [ share "top-1" whole.LinearTop1; figure "L2" FigureUnit.Plain whole.L2 ]
    | Measurement.NearestNeighbours _ -> [ share "top-1" whole.KnnTop1 ]
    | _ -> figuresOf (EvaluationTask.label task) whole

let untrained (whole: FormerOutcome) (task: EvaluationTask) =
    match task.Measurement with
    | Measurement.LinearProbe -> [ share "top-1" whole.LinearTop1Untrained ]
    | _ -> [ share "top-1" whole.KnnTop1Untrained ]
