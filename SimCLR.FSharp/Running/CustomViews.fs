namespace SimCLR

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open SimCLR.Core.Runtime
open SimCLR.Core.Views
open TorchSharp

/// Views of your own. What is defined stands for its views: called with settings that differ from the defaults, it gives one.
[<AutoOpen>]
module CustomViews =

    let private define name version settings source line (code: Delegate) facts (make: Settings -> IView) =
        Custom.define "view" name version settings source line facts (make >> box) code.Method.Module.Assembly
        >> View.Custom

    /// What the view says of images of that side.
    let private sideOf (make: Settings -> IView) settings side =
        LibTorch.Load() |> ignore
        let images = BatchShape(1L, 3L, int64 side, int64 side, torch.CPU)
        int ((make settings).Output(images).Height)

    type View with

        /// Defines a view that keeps the images' shape: what is drawn of each image, by name, with the images as the first dimension and from the generator
        /// alone; and what is made of images [N, C, H, W], float32 in [0, 1], with what was drawn: images of the same shape and range, the ones given unchanged.
        /// Settings have their defaults here; a value names those that differ.
        [<CompiledName "Define">]
        static member Define
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                draw: Func<Settings, BatchShape, torch.Generator, (string * torch.Tensor) list>,
                apply: Func<Settings, torch.Tensor, ViewParameters, torch.Tensor>,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            define name version settings source line apply Facts.plain (fun settings ->
                FunctionView(
                    (fun batch generator ->
                        [
                            for name, tensor in draw.Invoke(settings, batch, generator) -> struct (name, tensor)
                        ]),
                    (fun images parameters -> apply.Invoke(settings, images, parameters))
                ))

        /// The same for a view that changes the images' size, or is a class already: an IView.
        [<CompiledName "Implement">]
        static member Implement
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                make: Func<Settings, IView>,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            define
                name
                version
                settings
                source
                line
                make
                { Facts.plain with
                    Side = sideOf make.Invoke
                }
                make.Invoke
