namespace SimCLR

/// Which encoders and heads stay in the store when all that was asked for has been measured. Without them, a measurement that is asked for
/// later trains the run again.
[<RequireQualifiedAccess>]
type KeepEncoder =
    | Always
    /// Up to so many bytes of both.
    | UpTo of bytes: int64
    | Never
