namespace SimCLR

open MathNet.Numerics.Distributions

/// What some numbers say of their mean.
type Estimate =
    {
        Mean: float
        /// Sample deviation (n - 1); 0 for one number.
        Sd: float
        Count: int
        /// Half the width of Student's 95 % confidence interval of the mean; None for one number.
        HalfWidth: float option
    }

[<RequireQualifiedAccess>]
module Statistics =

    /// Mean and sample deviation (n - 1; 0 for one value).
    let meanAndSd values =
        let mean = List.average values
        let squares = values |> List.sumBy (fun x -> (x - mean) * (x - mean))

        let sd =
            match values with
            | [ _ ] -> 0.0
            | _ -> sqrt (squares / float (values.Length - 1))

        mean, sd

    /// Mean, deviation and confidence interval of one number or more, taken as independent and about normal.
    let estimate values =
        let mean, sd = meanAndSd values
        let count = values.Length

        let halfWidth =
            if count < 2 then
                None
            else
                Some(StudentT.InvCDF(0.0, 1.0, float (count - 1), 0.975) * sd / sqrt (float count))

        {
            Mean = mean
            Sd = sd
            Count = count
            HalfWidth = halfWidth
        }
