namespace SimCLR

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open SimCLR.Core.Images
open SimCLR.Core.Runtime

/// Images of your own. What is defined stands for its images: called with settings that differ from the defaults, it gives some.
[<AutoOpen>]
module CustomImages =

    type Images with

        /// Defines images of one size: their side in pixels, known before they are read; what loads training and test images, [N, C, side, side]; and
        /// a text that changes with their content, which is asked for before every sweep: results of other content are put aside. Where they lie is
        /// none of the value. Settings have their defaults here; a value names those that differ. Labels of images without are -1 (labelled = false).
        [<CompiledName "Define">]
        static member Define
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                side: Func<Settings, int>,
                load: Func<Settings, ImageSplits>,
                fingerprint: Func<Settings, string>,
                [<Optional; DefaultParameterValue 3>] channels: int,
                [<Optional; DefaultParameterValue true>] labelled: bool,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            let facts =
                { Facts.plain with
                    Side = fun settings _ -> side.Invoke settings
                    Channels = channels
                    HasLabels = labelled
                }

            let make settings =
                let load () =
                    LibTorch.Load() |> ignore
                    load.Invoke settings

                DefinedImages(
                    name,
                    side.Invoke settings,
                    channels,
                    labelled,
                    load,
                    (fun () -> fingerprint.Invoke settings)
                )

            Custom.define "images" name version settings source line facts (make >> box) load.Method.Module.Assembly
            >> fun custom ->
                {
                    Source = ImageSource.Custom custom
                    TrainLimit = None
                }
