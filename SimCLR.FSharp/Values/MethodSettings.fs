namespace SimCLR

/// How much of a target network is kept in a step: from the first step to the last along half a cosine (BYOL, section 3.2).
type Momentum =
    {
        /// From 0, which copies the trained network, to 1, which never moves.
        Start: float
        /// The same as the start: constant.
        End: float
    }

/// What predicts another embedding from z: linear layers as those of a head, as many numbers as z in the end.
type Predictor =
    {
        /// Linear layers, 1 or more.
        Depth: int
        /// Width of the hidden layers; None: that of z.
        Hidden: int option
        BatchNorm: bool
        LastNorm: LastNorm
        LastBias: bool
    }

/// MoCo (He et al. 2020, 1911.05722; Chen et al. 2020, 2003.04297).
type MoCoSettings =
    {
        /// Keys that are kept: a multiple of those of a step, at most the images.
        Queue: int
        Momentum: Momentum
        /// Similarities are divided by it; above 0.
        Temperature: float
        /// Every view is query and key: the sum of both directions.
        Symmetric: bool
        /// Groups of the batch that batch norm sees each by itself, keys shuffled: the devices of the paper. 1: none.
        NormGroups: int
    }

/// SimCLR with a memory (version 2: Chen et al. 2020, 2006.10029, section 2).
type SimClrMemorySettings =
    {
        /// Embeddings that are kept as negatives: a multiple of the batch, at most the images.
        Queue: int
        Momentum: Momentum
        /// Similarities are divided by it; above 0.
        Temperature: float
    }

/// BYOL (Grill et al. 2020, 2006.07733).
type ByolSettings =
    {
        /// None collapses (BYOL, table 5).
        Predictor: Predictor option
        Momentum: Momentum
    }

/// SimSiam (Chen and He 2021, 2011.10566).
type SimSiamSettings =
    {
        /// None collapses (SimSiam, table 1).
        Predictor: Predictor option
        /// Without it a training collapses (SimSiam, figure 2).
        StopGradient: bool
        /// The predictor keeps the highest learning rate to the end.
        ConstantRate: bool
    }

/// Barlow Twins (Zbontar et al. 2021, 2103.03230).
type BarlowTwinsSettings =
    {
        /// Weight of what is off the diagonal.
        Lambda: float
        /// Multiplies the loss.
        Scale: float
        /// Learning rate of biases and normalizations over that of weights.
        BiasRate: float
    }

/// VICReg (Bardes et al. 2022, 2105.04906).
type VicRegSettings =
    {
        Invariance: float
        /// Of the mean of both views' hinges, as in the official code; solo-learn weighs their sum.
        Variance: float
        Covariance: float
    }

/// MoCo v3 (Chen et al. 2021, 2104.02057).
type MoCoV3Settings =
    {
        Predictor: Predictor option
        Momentum: Momentum
        /// Similarities are divided by it; above 0.
        Temperature: float
    }

/// NNCLR (Dwibedi et al. 2021, 2104.14548).
type NnclrSettings =
    {
        Predictor: Predictor option
        /// Embeddings among which neighbours are found: a multiple of the batch, at most the images.
        Queue: int
        /// Similarities are divided by it; above 0.
        Temperature: float
    }

/// Instance discrimination (Wu et al. 2018, 1805.01978).
type InstanceDiscriminationSettings =
    {
        /// Similarities are divided by it; above 0.
        Temperature: float
        /// How much of an image's prototype is kept when the image is seen.
        BankMomentum: float
        /// Other images that an image is told from, drawn evenly; None: all, by a softmax over the bank.
        Negatives: int option
    }

/// SwAV (Caron et al. 2020, 2006.09882).
type SwavSettings =
    {
        Prototypes: int
        /// Of the predictions; above 0.
        Temperature: float
        /// Smoothness of the assignments; above 0.
        Epsilon: float
        /// Of Sinkhorn-Knopp.
        Iterations: int
        /// Epochs before the prototypes move.
        FrozenEpochs: float
        /// Earlier embeddings that are shared out with each view's, for small batches: a multiple of the batch; 0: none.
        Queue: int
        /// From which they are collected.
        QueueFromEpoch: float
    }

/// A temperature that begins elsewhere: the same throughout an epoch, and in even steps from epoch to epoch.
type TemperatureWarmup =
    {
        /// Of the first epoch; above 0.
        From: float
        /// The last of so many has the temperature that stays.
        Epochs: int
    }

/// DINO (Caron et al. 2021, 2104.14294).
type DinoSettings =
    {
        Outputs: int
        Momentum: Momentum
        StudentTemperature: float
        TeacherTemperature: float
        CentreMomentum: float
        /// Epochs before the directions of the outputs move.
        FrozenEpochs: float
        /// No parameter's gradient is longer, each by itself; None: no bound.
        LargestGradient: float option
        /// How the teacher's temperature begins; None: as it stays.
        TeacherWarmup: TemperatureWarmup option
    }

/// LeJEPA (Balestriero and LeCun 2025, 2511.08544).
type LeJepaSettings =
    {
        /// Share of the distribution's term.
        Lambda: float
        /// Random directions of a step.
        Directions: int
    }

/// Momenta of targets: constant, or rising to 1.
[<RequireQualifiedAccess>]
module Momentum =

    /// The same in every step.
    let constant share = { Start = share; End = share }

    /// From a start to 1 along half a cosine.
    let rising start = { Start = start; End = 1.0 }

    let internal problems name (momentum: Momentum) =
        Check.range $"{name}.Start" 0.0 1.0 momentum.Start
        @ Check.range $"{name}.End" 0.0 1.0 momentum.End

/// Predictors: heads from z to a prediction of another z.
[<RequireQualifiedAccess>]
module Predictor =

    /// Two layers, hidden ones with batch norm, none after the last, which has no bias: BYOL's (its appendix H: 4096 wide).
    let ofWidth width =
        {
            Depth = 2
            Hidden = Some width
            BatchNorm = true
            LastNorm = LastNorm.None
            LastBias = false
        }

    let internal problems name predictor =
        Check.between $"{name}.Depth" 1 64 predictor.Depth
        @ (predictor.Hidden
           |> Option.toList
           |> List.collect (Check.between $"{name}.Hidden" 1 65536))
