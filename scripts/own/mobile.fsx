// A network of inverted residual blocks, as MobileNetV2 is made of (Sandler et al. 2018, 1801.04381, section 3), small enough for images of 32 pixels.
open System
open SimCLR
open TorchSharp
open type TorchSharp.torch.nn

type private Layer = torch.nn.Module<torch.Tensor, torch.Tensor>

/// Convolution and batch norm; depthwise where the groups are the channels.
let private norm (from: int64) (channels: int64) (kernel: int64) (stride: int64) (groups: int64) : Layer list =
    [
        Conv2d(from, channels, kernel, stride, kernel / 2L, groups = groups, bias = false)
        BatchNorm2d channels
    ]

/// Widens by 1x1, filters each channel by 3x3, narrows by 1x1 without an activation; adds its input where the shape stays.
type Block(from: int64, channels: int64, stride: int64, expansion: int64) as this =
    inherit torch.nn.Module<torch.Tensor, torch.Tensor>("Block")

    let wide = from * expansion

    let layers =
        Sequential(
            [|
                yield! norm from wide 1L 1L 1L
                ReLU6() :> Layer
                yield! norm wide wide 3L stride wide
                ReLU6()
                yield! norm wide channels 1L 1L 1L
            |]
        )

    do this.RegisterComponents()

    override _.forward images =
        let made = layers.forward images

        if stride = 1L && from = channels then
            made + images
        else
            made

let mobile =
    Encoder.Define(
        "mobile",
        1,
        [ "width", 1.0; "expansion", 4.0; "dropout", 0.0 ],
        fun s channels ->
            let wide count =
                max 8L (int64 (round (s["width"] * float count)))

            let block from count stride : Layer =
                new Block(wide from, wide count, stride, int64 (s.Whole "expansion"))

            wide 128,
            Sequential(
                [|
                    yield! norm channels (wide 16) 3L 1L 1L
                    ReLU6() :> Layer
                    block 16 24 2L
                    block 24 24 1L
                    block 24 48 2L
                    block 48 48 1L
                    block 48 96 2L
                    yield! norm (wide 96) (wide 128) 1L 1L 1L
                    ReLU6()
                    AdaptiveAvgPool2d 1L
                    Flatten()
                    Dropout s["dropout"]
                |]
            )
    )
