namespace SimCLR

open System

/// A value that cannot be: the message names it, its limit and a remedy. It prints as that message, without a stack, which is what a script that ends
/// with it shows.
[<Sealed>]
type WrongValueException(message: string) =
    inherit ArgumentException(message)
    override error.ToString() = error.Message

/// A run that has come to nothing: the message says why. It prints as that message.
[<Sealed>]
type RunFailedException(message: string) =
    inherit InvalidOperationException(message)
    override error.ToString() = error.Message

[<AutoOpen>]
module internal WrongValue =

    /// Ends with what is wrong.
    let wrongValue (message: string) = raise (WrongValueException message)
