namespace SimCLR

/// What can be measured while a run trains: of validation images, and of nothing else. No case reads test images.
[<RequireQualifiedAccess>]
type Monitored =
    /// Weighted k-NN (Wu et al. 2018) of the images held out, by the others.
    | NearestNeighbours of KnnSettings
    /// How many dimensions the representations use (RankMe, Garrido et al. 2023); needs no labels.
    | RankMe of Representation
    /// Alignment and uniformity of the views (Wang and Isola 2020); needs no labels.
    | AlignmentUniformity of Representation
    /// One of your own, of features: Measurement.OfFeatures.
    | Custom of Custom

/// Which way a figure is better.
[<RequireQualifiedAccess>]
type Better =
    | Larger
    | Smaller

/// Which weights are left of a training that a figure may end.
[<RequireQualifiedAccess>]
type KeptWeights =
    /// Those of its end.
    | Last
    /// Those of the look at which the figure last improved, whether it ended the training or not.
    | Best

/// When a training ends before its last epoch: a figure has not improved on its best value for so many looks in a row.
[<RequireQualifiedAccess>]
type EarlyStopping =
    {
        /// Its whole name, such as "validation k-NN top-1".
        Figure: string
        /// Looks in a row without an improvement after which training ends.
        Patience: int
        /// The smallest improvement that counts, in the figure's unit; 0: any. Of an accuracy 0.01 is a point.
        Least: float
        Better: Better
        [<Neutral "\"Last\"">]
        Weights: KeptWeights
    }

/// What is measured while a run trains, every so many epochs and at the end, and when training ends by it.
[<RequireQualifiedAccess>]
type Monitor =
    {
        /// Epochs from one look to the next.
        Epochs: int
        Measurements: Monitored list
        /// Training images that are looked at, the same number of each class; all where there are fewer.
        Images: int
        /// Part of them that is held out.
        ValidationFraction: float
        /// Part of the images' side that is kept, at the centre, as Evaluation.CentreCrop; None: all.
        CentreCrop: float option
        EarlyStopping: EarlyStopping option
    }

/// What a monitor measures, with the constants of every run.
[<RequireQualifiedAccess>]
module Monitored =

    /// k-NN with k 200 and temperature 0.1, as every run's.
    let knn = Monitored.NearestNeighbours { K = 200; Temperature = 0.1 }

    /// RankMe of h.
    let rankMe = Monitored.RankMe Representation.H

    /// Alignment and uniformity of h.
    let alignmentUniformity = Monitored.AlignmentUniformity Representation.H

    /// A measurement of your own: Monitored.custom (spread []). Raises WrongValueException for another.
    let custom measurement =
        match measurement with
        | Measurement.Custom c -> Monitored.Custom c
        | other ->
            wrongValue
                $"'{Measurement.label other}' is no measurement of your own; a monitor has Monitored.knn, Monitored.rankMe, Monitored.alignmentUniformity, and what Measurement.OfFeatures defines."

    let private measurement monitored =
        match monitored with
        | Monitored.NearestNeighbours s -> Measurement.NearestNeighbours s
        | Monitored.RankMe of' -> Measurement.RankMe of'
        | Monitored.AlignmentUniformity of' -> Measurement.AlignmentUniformity of'
        | Monitored.Custom c -> Measurement.Custom c

    /// Begins the names of all figures that are monitored: those of test images are named without it.
    [<Literal>]
    let internal Prefix = "validation "

    /// Begins the names of its figures, such as "validation k-NN".
    let label monitored =
        Prefix + Measurement.label (measurement monitored)

    /// Whether it reads labels.
    let needsLabels monitored =
        Measurement.needsLabels (measurement monitored)

    /// The whole names of its figures.
    let internal figures monitored =
        let names =
            match monitored with
            | Monitored.NearestNeighbours _ -> [ "top-1" ]
            | Monitored.RankMe Representation.H -> [ "h" ]
            | Monitored.RankMe Representation.Z -> [ "z" ]
            | Monitored.AlignmentUniformity _ -> [ "alignment"; "uniformity" ]
            | Monitored.Custom c -> Custom.figures c |> List.map fst

        [ for name in names -> $"{label monitored} {name}" ]

    let internal problems field monitored =
        [
            yield! Measurement.problems field (measurement monitored)

            match monitored with
            | Monitored.Custom c when Custom.readsHead c ->
                $"{field} is '{c.Name}', which is given networks and all images, those of the test split too; a monitor has what Measurement.OfFeatures defines."
            | _ -> ()
        ]

/// Monitors: figures every so many epochs, and early stopping by one of them.
[<RequireQualifiedAccess>]
module Monitor =

    /// Those measurements every so many epochs, of 25,000 training images, a fifth held out. It ends nothing.
    let every epochs measurements : Monitor =
        {
            Epochs = epochs
            Measurements = measurements
            Images = 25_000
            ValidationFraction = 0.2
            CentreCrop = None
            EarlyStopping = None
        }

    /// Training ends when that figure, the larger the better, has not improved for so many looks in a row:
    /// Monitor.stopping "validation k-NN top-1" 5.
    let stopping figure patience (monitor: Monitor) =
        { monitor with
            EarlyStopping =
                Some
                    {
                        Figure = figure
                        Patience = patience
                        Least = 0.0
                        Better = Better.Larger
                        Weights = KeptWeights.Last
                    }
        }

    /// The weights that are measured and stored are those of the best look: monitor |> Monitor.stopping "validation k-NN top-1" 5 |> Monitor.keepingBest.
    /// Raises WrongValueException where no figure is named by Monitor.stopping.
    let keepingBest (monitor: Monitor) =
        match monitor.EarlyStopping with
        | Some stopping ->
            { monitor with
                EarlyStopping =
                    Some
                        { stopping with
                            Weights = KeptWeights.Best
                        }
            }
        | None ->
            wrongValue
                "Monitor.keepingBest keeps the weights of the best look, but no figure says which is best; name one by Monitor.stopping first."

    let private stoppingProblems (monitor: Monitor) (stopping: EarlyStopping) =
        [
            let known = monitor.Measurements |> List.collect Monitored.figures

            if not (List.contains stopping.Figure known) then
                let names = known |> List.map (fun name -> $"'{name}'") |> String.concat ", "

                $"Monitor.EarlyStopping.Figure is '{stopping.Figure}', which the monitor does not measure; use one of {names}."
                + Near.question (Near.byKey id stopping.Figure known)

            yield! Check.atLeast "Monitor.EarlyStopping.Patience" 1 stopping.Patience
            yield! Check.finiteFrom "Monitor.EarlyStopping.Least" 0.0 stopping.Least
        ]

    let internal problems hasLabels (monitor: Monitor) =
        [
            yield! Check.atLeast "Monitor.Epochs" 1 monitor.Epochs
            yield! Check.atLeast "Monitor.Images" 4 monitor.Images
            yield! Check.above "Monitor.ValidationFraction" 0.0 monitor.ValidationFraction
            yield! Check.range "Monitor.ValidationFraction" 0.0 0.9 monitor.ValidationFraction

            yield!
                monitor.CentreCrop
                |> Option.toList
                |> List.collect (Check.share "Monitor.CentreCrop")

            if monitor.Measurements.IsEmpty then
                "Monitor.Measurements is empty; give one or more, for example [ Monitored.knn ], or no monitor."

            for i, measurement in List.indexed monitor.Measurements do
                let field = $"Monitor.Measurements[{i}]"
                yield! Monitored.problems field measurement

                if not hasLabels && Monitored.needsLabels measurement then
                    $"{field} is '{Monitored.label measurement}', which reads labels, but the images have none; use Monitored.rankMe."

            for label, count in monitor.Measurements |> List.countBy Monitored.label do
                if count > 1 then
                    $"Monitor.Measurements has {count} that are both '{label}', so that their figures would have one name; keep one."

            yield!
                monitor.EarlyStopping
                |> Option.toList
                |> List.collect (stoppingProblems monitor)
        ]
