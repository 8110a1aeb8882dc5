namespace SimCLR

/// What a figure is counted in.
[<RequireQualifiedAccess>]
type FigureUnit =
    /// A number.
    | Plain
    /// A fraction, shown in percent.
    | Share
    | Nats
