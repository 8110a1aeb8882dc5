namespace SimCLR

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open SimCLR.Core.Evaluation
open TorchSharp

/// Measurements of your own. What is defined stands for its measurements: called with settings that differ from the defaults, it gives one.
[<AutoOpen>]
module CustomMeasurements =

    let private define
        name
        version
        settings
        figures
        source
        line
        (code: Delegate)
        facts
        (make: Settings -> IMeasurement)
        =
        GivenFigures.checkDefined name figures

        Custom.define
            "measurement"
            name
            version
            settings
            source
            line
            { facts with Figures = figures }
            (make >> box)
            code.Method.Module.Assembly
        >> Measurement.Custom

    type Measurement with

        /// Defines a measurement by a function of the representations h of the training images and of the test images, which gives figures by name. Their
        /// names and units are said beforehand; some may be missing. Whatever the function chooses, it chooses on training images. Settings have their defaults here; a
        /// value names those that differ. Where it needs labels, it is left out on images that have none.
        [<CompiledName "OfFeatures">]
        static member OfFeatures
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                figures: (string * FigureUnit) seq,
                measure: Func<Settings, FeatureTable, FeatureTable, (string * float) list>,
                [<Optional; DefaultParameterValue false>] needsLabels: bool,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            let figures = List.ofSeq figures

            let facts =
                { Facts.plain with
                    NeedsLabels = needsLabels
                }

            define name version settings figures source line measure facts (fun settings ->
                FeatureMeasurement(
                    name,
                    figures,
                    needsLabels,
                    (fun train test -> measure.Invoke(settings, train, test))
                ))

        /// The same by a function of the networks, the images and what is known of them, for what features do not tell. What it draws, it draws from
        /// pretrained.Streams; all that its figures depend on besides networks and images stands in its settings.
        [<CompiledName "Define">]
        static member Define
            (
                name: string,
                version: int,
                settings: (string * float) seq,
                figures: (string * FigureUnit) seq,
                measure: Func<Settings, Pretrained, (string * float) list>,
                [<Optional; DefaultParameterValue false>] needsLabels: bool,
                [<CallerFilePath; Optional; DefaultParameterValue "">] source: string,
                [<CallerLineNumber; Optional; DefaultParameterValue 0>] line: int
            ) =
            let figures = List.ofSeq figures

            let facts =
                { Facts.plain with
                    NeedsLabels = needsLabels
                    ReadsHead = true
                }

            define name version settings figures source line measure facts (fun settings ->
                { new IMeasurement with
                    member _.Measure pretrained =
                        use _scope = torch.NewDisposeScope()
                        GivenFigures.take name figures (fun () -> measure.Invoke(settings, pretrained)) :> _
                })
