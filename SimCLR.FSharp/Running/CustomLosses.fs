namespace SimCLR

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open SimCLR.Core.Differentiation
open SimCLR.Core.Losses
open TorchSharp

/// Losses of your own. What is defined stands for its losses: called with settings that differ from the defaults, it gives one.
[<AutoOpen>]
module CustomLosses =

    let private define name version settings source line (code: Delegate) (make: Settings -> ILoss) =
        let value =
            Custom.define
                "loss"
                name
                version
                settings
                source
                line
                Facts.plain
                (make >> box)
                (code.Method.Module.Assembly)

        value >> Loss.Custom

    type Loss with

        /// Defines a loss of two views' embeddings: a pure function of z, [N, D] each, float32 on any device, to a scalar that can be differentiated.
        /// It is asked for the whole batch, also where the batch goes through the encoder in parts.
        /// Settings have their defaults here; a value names those that differ.
        [<CompiledName "Define">]
        static member Define
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                compute: Func<Settings, torch.Tensor, torch.Tensor, torch.Tensor>,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            define name version settings source line compute (fun settings ->
                FunctionLoss(fun a b -> compute.Invoke(settings, a, b)))

        /// The same for a loss that reads labels, or knows its value of embeddings that have collapsed: an ILoss.
        [<CompiledName "Implement">]
        static member Implement
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                make: Func<Settings, ILoss>,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            define name version settings source line make make.Invoke

        /// Defines a loss in values that are differentiated, without a tensor: what Diff.check and Diff.grad take, a training takes.
        [<CompiledName "OfValues">]
        static member OfValues
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                compute: Func<Settings, Value, Value, Value>,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            define name version settings source line compute (fun settings ->
                ValueLoss(fun a b -> compute.Invoke(settings, a, b)))
