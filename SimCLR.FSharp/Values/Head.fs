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
        /// One of your own (Head.Define) in the place of the layers, as which it counts for one: the other fields are then those of Head.linear.
        Custom: Custom option
    }

/// Projection heads (SimCLR, section 4.2; v2, section 2.2).
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
            Custom = None
        }

    /// No head: z is h.
    let none = ofDepth 0

    /// One linear layer.
    let linear = ofDepth 1

    /// SimCLR's head: two layers (section 4.2).
    let nonLinear = ofDepth 2

    /// The head that a component of one's own stands in.
    let internal ofCustom custom = { linear with Custom = Some custom }

    let internal problems head =
        [
            match head.Custom with
            | None -> ()
            | Some custom ->
                yield! Custom.problems "head" "Head.Custom" custom

                for path, value, _ in Code.diff head (ofCustom custom) do
                    $"Head.{path} is {value}, but Head.Custom is '{custom.Name}', which it has no effect on; leave it as Head.linear has it, or give that setting to the head of your own."

            yield! Check.between "Head.Depth" 0 64 head.Depth
            yield! Check.between "Head.Output" 1 65536 head.Output
            yield!
                head.Hidden
                |> Option.toList
                |> List.collect (Check.between "Head.Hidden" 1 65536)
        ]
