namespace SimCLR

/// Batch norm after the last layer of a head.
[<RequireQualifiedAccess>]
type LastNorm =
    /// With a learned scale and no shift, as in SimCLR's reference code.
    | WithoutShift
    /// With a learned scale and shift (NNCLR).
    | Affine
    /// With neither (SimSiam, MoCo v3).
    | WithoutAffine
    /// None (BYOL, Barlow Twins, VICReg).
    | None

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
        /// What batch norm follows the last layer, where there is batch norm.
        [<Neutral "\"WithoutShift\"">]
        LastNorm: LastNorm
        /// The last layer has a bias although there is batch norm.
        [<Neutral "false">]
        LastBias: bool
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
            LastNorm = LastNorm.WithoutShift
            LastBias = false
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
