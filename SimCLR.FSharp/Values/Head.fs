namespace SimCLR

/// The projection head, from h to the z that the loss sees; evaluation uses h.
type Head =
    {
        /// Linear layers: 0 is no head, 1 linear, 2 SimCLR's non-linear head, 3 v2's.
        Depth: int
        /// Length of z; without effect at depth 0.
        Output: int
        /// Width of the hidden layers; None: that of h, as in the reference code.
        Hidden: int option
        /// Batch norm after every layer, as in the reference code.
        BatchNorm: bool
    }

[<RequireQualifiedAccess>]
module Head =

    /// A head of that depth, output 128, with batch norm.
    let ofDepth depth =
        {
            Depth = depth
            Output = 128
            Hidden = None
            BatchNorm = true
        }

    /// No head: z is h.
    let none = ofDepth 0

    /// One linear layer.
    let linear = ofDepth 1

    /// SimCLR's head: two layers (section 4.2).
    let nonLinear = ofDepth 2

    let internal problems head =
        [
            yield! Check.between "Head.Depth" 0 64 head.Depth
            yield! Check.between "Head.Output" 1 65536 head.Output
            yield!
                head.Hidden
                |> Option.toList
                |> List.collect (Check.between "Head.Hidden" 1 65536)
        ]
