namespace SimCLR

/// How a ResNet begins.
[<RequireQualifiedAccess>]
type Stem =
    /// 7x7 convolution of stride 2 and max pooling.
    | ImageNet
    /// 3x3 convolution of stride 1, no pooling (SimCLR, appendix B.9).
    | Cifar

/// A residual network (He et al. 2016, 1512.03385).
type ResNetSettings =
    {
        /// 18, 34, 50, 101 or 152.
        Depth: int
        /// Multiplies the channels of every layer; 1 is 64, 128, 256, 512.
        Width: float
        Stem: Stem
        /// Starts the last batch norm of every block at 0, as the reference code does.
        ZeroInitResidual: bool
        /// With a ratio (SimCLR v2: 1/16), selective kernels in the place of the 3x3 convolutions, with the stem and shortcuts of ResNet-D.
        /// Needs depth 50 or more.
        SelectiveKernel: float option
    }

/// A vision transformer (Dosovitskiy et al. 2021, 2010.11929).
type ViTSettings =
    {
        /// Side of a patch, pixels; it divides the image's.
        Patch: int
        /// Side of the images that the views make, pixels.
        ImageSize: int
        /// Length of a token and of h; a multiple of the heads.
        Dim: int
        /// Blocks of attention and MLP.
        Depth: int
        Heads: int
        /// The patches' projection stays as it was drawn: stable training without labels (MoCo v3, section 4.2).
        [<Neutral "false">]
        FrozenPatches: bool
    }

/// The network from images to representations h.
[<RequireQualifiedAccess>]
type Encoder =
    | ResNet of ResNetSettings
    /// A vision transformer (2010.11929); h is its class token.
    | ViT of ViTSettings
    /// Stages of 3x3 convolution of stride 2, batch norm and ReLU, with so many channels.
    | SmallConv of channels: int list
    /// One of your own: Encoder.Define.
    | Custom of Custom

/// Encoders, and what of them can be varied.
[<RequireQualifiedAccess>]
module Encoder =

    /// The depths of ResNet that there are.
    let depths = [ 18; 34; 50; 101; 152 ]

    /// A ResNet of width 1 with the CIFAR stem.
    let resNet depth =
        Encoder.ResNet
            {
                Depth = depth
                Width = 1.0
                Stem = Stem.Cifar
                ZeroInitResidual = true
                SelectiveKernel = None
            }

    /// Selective kernels of SimCLR v2, of ratio 1/16; only a ResNet of depth 50 or more can have them.
    let withSelectiveKernel encoder =
        match encoder with
        | Encoder.ResNet r ->
            Encoder.ResNet
                { r with
                    SelectiveKernel = Some(1.0 / 16.0)
                }
        | other -> other

    let private vit dim heads patch imageSize =
        Encoder.ViT
            {
                Patch = patch
                ImageSize = imageSize
                Dim = dim
                Depth = 12
                Heads = heads
                FrozenPatches = false
            }

    /// ViT-Ti: 5.5 million parameters. Patches of 16 pixels on images of 224, of 4 on images of 32.
    let vitTiny patch imageSize = vit 192 3 patch imageSize

    /// ViT-S: 22 million parameters.
    let vitSmall patch imageSize = vit 384 6 patch imageSize

    /// With a projection of the patches that stays as it was drawn; the other encoders stay as they are.
    let withFrozenPatches encoder =
        match encoder with
        | Encoder.ViT v -> Encoder.ViT { v with FrozenPatches = true }
        | other -> other

    /// The side of the images that a transformer is made for; the other encoders take any and stay as they are.
    let withImageSize size encoder =
        match encoder with
        | Encoder.ViT v -> Encoder.ViT { v with ImageSize = size }
        | other -> other

    /// A small convolutional network with three stages.
    let smallConv = Encoder.SmallConv [ 32; 64; 128 ]

    /// Sets the multiple of a ResNet's channels; multiplies those of the small network, of a transformer the heads, in whole ones, with their share of the tokens; of a custom encoder its setting
    /// "width". One without such a setting stays as it is.
    let withWidth width encoder =
        match encoder with
        | Encoder.ViT v ->
            let heads = max 1 (int (round (float v.Heads * width)))

            Encoder.ViT
                { v with
                    Heads = heads
                    Dim = v.Dim / v.Heads * heads
                }
        | Encoder.ResNet r -> Encoder.ResNet { r with Width = width }
        | Encoder.SmallConv channels ->
            Encoder.SmallConv(channels |> List.map (fun count -> int (round (float count * width))))
        | Encoder.Custom c ->
            Encoder.Custom
                { c with
                    Settings = c.Settings |> Map.change "width" (Option.map (fun before -> before * width))
                }

    /// Another stem; the other encoders have none and stay as they are.
    let withStem stem encoder =
        match encoder with
        | Encoder.ResNet r -> Encoder.ResNet { r with Stem = stem }
        | other -> other

    /// Short: "ResNet-18", "ResNet-50 2x", "SmallConv 32-64-128".
    let internal name encoder =
        match encoder with
        | Encoder.ResNet r ->
            let width = r.Width.ToString("R", System.Globalization.CultureInfo.InvariantCulture)
            let times = if r.Width = 1.0 then "" else $" {width}x"
            let kernels = if r.SelectiveKernel.IsSome then " SK" else ""
            $"ResNet-{r.Depth}{times}{kernels}"
        | Encoder.SmallConv channels ->
            let channels = channels |> List.map string |> String.concat "-"
            $"SmallConv {channels}"
        | Encoder.ViT v -> $"ViT {v.Dim}-{v.Depth}/{v.Patch}"
        | Encoder.Custom c -> c.Name

    let internal problems encoder =
        match encoder with
        | Encoder.ResNet r ->
            [
                if not (List.contains r.Depth depths) then
                    let choices = depths |> List.map string |> String.concat ", "
                    $"Encoder.Depth is {r.Depth}; choose one of {choices}."

                yield! Check.range "Encoder.Width" (1.0 / 64.0) 64.0 r.Width

                match r.SelectiveKernel with
                | None -> ()
                | Some ratio ->
                    yield! Check.range "Encoder.SelectiveKernel" (1.0 / 1024.0) 1.0 ratio

                    if r.Depth < 50 then
                        $"Encoder.SelectiveKernel needs bottlenecks, and depth {r.Depth} has none; choose depth 50, 101 or 152, or None."
            ]
        | Encoder.ViT v ->
            [
                yield! Check.atLeast "Encoder.Patch" 1 v.Patch
                yield! Check.atLeast "Encoder.ImageSize" 1 v.ImageSize
                yield! Check.atLeast "Encoder.Dim" 1 v.Dim
                yield! Check.atLeast "Encoder.Depth" 1 v.Depth
                yield! Check.atLeast "Encoder.Heads" 1 v.Heads

                if v.Patch >= 1 && v.ImageSize >= 1 && v.ImageSize % v.Patch <> 0 then
                    $"Encoder.Patch is {v.Patch}, which does not divide ImageSize {v.ImageSize}; choose one that does, such as 4 for 32."

                if v.Heads >= 1 && v.Dim >= 1 && v.Dim % v.Heads <> 0 then
                    $"Encoder.Heads is {v.Heads}, which does not divide Dim {v.Dim}; choose one that does, such as 64 of Dim per head."
            ]
        | Encoder.Custom c -> Custom.problems "encoder" "Encoder" c
        | Encoder.SmallConv [] ->
            [
                "Encoder.SmallConv has no stage; give one or more, for example [ 32; 64; 128 ]."
            ]
        | Encoder.SmallConv channels ->
            [
                yield! channels |> List.collect (Check.between "Encoder.SmallConv channels" 1 16384)

                if channels.Length > 16 then
                    $"Encoder.SmallConv has {channels.Length} stages; use 16 at most: each halves the image's side."
            ]

    /// What is wrong with the encoder for further views that make images of that side: a transformer's positions are interpolated.
    let internal patchProblems name (side: int) encoder =
        match encoder with
        | Encoder.ViT v when v.Patch >= 1 && side % v.Patch <> 0 ->
            [
                $"{name} makes images of side {side}, which Encoder.Patch {v.Patch} does not divide; use another crop size, for example {max 1 (side / v.Patch) * v.Patch}."
            ]
        | _ -> []

    /// What is wrong with the encoder for images of that side.
    let internal sizeProblems (side: int) encoder =
        match encoder with
        | Encoder.ViT v when v.ImageSize <> side ->
            [
                $"Encoder.ImageSize is {v.ImageSize}, but the views make images of side {side}; use Encoder.withImageSize {side}."
            ]
        | _ -> []
