namespace SimCLR

open SimCLR.Core.Runtime
open TorchSharp

/// Where runs compute. Not part of a run: the same run can be executed anywhere.
type Device =
    | Cpu
    | Cuda
    /// CUDA where there is one, else the CPU.
    | Auto

/// Devices by their names.
[<RequireQualifiedAccess>]
module Device =

    /// Reads "cpu", "cuda" or "auto".
    let parse (text: string) =
        match text.ToLowerInvariant() with
        | "cpu" -> Ok Cpu
        | "cuda" -> Ok Cuda
        | "auto" -> Ok Auto
        | _ -> Error $"There is no device '{text}': choose cpu, cuda or auto."

    /// What is wrong with it on this machine, in words.
    let internal problems device =
        LibTorch.Load() |> ignore

        if device = Cuda && not (torch.cuda.is_available ()) then
            [
                "Device is cuda, but libtorch sees no CUDA device here. Use --device cpu, or set SIMCLR_LIBTORCH to the "
                + "lib folder of a PyTorch built for CUDA on a machine with an NVIDIA GPU (./simclr doctor says more)."
            ]
        else
            []

    /// The device on this machine; fails where CUDA is asked for and absent.
    let internal resolve device =
        match device, problems device with
        | Cpu, _ -> torch.CPU
        | Auto, _ when not (torch.cuda.is_available ()) -> torch.CPU
        | _, wrong :: _ -> invalidOp wrong
        | _ -> torch.CUDA
