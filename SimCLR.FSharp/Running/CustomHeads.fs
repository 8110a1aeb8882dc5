namespace SimCLR

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open SimCLR.Core.Heads
open TorchSharp

/// Projection heads of your own. What is defined stands for its heads: called with settings that differ from the defaults, it gives one.
[<AutoOpen>]
module CustomHeads =

    type Head with

        /// Defines a projection head by any module of TorchSharp. Given the length of h, it gives the length of z and a module from h [N, length], float32, to
        /// z [N, length]. Its weights, and what it drops in training, are decided by the run's seed.
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
                HeadSpec(Own = (fun size -> (make.Invoke(settings, size)).ToValueTuple()))

            Custom.define "head" name version settings source line Facts.plain (spec >> box) make.Method.Module.Assembly
            >> Head.ofCustom
