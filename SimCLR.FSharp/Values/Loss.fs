namespace SimCLR

/// Which views of the other images an anchor is set against.
[<RequireQualifiedAccess>]
type Negatives =
    /// Those of the other view: N - 1 for each of the N first views, as the paper has it where it compares losses (appendix B.10).
    | OneView
    /// All: 2N - 2 for each of the 2N views (SimCLR, equation 1).
    | BothViews

/// NT-Xent (SimCLR, equation 1).
type NtXentSettings =
    {
        /// Similarities are divided by it; above 0.
        Temperature: float
        /// Cosine similarity (the paper's) or the plain dot product.
        Normalize: bool
        [<Neutral "\"BothViews\"">]
        Negatives: Negatives
    }

/// NT-Logistic (SimCLR, table 2, appendix B.10).
type NtLogisticSettings =
    {
        /// Similarities are divided by it; above 0.
        Temperature: float
        /// One semi-hard negative per anchor instead of all.
        SemiHard: bool
    }

/// The margin triplet loss (SimCLR, table 2, appendix B.10).
type MarginSettings =
    {
        /// From 0 to below 2.
        Margin: float
        /// One semi-hard negative per anchor instead of all.
        SemiHard: bool
    }

/// Hard negatives (Robinson et al. 2021, 2010.04592), and the debiased loss (Chuang et al. 2020, 2007.00224).
type HardNegativeSettings =
    {
        /// Similarities are divided by it; above 0.
        Temperature: float
        /// How much harder negatives weigh; 0 gives the debiased loss.
        Beta: float
        /// How often a negative is of the anchor's class, from 0 to below 1.
        PositivePrior: float
    }

/// The loss of the two views' embeddings.
[<RequireQualifiedAccess>]
type Loss =
    /// SimCLR, equation 1.
    | NtXent of NtXentSettings
    /// SimCLR, Table 2.
    | NtLogistic of NtLogisticSettings
    /// SimCLR, Table 2.
    | MarginTriplet of MarginSettings
    /// Decoupled contrastive (Yeh et al. 2022).
    | Dcl of temperature: float
    /// Hard negatives (Robinson et al. 2021); debiased (Chuang et al. 2020) where beta is 0.
    | HardNegative of HardNegativeSettings
    /// Supervised contrastive (Khosla et al. 2020): reads the labels.
    | SupCon of temperature: float
    /// That of the run's method, which is not SimCLR.
    | OfMethod
    /// One of your own: Loss.Define.
    | Custom of Custom

/// Losses of two views' embeddings, and what of them can be varied.
[<RequireQualifiedAccess>]
module Loss =

    /// The normalized temperature-scaled cross-entropy (SimCLR, equation 1).
    let ntXent temperature =
        Loss.NtXent
            {
                Temperature = temperature
                Normalize = true
                Negatives = Negatives.BothViews
            }

    /// With negatives of one view alone, as the losses have that NT-Xent is compared with; other losses than NT-Xent have one view's already, or both.
    let withNegatives negatives loss =
        match loss with
        | Loss.NtXent s -> Loss.NtXent { s with Negatives = negatives }
        | other -> wrongValue $"{other} has no choice of negatives; NtXent has."

    /// The logistic loss over all negatives (SimCLR, Table 2).
    let ntLogistic temperature =
        Loss.NtLogistic
            {
                Temperature = temperature
                SemiHard = false
            }

    /// The margin triplet loss over all negatives (SimCLR, Table 2).
    let marginTriplet margin =
        Loss.MarginTriplet { Margin = margin; SemiHard = false }

    /// Decoupled contrastive loss, for small batches.
    let dcl temperature = Loss.Dcl temperature

    /// Debiased contrastive loss: negatives corrected for the part that is of the anchor's class.
    let debiased temperature positivePrior =
        Loss.HardNegative
            {
                Temperature = temperature
                Beta = 0.0
                PositivePrior = positivePrior
            }

    /// Contrastive loss in which harder negatives weigh more.
    let hardNegative temperature beta positivePrior =
        Loss.HardNegative
            {
                Temperature = temperature
                Beta = beta
                PositivePrior = positivePrior
            }

    /// Supervised contrastive loss.
    let supCon temperature = Loss.SupCon temperature

    /// With one semi-hard negative per anchor; other losses than NT-Logistic and margin triplet have no such form.
    let semiHard loss =
        match loss with
        | Loss.NtLogistic s -> Loss.NtLogistic { s with SemiHard = true }
        | Loss.MarginTriplet s -> Loss.MarginTriplet { s with SemiHard = true }
        | other -> wrongValue $"{other} has no semi-hard form; NtLogistic and MarginTriplet have."

    /// What its case is called.
    let internal name loss =
        match loss with
        | Loss.NtXent _ -> nameof Loss.NtXent
        | Loss.NtLogistic _ -> nameof Loss.NtLogistic
        | Loss.MarginTriplet _ -> nameof Loss.MarginTriplet
        | Loss.Dcl _ -> nameof Loss.Dcl
        | Loss.HardNegative _ -> nameof Loss.HardNegative
        | Loss.SupCon _ -> nameof Loss.SupCon
        | Loss.OfMethod -> nameof Loss.OfMethod
        | Loss.Custom c -> c.Name

    /// A custom loss's setting of that name is its temperature.
    let private temperatureSetting = "temperature"

    /// The loss's temperature; None for the margin triplet loss, which has none, and for a custom one without a setting of that name.
    let temperature loss =
        match loss with
        | Loss.NtXent s -> Some s.Temperature
        | Loss.NtLogistic s -> Some s.Temperature
        | Loss.HardNegative s -> Some s.Temperature
        | Loss.Dcl temperature
        | Loss.SupCon temperature -> Some temperature
        | Loss.Custom c -> c.Settings.TryFind temperatureSetting
        | Loss.MarginTriplet _
        | Loss.OfMethod -> None

    /// Another temperature; fails for a loss that has none.
    let withTemperature temperature loss =
        match loss with
        | Loss.NtXent s -> Loss.NtXent { s with Temperature = temperature }
        | Loss.NtLogistic s -> Loss.NtLogistic { s with Temperature = temperature }
        | Loss.HardNegative s -> Loss.HardNegative { s with Temperature = temperature }
        | Loss.Dcl _ -> Loss.Dcl temperature
        | Loss.SupCon _ -> Loss.SupCon temperature
        | Loss.MarginTriplet _ ->
            wrongValue "The margin triplet loss has no temperature; vary its margin, or another loss."
        | Loss.OfMethod -> wrongValue "The loss is the method's; use Method.withTemperature and Run.withMethod."
        | Loss.Custom c when c.Settings.ContainsKey temperatureSetting ->
            Loss.Custom
                { c with
                    Settings = c.Settings.Add(temperatureSetting, temperature)
                }
        | Loss.Custom c -> wrongValue $"The custom loss '{c.Name}' has no setting '{temperatureSetting}'."

    /// Whether embeddings are normalized.
    let isNormalized loss =
        match loss with
        | Loss.NtXent s -> s.Normalize
        | _ -> true

    let internal problems loss =
        [
            yield!
                temperature loss
                |> Option.toList
                |> List.collect (Check.above "Loss.Temperature" 0.0)

            match loss with
            | Loss.MarginTriplet s -> yield! Check.range "Loss.Margin" 0.0 1.999 s.Margin
            | Loss.HardNegative s ->
                yield! Check.range "Loss.Beta" 0.0 999.0 s.Beta
                yield! Check.range "Loss.PositivePrior" 0.0 0.999 s.PositivePrior
            | Loss.Custom c -> yield! Custom.problems "loss" "Loss" c
            | _ -> ()
        ]
