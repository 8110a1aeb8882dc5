namespace SimCLR

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open TorchSharp

/// Encoders of your own. What is defined stands for its encoders: called with settings that differ from the defaults, it gives one.
[<AutoOpen>]
module CustomEncoders =

    type Encoder with

        /// Defines an encoder by any module of TorchSharp. Given the images' channels, it gives the length of h and a module from images [N, C, H, W], float32, to
        /// h [N, length]. Its weights, and what it drops in training, are decided by the run's seed.
        /// Settings have their defaults here; a value names those that differ.
        [<CompiledName "Define">]
        static member Define
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                make: Func<Settings, int64, int64 * torch.nn.Module<torch.Tensor, torch.Tensor>>,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            let spec settings =
                Core.Encoders.ModuleEncoderSpec(
                    name,
                    (fun channels -> (make.Invoke(settings, channels)).ToValueTuple())
                )
                :> Core.Encoders.EncoderSpec

            Custom.define
                "encoder"
                name
                version
                settings
                source
                line
                Facts.plain
                (spec >> box)
                make.Method.Module.Assembly
            >> Encoder.Custom
