namespace SimCLR

open System
open System.Globalization
open MathNet.Numerics.Distributions
open MathNet.Numerics.Statistics

/// What the seeds of a setting say of its mean.
type Estimate =
    {
        Mean: float
        /// Sample deviation (n - 1); None for one number.
        Sd: float option
        Count: int
        /// Half the width of Student's 95 % confidence interval of the mean; None for one number.
        HalfWidth: float option
    }

/// A mean with what it is a mean of, which decides how its spread is shown.
[<RequireQualifiedAccess>]
type Spread =
    /// The seeds of one setting.
    | Seeds of Estimate
    /// So many settings: the mean of their means over seeds, the smallest and the largest of these. No deviation: settings are no sample.
    | Settings of mean: float * smallest: float * largest: float * count: int

    /// The mean over seeds, or of the settings' means.
    member spread.Mean =
        match spread with
        | Seeds estimate -> estimate.Mean
        | Settings(mean, _, _, _) -> mean

    /// Lower and upper end of what is drawn around the mean: a deviation over seeds to either side, or the smallest and the largest setting.
    /// None for one seed.
    member spread.Ends =
        match spread with
        | Seeds estimate -> estimate.Sd |> Option.map (fun sd -> estimate.Mean - sd, estimate.Mean + sd)
        | Settings(_, smallest, largest, _) -> Some(smallest, largest)

/// Means, deviations and intervals of a few numbers.
[<RequireQualifiedAccess>]
module Statistics =

    /// Half the width of Student's confidence interval of that level, such as 0.95, of a mean with that sample deviation over so many numbers,
    /// taken as independent and about normal.
    let halfWidth level sd count =
        StudentT.InvCDF(0.0, 1.0, float (count - 1), (1.0 + level) / 2.0) * sd
        / sqrt (float count)

    /// Mean, deviation and 95 % confidence interval of one number or more.
    let estimate (values: float list) =
        let count = values.Length

        let sd =
            if count > 1 then
                Some(ArrayStatistics.StandardDeviation(Array.ofList values))
            else
                None

        {
            Mean = List.average values
            Sd = sd
            Count = count
            HalfWidth = sd |> Option.map (fun sd -> halfWidth 0.95 sd count)
        }

    /// The spread of numbers, each with its setting: over the seeds of a single setting, over the means of several. None without a number.
    let spread (values: ('Setting * float) list) =
        match values |> List.groupBy fst with
        | [] -> None
        | [ _, seeds ] -> Some(Spread.Seeds(estimate (List.map snd seeds)))
        | settings ->
            let means = [ for _, seeds in settings -> seeds |> List.averageBy snd ]
            Some(Spread.Settings(List.average means, List.min means, List.max means, means.Length))

    /// A number to so many digits after the point, halves away from zero. What floating point adds behind the fifteenth digit is dropped first, so
    /// that a mean is written alike however it was summed.
    let text (digits: int) (x: float) =
        if abs x < 1e12 then
            Math
                .Round(decimal x, digits, MidpointRounding.AwayFromZero)
                .ToString($"F{digits}", CultureInfo.InvariantCulture)
        else
            x.ToString($"F{digits}", CultureInfo.InvariantCulture)

    /// A fraction in percent, to one digit: every accuracy is written so, and reads alike wherever it stands.
    let percent (share: float) = text 1 (100.0 * share)
