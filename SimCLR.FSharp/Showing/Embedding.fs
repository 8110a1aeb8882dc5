namespace SimCLR

open System
open System.IO
open Plotly.NET
open SimCLR.Core.Evaluation
open SimCLR.Core.Images
open SimCLR.Core.Runtime

/// What an encoder makes of test images, before and after training.
type Embedding =
    {
        /// Whose encoder, in words.
        Run: string
        /// Class names and the colours of their points, as CSS writes them; none where there are too many to tell apart.
        Classes: (string * string) list
        /// Titles and maps.
        Maps: (string * GenericChart) list
        /// Captions and PNGs of images with their nearest neighbours.
        Retrievals: (string * string) list
    }

/// Maps of stored representations in two dimensions.
[<RequireQualifiedAccess>]
module Embedding =

    /// More names than this make no legend.
    let private mostNames = 20

    /// Fewer images than this make no map.
    let private fewestImages = 10

    let private neighbours = 8

    let private before (samples: FeatureSamples) =
        [ "untrained", samples.Untrained; "pretrained", samples.Trained ]

    let private maps classes (samples: FeatureSamples) =
        let labels = [ for label in samples.Labels -> int label ]

        [
            for method, project in [ "Principal components", Projection.Pca; "t-SNE", Projection.TSne ] do
                for name, sample in before samples ->
                    let points = project sample |> Seq.map (fun struct (x, y) -> x, y) |> Seq.toList
                    $"{method}, {name}", Plot.map classes labels points
        ]

    let private retrievals folder test (samples: FeatureSamples) =
        [
            for name, sample in before samples ->
                let nearest = Retrieval.Nearest(sample, neighbours)
                let path = Path.Combine(folder, $"retrieval-{name}.png")
                Retrieval.WriteSheet(path, nearest, samples, test)

                let share = Retrieval.Precision(nearest, samples.Labels)

                $"{name}: of the {neighbours} nearest neighbours of all {samples.Labels.Count} images, {Statistics.percent share} %% are of the same class",
                path
        ]

    /// The run's test images, where they are at hand and still as many as were sampled.
    let private testImages executor run (samples: FeatureSamples) =
        try
            let test = (Executor.load executor run).Test

            if samples.Labels.Count >= fewestImages && Seq.max samples.Indices < test.Count then
                Some test
            else
                None
        with :? ImageSourceException ->
            None

    let private make folder run (samples: FeatureSamples) test =
        let classes = List.ofSeq samples.ClassNames

        {
            Run = run
            Classes =
                if classes.Length > mostNames then
                    []
                else
                    [
                        for i, name in List.indexed classes -> name, ChartStyle.classColour classes.Length i
                    ]
            Maps = maps classes samples
            Retrievals = retrievals folder test samples
        }

    /// Of the run with the highest validation accuracy among those whose representations are stored, or, where none has one, of the first;
    /// writes its pictures into a folder. None where there is no such run, or its images are not there.
    let ofBest folder (results: Results) (executor: Executor) =
        LibTorch.Load() |> ignore

        let validated, others =
            Results.outcomes results
            |> List.partition (snd >> Results.chooser.Get >> Double.IsFinite)

        [
            for cell, _ in validated |> List.sortByDescending (snd >> Results.chooser.Get) ->
                cell, $"the run that is best on validation images ({Grid.label cell})"
            for cell, _ in others ->
                cell, $"the first run ({Grid.label cell}; none has a validation accuracy to be chosen by)"
        ]
        |> List.tryPick (fun (cell, words) ->
            Store.trySamples cell.Run executor.Store
            |> Option.map (fun samples -> cell, words, samples))
        |> Option.bind (fun (cell, words, samples) ->
            testImages executor cell.Run samples |> Option.map (make folder words samples))
