namespace SimCLR

/// How representations are measured: a linear probe and k-NN on the frozen encoder, and what else is asked for.
type Evaluation =
    {
        /// L2 strengths that the linear probe chooses from, on the validation split.
        L2: float list
        /// Part of the training images that it chooses on.
        ValidationFraction: float
        /// Neighbours that vote.
        KnnK: int
        /// Their votes weigh exp(cosine similarity / temperature).
        KnnTemperature: float
        /// What else is measured, after training; each costs its time. Figures lie in the outcome's Measured.
        Measurements: Measurement list
    }

[<RequireQualifiedAccess>]
module Evaluation =

    /// Strengths 1e-4 to 1e-1, a fifth held out; k 200 and temperature 0.1 (Wu et al. 2018).
    let standard =
        {
            L2 = [ 1e-4; 1e-3; 1e-2; 1e-1 ]
            ValidationFraction = 0.2
            KnnK = 200
            KnnTemperature = 0.1
            Measurements = []
        }

    /// With these measurements too.
    let measuring measurements evaluation =
        { evaluation with
            Measurements = evaluation.Measurements @ measurements
        }

    let internal problems evaluation =
        [
            for i, measurement in List.indexed evaluation.Measurements do
                yield! Measurement.problems $"Evaluation.Measurements[{i}]" measurement

            for name, same in evaluation.Measurements |> List.countBy Measurement.label do
                if same > 1 then
                    $"Evaluation.Measurements has {same} that are both '{name}', so that their figures would have one name; "
                    + "keep one, and vary it over an axis of the grid."

            if List.isEmpty evaluation.L2 then
                "Evaluation.L2 is empty; give one or more strengths, for example [ 1e-3; 1e-2 ]."

            yield! evaluation.L2 |> List.collect (Check.finiteFrom "Evaluation.L2" 0.0)
            yield! Check.above "Evaluation.ValidationFraction" 0.0 evaluation.ValidationFraction
            yield! Check.range "Evaluation.ValidationFraction" 0.0 0.9 evaluation.ValidationFraction
            yield! Check.atLeast "Evaluation.KnnK" 1 evaluation.KnnK
            yield! Check.above "Evaluation.KnnTemperature" 0.0 evaluation.KnnTemperature
        ]
