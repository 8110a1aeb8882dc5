namespace SimCLR

/// Stochastic gradient descent with momentum.
type SgdSettings =
    {
        Momentum: float
        WeightDecay: float
        Nesterov: bool
    }

/// LARS (You et al. 2017, 1708.03888), as in SimCLR's reference code.
type LarsSettings =
    {
        Momentum: float
        WeightDecay: float
        TrustCoefficient: float
    }

/// Adam (Kingma and Ba 2015, 1412.6980), and AdamW (Loshchilov and Hutter 2019, 1711.05101).
type AdamSettings =
    {
        /// Part that the running mean of gradients keeps.
        Beta1: float
        /// Part that the running mean of their squares keeps.
        Beta2: float
        Epsilon: float
        WeightDecay: float
        /// The decay shrinks the weights apart from the gradient (AdamW).
        Decoupled: bool
    }

/// Biases and batch norm are excluded from decay, and from LARS's adaptation.
[<RequireQualifiedAccess>]
type Optimizer =
    | Sgd of SgdSettings
    | Lars of LarsSettings
    | Adam of AdamSettings
    /// One of your own: Optimizer.Define.
    | Custom of Custom

/// Optimizers with customary constants, and what of them can be varied.
[<RequireQualifiedAccess>]
module Optimizer =

    /// Momentum 0.9, no decay.
    let sgd =
        Optimizer.Sgd
            {
                Momentum = 0.9
                WeightDecay = 0.0
                Nesterov = false
            }

    /// SimCLR's LARS: momentum 0.9, decay 1e-6, trust coefficient 0.001.
    let lars =
        Optimizer.Lars
            {
                Momentum = 0.9
                WeightDecay = 1e-6
                TrustCoefficient = 0.001
            }

    /// Adam with PyTorch's defaults, no decay.
    let adam =
        Optimizer.Adam
            {
                Beta1 = 0.9
                Beta2 = 0.999
                Epsilon = 1e-8
                WeightDecay = 0.0
                Decoupled = false
            }

    /// AdamW with PyTorch's defaults: decay 0.01.
    let adamW =
        Optimizer.Adam
            {
                Beta1 = 0.9
                Beta2 = 0.999
                Epsilon = 1e-8
                WeightDecay = 0.01
                Decoupled = true
            }

    /// A custom optimizer's setting of that name is its weight decay.
    let private decaySetting = "weight-decay"

    /// Another weight decay; fails for a custom optimizer without a setting "weight-decay".
    let withWeightDecay decay optimizer =
        match optimizer with
        | Optimizer.Sgd s -> Optimizer.Sgd { s with WeightDecay = decay }
        | Optimizer.Lars s -> Optimizer.Lars { s with WeightDecay = decay }
        | Optimizer.Adam s -> Optimizer.Adam { s with WeightDecay = decay }
        | Optimizer.Custom c when c.Settings.ContainsKey decaySetting ->
            Optimizer.Custom
                { c with
                    Settings = c.Settings.Add(decaySetting, decay)
                }
        | Optimizer.Custom c -> wrongValue $"The custom optimizer '{c.Name}' has no setting '{decaySetting}'."

    let internal problems optimizer =
        let common momentum decay =
            [
                yield! Check.range "Optimizer.Momentum" 0.0 0.99999 momentum
                yield! Check.finiteFrom "Optimizer.WeightDecay" 0.0 decay
            ]

        match optimizer with
        | Optimizer.Sgd s -> common s.Momentum s.WeightDecay
        | Optimizer.Lars s ->
            common s.Momentum s.WeightDecay
            @ Check.above "Optimizer.TrustCoefficient" 0.0 s.TrustCoefficient
        | Optimizer.Adam s ->
            [
                yield! Check.range "Optimizer.Beta1" 0.0 0.99999 s.Beta1
                yield! Check.range "Optimizer.Beta2" 0.0 0.9999999 s.Beta2
                yield! Check.above "Optimizer.Epsilon" 0.0 s.Epsilon
                yield! Check.finiteFrom "Optimizer.WeightDecay" 0.0 s.WeightDecay
            ]
        | Optimizer.Custom c -> Custom.problems "optimizer" "Optimizer" c

/// The highest learning rate.
[<RequireQualifiedAccess>]
type LearningRate =
    /// As given.
    | Fixed of rate: float
    /// rate · batch / 256 (SimCLR: 0.3 with LARS).
    | Linear of rate: float
    /// rate · √batch (SimCLR, appendix B.1: 0.075 with LARS).
    | SquareRoot of rate: float

/// Learning rates, and how they follow the batch.
[<RequireQualifiedAccess>]
module LearningRate =

    /// The rate at a batch size.
    let forBatch (batchSize: int) learningRate =
        match learningRate with
        | LearningRate.Fixed rate -> rate
        | LearningRate.Linear rate -> rate * float batchSize / 256.0
        | LearningRate.SquareRoot rate -> rate * sqrt (float batchSize)

    /// The rate in proportion to the batch that is the same at that batch size: Fixed 2.0 at 512 is Linear 1.0. One that scales stays as it is.
    let scaledFrom (batchSize: int) learningRate =
        match learningRate with
        | LearningRate.Fixed rate -> LearningRate.Linear(rate * 256.0 / float batchSize)
        | scaling -> scaling

    let internal problems learningRate =
        // At a large batch, where a scaled rate may leave the numbers.
        Check.above "LearningRate" 0.0 (forBatch 1_048_576 learningRate)
