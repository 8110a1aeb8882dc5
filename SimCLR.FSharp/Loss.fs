namespace SimCLR

type NtXentSettings =
    {
        /// Similarities are divided by it; above 0.
        Temperature: float
        /// Cosine similarity (the paper's) or the plain dot product.
        Normalize: bool
    }

/// The loss of the two views' embeddings.
[<RequireQualifiedAccess>]
type Loss = NtXent of NtXentSettings

[<RequireQualifiedAccess>]
module Loss =

    /// The normalized temperature-scaled cross-entropy (SimCLR, equation 1).
    let ntXent temperature =
        Loss.NtXent
            {
                Temperature = temperature
                Normalize = true
            }

    /// The loss's temperature.
    let temperature loss =
        match loss with
        | Loss.NtXent s -> s.Temperature

    /// Another temperature.
    let withTemperature temperature loss =
        match loss with
        | Loss.NtXent s -> Loss.NtXent { s with Temperature = temperature }

    /// Whether embeddings are normalized.
    let isNormalized loss =
        match loss with
        | Loss.NtXent s -> s.Normalize

    let internal problems loss =
        match loss with
        | Loss.NtXent s -> Check.above "Loss.Temperature" 0.0 s.Temperature
