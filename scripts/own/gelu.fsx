// A head of two layers with GELU between them, and layer norm in the place of batch norm.
open SimCLR
open TorchSharp
open type TorchSharp.torch.nn

type Layer = torch.nn.Module<torch.Tensor, torch.Tensor>

let head =
    Head.Define(
        "gelu",
        1,
        [ ("output", 128.0) ],
        fun s size ->
            let output = int64 (s.Whole "output")

            let layers: Layer array =
                [| Linear(size, size); LayerNorm size; GELU(); Linear(size, output) |]

            output, Sequential layers
    )
