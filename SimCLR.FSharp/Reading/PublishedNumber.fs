namespace SimCLR

open System.Globalization

/// A published number, as far as it is printed.
[<RequireQualifiedAccess>]
type PublishedNumber =
    | Exactly of float
    /// Printed as "about", or read off a picture.
    | About of float
    /// Printed as a bound.
    | Below of float

    /// By which it is ordered.
    member number.Value =
        match number with
        | Exactly x
        | About x
        | Below x -> x

    override number.ToString() =
        let text = number.Value.ToString("0.0##", CultureInfo.InvariantCulture)

        match number with
        | Exactly _ -> text
        | About _ -> $"about {text}"
        | Below _ -> $"below {text}"
