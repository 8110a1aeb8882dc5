namespace SimCLR

/// How a ResNet begins.
[<RequireQualifiedAccess>]
type Stem =
    /// 7x7 convolution of stride 2 and max pooling.
    | ImageNet
    /// 3x3 convolution of stride 1, no pooling (SimCLR, appendix B.9).
    | Cifar

type ResNetSettings =
    {
        /// 18, 34, 50, 101 or 152.
        Depth: int
        /// Multiplies the channels of every layer; 1 is 64, 128, 256, 512.
        Width: float
        Stem: Stem
        /// Starts the last batch norm of every block at 0, as the reference code does.
        ZeroInitResidual: bool
    }

/// The network from images to representations h.
[<RequireQualifiedAccess>]
type Encoder =
    | ResNet of ResNetSettings
    /// Stages of 3x3 convolution of stride 2, batch norm and ReLU, with so many channels.
    | SmallConv of channels: int list

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
            }

    /// A small convolutional network with three stages.
    let smallConv = Encoder.SmallConv [ 32; 64; 128 ]

    /// Multiplies the channels of every layer.
    let withWidth width encoder =
        match encoder with
        | Encoder.ResNet r -> Encoder.ResNet { r with Width = width }
        | Encoder.SmallConv channels ->
            Encoder.SmallConv(channels |> List.map (fun count -> int (round (float count * width))))

    /// Another stem; a small convolutional network has none and stays as it is.
    let withStem stem encoder =
        match encoder with
        | Encoder.ResNet r -> Encoder.ResNet { r with Stem = stem }
        | other -> other

    let internal problems encoder =
        match encoder with
        | Encoder.ResNet r ->
            [
                if not (List.contains r.Depth depths) then
                    let choices = depths |> List.map string |> String.concat ", "
                    $"Encoder.Depth is {r.Depth}; choose one of {choices}."

                yield! Check.range "Encoder.Width" (1.0 / 64.0) 64.0 r.Width
            ]
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
