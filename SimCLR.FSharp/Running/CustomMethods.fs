namespace SimCLR

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open SimCLR.Core.Methods

/// Methods of your own. What is defined stands for its methods: called with settings that differ from the defaults, it gives one.
[<AutoOpen>]
module CustomMethods =

    type Method with

        /// Defines a method by what makes it around networks: an IMethod says which networks see which views, the loss of what they give, and what moves after a
        /// step. What it draws, it draws from context.Streams; what moves stands in its State, which is part of checkpoints.
        /// Settings have their defaults here; a value names those that differ.
        [<CompiledName "Define">]
        static member Define
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                make: Func<Settings, MethodContext, IMethod>,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            let spec settings =
                FunctionMethodSpec(fun context -> make.Invoke(settings, context)) :> IMethodSpec

            Custom.define
                "method"
                name
                version
                settings
                source
                line
                Facts.plain
                (spec >> box)
                make.Method.Module.Assembly
            >> Method.Custom
