namespace SimCLR

/// What a logging interval of training saw.
type CurvePoint =
    {
        Step: int64
        /// Passes over the images done, with their fraction.
        Epoch: float
        /// Mean over the interval.
        Loss: float
        LearningRate: float
        /// L2 norm over all parameters.
        GradientNorm: float
        ImagesPerSecond: float
    }

/// What a run came to. Accuracies are fractions of the test images.
type Outcome =
    {
        /// Linear probe of the trained encoder.
        LinearTop1: float
        /// Linear probe of the same encoder before training.
        LinearTop1Untrained: float
        /// k-NN of the trained encoder.
        KnnTop1: float
        /// k-NN of the same encoder before training.
        KnnTop1Untrained: float
        /// Mean loss of the last epoch.
        FinalLoss: float
        /// Mean entropy of the softmax over the batch in the last epoch, in nats.
        Entropy: float
        /// How often the positive was the most similar of the batch, in the last epoch.
        ContrastiveTop1: float
        /// Strength that the linear probe chose.
        L2: float
        Steps: int64
        /// Wall time of training and evaluation.
        Seconds: float
        /// Of the training loop.
        ImagesPerSecond: float
        Curve: CurvePoint list
        /// Figures of the run's Evaluation.Measurements, by name, in their order.
        Measured: (string * float) list
    }

/// Why a run has no outcome.
type Failure =
    {
        /// In a line.
        Reason: string
        Detail: string
    }

/// What to read off an outcome.
type Metric =
    {
        Name: string
        /// "%" for fractions that are shown in percent, else a unit or nothing.
        Unit: string
        /// NaN where the outcome has no such figure; tables leave it out and show "–" where there is none at all.
        Get: Outcome -> float
    }

[<RequireQualifiedAccess>]
module Outcome =

    let private metric name unit get = { Name = name; Unit = unit; Get = get }

    /// Linear-probe accuracy.
    let linearTop1 = metric "linear top-1" "%" _.LinearTop1

    /// Linear-probe accuracy of the untrained encoder.
    let linearTop1Untrained = metric "linear top-1, untrained" "%" _.LinearTop1Untrained

    /// What training gained, in points.
    let linearGain =
        metric "gain" "%" (fun outcome -> outcome.LinearTop1 - outcome.LinearTop1Untrained)

    /// k-NN accuracy.
    let knnTop1 = metric "k-NN top-1" "%" _.KnnTop1

    /// k-NN accuracy of the untrained encoder.
    let knnTop1Untrained = metric "k-NN top-1, untrained" "%" _.KnnTop1Untrained

    /// Mean loss of the last epoch.
    let finalLoss = metric "final loss" "" _.FinalLoss

    /// Entropy of the softmax over the batch.
    let entropy = metric "entropy" "nats" _.Entropy

    /// Contrastive accuracy.
    let contrastiveTop1 = metric "contrastive top-1" "%" _.ContrastiveTop1

    /// Training speed.
    let imagesPerSecond = metric "images/s" "" _.ImagesPerSecond

    /// Wall time.
    let seconds = metric "wall time" "s" _.Seconds

    /// A figure of the run's measurements: Measurement.label and what it measured, such as "fine-tuned on 1% top-1". NaN where an outcome
    /// has no figure of that name, which tables show as missing. Shown in percent, but for alignment, uniformity, k and temperature.
    let measured name =
        let endings = [ "alignment"; "uniformity"; " k"; " temperature" ]

        let unit =
            if endings |> List.exists (name: string).EndsWith then
                ""
            else
                "%"

        metric name unit (fun outcome ->
            outcome.Measured
            |> List.tryFind (fun (other, _) -> other = name)
            |> Option.map snd
            |> Option.defaultValue nan)

    /// Every figure that one of the outcomes has, in order of appearance, as metrics.
    let measuredOf (outcomes: Outcome list) =
        outcomes
        |> List.collect (_.Measured >> List.map fst)
        |> List.distinct
        |> List.map measured

/// A cell and what became of it.
type CellResult =
    {
        Cell: Cell
        Result: Result<Outcome, Failure>
        /// It was in the store already.
        Stored: bool
    }

/// What a grid came to.
type Results =
    {
        Axes: string list
        Cells: CellResult list
    }

[<RequireQualifiedAccess>]
module Results =

    /// The cells that have an outcome.
    let outcomes (results: Results) =
        [
            for cell in results.Cells do
                match cell.Result with
                | Ok outcome -> cell.Cell, outcome
                | Error _ -> ()
        ]

    /// The coordinate of a cell on an axis.
    let coordinate axis (cell: Cell) =
        match cell.Coordinates |> List.tryFind (fun (name, _) -> name = axis) with
        | Some(_, value) -> value
        | None ->
            let names = cell.Coordinates |> List.map fst |> String.concat ", "
            invalidArg (nameof axis) $"There is no axis '{axis}'; the grid has: {names}."
