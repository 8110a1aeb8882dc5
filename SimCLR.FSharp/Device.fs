namespace SimCLR

open SimCLR.Core.Runtime
open TorchSharp

/// Where runs compute. Not part of a run: the same run can be executed anywhere.
type Device =
    | Cpu
    | Cuda
    /// CUDA where there is one, else the CPU.
    | Auto

[<RequireQualifiedAccess>]
module Device =

    /// Reads "cpu", "cuda" or "auto".
    let parse (text: string) =
        match text.ToLowerInvariant() with
        | "cpu" -> Ok Cpu
        | "cuda" -> Ok Cuda
        | "auto" -> Ok Auto
        | _ -> Error $"There is no device '{text}': choose cpu, cuda or auto."

    /// The device on this machine; fails where CUDA is asked for and absent.
    let internal resolve device =
        LibTorch.Load() |> ignore

        match device with
        | Cpu -> torch.CPU
        | Auto when not (torch.cuda.is_available ()) -> torch.CPU
        | Cuda when not (torch.cuda.is_available ()) ->
            invalidOp (
                "Device is cuda, but libtorch sees no CUDA device here. Use --device cpu, or set SIMCLR_LIBTORCH to the "
                + "lib folder of a PyTorch built for CUDA on a machine with an NVIDIA GPU."
            )
        | Cuda
        | Auto -> torch.CUDA
