namespace SimCLR

/// The linear probe that every encoder is measured by, trained or not.
[<RequireQualifiedAccess>]
type Probe =
    /// Logistic regression on features by L-BFGS, its L2 strength chosen on the validation split (SimCLR, appendix B.8.1).
    | Lbfgs
    /// A linear classifier by SGD on crops and flips (SimCLR, appendix B.6, on ImageNet): passes of the encoder instead of memory, and nothing is chosen, so
    /// that there is no validation accuracy.
    | Sgd of ClassifierSettings
    /// None: k-NN alone.
    | None

/// How representations are measured: a linear probe and k-NN on the frozen encoder, and what else is asked for.
type Evaluation =
    {
        /// By L-BFGS, by SGD, or not at all.
        [<Neutral "\"Lbfgs\"">]
        Probe: Probe
        /// L2 strengths that probes by L-BFGS choose from, on the validation split.
        L2: float list
        /// Part of the training images that they choose on.
        ValidationFraction: float
        /// Neighbours that vote.
        KnnK: int
        /// Their votes weigh exp(cosine similarity / temperature).
        KnnTemperature: float
        /// Part of the side that is kept, at the centre, before images are resized to the crop's side; None: all. The paper, on ImageNet: 7/8.
        CentreCrop: float option
        /// What else is measured, after training; each costs its time.
        [<Neutral "[]">]
        Measurements: Measurement list
    }

/// One measurement with what of the evaluation it reads: all that its figures depend on besides the encoder and its images. Each is stored
/// by itself.
type EvaluationTask =
    {
        Measurement: Measurement
        /// Strengths that its linear probe chooses from; none where it has no such probe.
        [<Neutral "[]">]
        L2: float list
        /// Part of the training images that it chooses on; None where it chooses nothing.
        ValidationFraction: float option
        /// Part of the images' side that is kept, at the centre; None: all.
        CentreCrop: float option
    }

/// Tasks: measurements with what of the evaluation they read.
[<RequireQualifiedAccess>]
module EvaluationTask =

    /// The content hash: 16 hexadecimal digits of SHA-256 over version and JSON.
    let hash (task: EvaluationTask) = Json.hash "simclr evaluation 3" task

    /// Begins the names of its figures.
    let label (task: EvaluationTask) = Measurement.label task.Measurement

    /// The task of a measurement: what it reads of the evaluation is part of it.
    let internal ofMeasurement (evaluation: Evaluation) measurement =
        let probes, chooses =
            match measurement with
            | Measurement.LinearProbe
            | Measurement.HeadProbe
            | Measurement.Retention _ -> true, true
            // A transfer has strengths of its own.
            | Measurement.Transfer _
            | Measurement.Knn _ -> false, true
            | _ -> false, false

        {
            Measurement = measurement
            L2 = if probes then evaluation.L2 else []
            ValidationFraction = if chooses then Some evaluation.ValidationFraction else None
            CentreCrop = evaluation.CentreCrop
        }

/// Evaluations, and what they measure.
[<RequireQualifiedAccess>]
module Evaluation =

    /// Strengths 1e-4 to 1e-1, a fifth held out; k 200 and temperature 0.1 (Wu et al. 2018).
    let standard =
        {
            Probe = Probe.Lbfgs
            L2 = [ 1e-4; 1e-3; 1e-2; 1e-1 ]
            ValidationFraction = 0.2
            KnnK = 200
            KnnTemperature = 0.1
            CentreCrop = None
            Measurements = []
        }

    /// Images are cut at the centre, to that part of their side, before they are resized to the crop's: 0.875 on ImageNet (SimCLR, appendix B.5, and the
    /// reference code).
    let withCentreCrop part (evaluation: Evaluation) : Evaluation =
        { evaluation with
            CentreCrop = Some part
        }

    /// With another linear probe: Probe.Sgd with the settings of Evaluation.paperProbe, for example, or Probe.None.
    let withProbe probe (evaluation: Evaluation) : Evaluation = { evaluation with Probe = probe }

    /// The paper's linear evaluation on ImageNet (appendix B.6): by SGD on crops and flips, 90 epochs, batch 4096, 0.1 · B/256.
    let paperProbe = Probe.Sgd Measurement.linearSgdSettings

    /// With these measurements too.
    let measuring measurements evaluation =
        { evaluation with
            Measurements = evaluation.Measurements @ measurements
        }

    /// What every encoder is measured by, trained or not: the linear probe and k-NN.
    let internal standardTasks evaluation =
        [
            match evaluation.Probe with
            | Probe.Lbfgs -> Measurement.LinearProbe
            | Probe.Sgd settings -> Measurement.LinearSgd settings
            | Probe.None -> ()

            Measurement.NearestNeighbours
                {
                    K = evaluation.KnnK
                    Temperature = evaluation.KnnTemperature
                }
        ]
        |> List.map (EvaluationTask.ofMeasurement evaluation)

    /// What takes the place of the linear probe and k-NN where images have no labels.
    let internal labelFreeTasks evaluation =
        [
            Measurement.AlignmentUniformity Representation.H
            Measurement.RankMe Representation.H
        ]
        |> List.map (EvaluationTask.ofMeasurement evaluation)

    /// Learning rates of the classifiers that are trained along: their figures are the training's.
    let internal onlineProbes evaluation =
        evaluation.Measurements
        |> List.choose (function
            | Measurement.OnlineProbe rate -> Some rate
            | _ -> None)

    /// All that the trained encoder is measured by, in order; online probes are measured by the training.
    let tasks evaluation =
        standardTasks evaluation
        @ [
            for measurement in evaluation.Measurements do
                match measurement with
                | Measurement.OnlineProbe _ -> ()
                | other -> EvaluationTask.ofMeasurement evaluation other
        ]

    let internal problems evaluation =
        [
            for i, measurement in List.indexed evaluation.Measurements do
                yield! Measurement.problems $"Evaluation.Measurements[{i}]" measurement

            match evaluation.Probe with
            | Probe.Sgd settings -> yield! Measurement.trainingProblems "Evaluation.Probe.Sgd" settings
            | Probe.Lbfgs
            | Probe.None -> ()

            for name, same in
                (tasks evaluation |> List.map EvaluationTask.label)
                @ (onlineProbes evaluation
                   |> List.map (Measurement.OnlineProbe >> Measurement.label))
                |> List.countBy id do
                if same > 1 then
                    $"Evaluation has {same} measurements that are both '{name}', so that their figures would have one name; "
                    + "keep one, and vary it over an axis of the grid."

            if List.isEmpty evaluation.L2 then
                "Evaluation.L2 is empty; give one or more strengths, for example [ 1e-3; 1e-2 ]."

            yield! evaluation.L2 |> List.collect (Check.finiteFrom "Evaluation.L2" 0.0)
            yield! Check.above "Evaluation.ValidationFraction" 0.0 evaluation.ValidationFraction
            yield! Check.range "Evaluation.ValidationFraction" 0.0 0.9 evaluation.ValidationFraction
            yield! Check.atLeast "Evaluation.KnnK" 1 evaluation.KnnK
            yield!
                evaluation.CentreCrop
                |> Option.toList
                |> List.collect (Check.share "Evaluation.CentreCrop")
            yield! Check.above "Evaluation.KnnTemperature" 0.0 evaluation.KnnTemperature
        ]
