namespace SimCLR

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open SimCLR.Core.Optimizers

/// Optimizers of your own. What is defined stands for its optimizers: called with settings that differ from the defaults, it gives one.
[<AutoOpen>]
module CustomOptimizers =

    type Optimizer with

        /// Defines an optimizer by the names of its states and what a step does to each number by itself: the function changes Weights and States in
        /// place, by Gradients, Rate and Step. States are part of checkpoints. Settings have their defaults here; a value names those that differ.
        [<CompiledName "Define">]
        static member Define
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                states: string seq,
                update: Action<Settings, OptimizerUpdate>,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            let states = Array.ofSeq states

            let spec settings =
                FunctionOptimizerSpec(states, (fun step -> update.Invoke(settings, step))) :> OptimizerSpec

            Custom.define
                "optimizer"
                name
                version
                settings
                source
                line
                Facts.plain
                (spec >> box)
                update.Method.Module.Assembly
            >> Optimizer.Custom
