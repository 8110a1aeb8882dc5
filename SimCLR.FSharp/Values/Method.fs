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

type ByolSettings =
    {
        /// None collapses (BYOL, table 5).
        Predictor: Predictor option
        Momentum: Momentum
    }

type SimSiamSettings =
    {
        /// None collapses (SimSiam, table 1).
        Predictor: Predictor option
        /// Without it a training collapses (SimSiam, figure 2).
        StopGradient: bool
        /// The predictor keeps the highest learning rate to the end.
        ConstantRate: bool
    }

type BarlowTwinsSettings =
    {
        /// Weight of what is off the diagonal.
        Lambda: float
        /// Multiplies the loss.
        Scale: float
        /// Learning rate of biases and normalizations over that of weights.
        BiasRate: float
    }

type VicRegSettings =
    {
        Invariance: float
        /// Of the mean of both views' hinges, as in the official code; solo-learn weighs their sum.
        Variance: float
        Covariance: float
    }

type MoCoV3Settings =
    {
        Predictor: Predictor option
        Momentum: Momentum
        /// Similarities are divided by it; above 0.
        Temperature: float
    }

type NnclrSettings =
    {
        Predictor: Predictor option
        /// Embeddings among which neighbours are found: a multiple of the batch, at most the images.
        Queue: int
        /// Similarities are divided by it; above 0.
        Temperature: float
    }

type InstanceDiscriminationSettings =
    {
        /// Similarities are divided by it; above 0.
        Temperature: float
        /// How much of an image's prototype is kept when the image is seen.
        BankMomentum: float
    }

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
    }

type LeJepaSettings =
    {
        /// Share of the distribution's term.
        Lambda: float
        /// Random directions of a step.
        Directions: int
    }

/// What is trained with encoder and head: SimCLR, and what came after it.
[<RequireQualifiedAccess>]
type Method =
    /// SimCLR (2002.05709), and every other loss of two views' embeddings: the run's Loss.
    | SimClr
    /// Momentum contrast (1911.05722, 2003.04297).
    | MoCo of MoCoSettings
    /// Bootstrap your own latent (2006.07733).
    | Byol of ByolSettings
    /// Simple siamese networks (2011.10566).
    | SimSiam of SimSiamSettings
    /// Barlow Twins (2103.03230).
    | BarlowTwins of BarlowTwinsSettings
    /// Variance, invariance, covariance (2105.04906).
    | VicReg of VicRegSettings
    /// Momentum contrast without a queue, for transformers too (2104.02057).
    | MoCoV3 of MoCoV3Settings
    /// Nearest neighbours as positives (2104.14548).
    | Nnclr of NnclrSettings
    /// Every image a class of its own, with a memory bank (1805.01978).
    | InstanceDiscrimination of InstanceDiscriminationSettings
    /// Swapped assignments to prototypes (2006.09882).
    | Swav of SwavSettings
    /// Self-distillation (2104.14294).
    | Dino of DinoSettings
    /// Views together, all distributed normally (2511.08544).
    | LeJepa of LeJepaSettings

[<RequireQualifiedAccess>]
module Momentum =

    /// The same in every step.
    let constant share = { Start = share; End = share }

    /// From a start to 1 along half a cosine.
    let rising start = { Start = start; End = 1.0 }

    let internal problems name (momentum: Momentum) =
        Check.range $"{name}.Start" 0.0 1.0 momentum.Start
        @ Check.range $"{name}.End" 0.0 1.0 momentum.End

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

[<RequireQualifiedAccess>]
module Method =

    /// SimCLR with the run's loss.
    let simClr = Method.SimClr

    /// MoCo with the constants of version 2 on ImageNet: momentum 0.999, temperature 0.2, eight groups of batch norm as of eight GPUs.
    let moCo queue =
        Method.MoCo
            {
                Queue = queue
                Momentum = Momentum.constant 0.999
                Temperature = 0.2
                Symmetric = false
                NormGroups = 8
            }

    /// BYOL with the constants of 1000 epochs on ImageNet: momentum 0.996 to 1, a predictor 4096 wide.
    let byol =
        Method.Byol
            {
                Predictor = Some(Predictor.ofWidth 4096)
                Momentum = Momentum.rising 0.996
            }

    /// SimSiam: a predictor 512 wide with a constant rate.
    let simSiam =
        Method.SimSiam
            {
                Predictor =
                    Some
                        { Predictor.ofWidth 512 with
                            LastBias = true
                        }
                StopGradient = true
                ConstantRate = true
            }

    /// Barlow Twins with the constants of the paper: λ 0.005, one rate for all.
    let barlowTwins =
        Method.BarlowTwins
            {
                Lambda = 0.005
                Scale = 1.0
                BiasRate = 1.0
            }

    /// Barlow Twins with the constants of its code: λ 0.0051, biases and normalizations at 0.0048 where weights have 0.2.
    let barlowTwinsOfCode =
        Method.BarlowTwins
            {
                Lambda = 0.0051
                Scale = 1.0
                BiasRate = 0.024
            }

    /// Barlow Twins with the constants of solo-learn: a tenth of the loss.
    let barlowTwinsOfSoloLearn =
        Method.BarlowTwins
            {
                Lambda = 0.005
                Scale = 0.1
                BiasRate = 1.0
            }

    /// VICReg with the constants of its code: 25, 25 for the mean of both views' hinges, 1.
    let vicReg =
        Method.VicReg
            {
                Invariance = 25.0
                Variance = 25.0
                Covariance = 1.0
            }

    /// VICReg with the constants of solo-learn and of the paper's Algorithm 1: 25, 25 for the sum of both views' hinges, which is 50 here, 1.
    let vicRegOfSoloLearn =
        Method.VicReg
            {
                Invariance = 25.0
                Variance = 50.0
                Covariance = 1.0
            }

    /// MoCo v3 with the constants of ResNet-50: momentum 0.99 to 1, temperature 1, a predictor 4096 wide.
    let moCoV3 =
        Method.MoCoV3
            {
                Predictor = Some(Predictor.ofWidth 4096)
                Momentum = Momentum.rising 0.99
                Temperature = 1.0
            }

    /// NNCLR with the constants of its paper: temperature 0.1, a predictor 4096 wide.
    let nnclr queue =
        Method.Nnclr
            {
                Predictor = Some(Predictor.ofWidth 4096)
                Queue = queue
                Temperature = 0.1
            }

    /// Instance discrimination with the constants of ImageNet: temperature 0.07, half of a prototype is kept.
    let instanceDiscrimination =
        Method.InstanceDiscrimination
            {
                Temperature = 0.07
                BankMomentum = 0.5
            }

    /// SwAV with the constants of its paper: temperature 0.1, ε 0.05, 3 iterations, prototypes frozen for an epoch; no queue.
    let swav prototypes =
        Method.Swav
            {
                Prototypes = prototypes
                Temperature = 0.1
                Epsilon = 0.05
                Iterations = 3
                FrozenEpochs = 1.0
                Queue = 0
                QueueFromEpoch = 15.0
            }

    /// DINO with the constants of its paper: momentum 0.996 to 1, temperatures 0.1 and 0.04, centre 0.9, outputs frozen for an epoch,
    /// gradients of 3 at most.
    let dino outputs =
        Method.Dino
            {
                Outputs = outputs
                Momentum = Momentum.rising 0.996
                StudentTemperature = 0.1
                TeacherTemperature = 0.04
                CentreMomentum = 0.9
                FrozenEpochs = 1.0
                LargestGradient = Some 3.0
            }

    /// LeJEPA with the constants of its paper: λ 0.05, 1024 directions.
    let leJepa =
        Method.LeJepa
            {
                LeJepaSettings.Lambda = 0.05
                Directions = 1024
            }

    /// What it is called.
    let name method =
        match method with
        | Method.SimClr -> "SimCLR"
        | Method.MoCo _ -> "MoCo"
        | Method.Byol _ -> "BYOL"
        | Method.SimSiam _ -> "SimSiam"
        | Method.BarlowTwins _ -> "Barlow Twins"
        | Method.VicReg _ -> "VICReg"
        | Method.MoCoV3 _ -> "MoCo v3"
        | Method.Nnclr _ -> "NNCLR"
        | Method.InstanceDiscrimination _ -> "instance discrimination"
        | Method.Swav _ -> "SwAV"
        | Method.Dino _ -> "DINO"
        | Method.LeJepa _ -> "LeJEPA"

    let private lacks what method =
        wrongValue $"{name method} has no {what}."

    /// Another momentum of the target; fails for a method without one.
    let withMomentum momentum method =
        match method with
        | Method.MoCo s -> Method.MoCo { s with Momentum = momentum }
        | Method.Byol s -> Method.Byol { s with Momentum = momentum }
        | Method.MoCoV3 s -> Method.MoCoV3 { s with Momentum = momentum }
        | Method.Dino s -> Method.Dino { s with Momentum = momentum }
        | other -> lacks "target network" other

    /// Another predictor, or none, which collapses; fails for a method without one.
    let withPredictor predictor method =
        match method with
        | Method.Byol s -> Method.Byol { s with Predictor = predictor }
        | Method.SimSiam s -> Method.SimSiam { s with Predictor = predictor }
        | Method.MoCoV3 s -> Method.MoCoV3 { s with Predictor = predictor }
        | Method.Nnclr s -> Method.Nnclr { s with Predictor = predictor }
        | other -> lacks "predictor" other

    /// Another size of the queue; fails for a method without one.
    let withQueue size method =
        match method with
        | Method.MoCo s -> Method.MoCo { s with Queue = size }
        | Method.Nnclr s -> Method.Nnclr { s with Queue = size }
        | Method.Swav s -> Method.Swav { s with Queue = size }
        | other -> lacks "queue" other

    /// Another temperature; fails for a method without one. SimCLR's is its loss's.
    let withTemperature temperature method =
        match method with
        | Method.MoCo s -> Method.MoCo { s with Temperature = temperature }
        | Method.MoCoV3 s -> Method.MoCoV3 { s with Temperature = temperature }
        | Method.Nnclr s -> Method.Nnclr { s with Temperature = temperature }
        | Method.InstanceDiscrimination s -> Method.InstanceDiscrimination { s with Temperature = temperature }
        | Method.Swav s -> Method.Swav { s with Temperature = temperature }
        | other -> lacks "temperature of its own" other

    /// Other groups of batch norm; fails for methods other than MoCo.
    let withNormGroups groups method =
        match method with
        | Method.MoCo s -> Method.MoCo { s with NormGroups = groups }
        | other -> lacks "groups of batch norm" other

    /// With both directions, for MoCo; the other methods are symmetric as they are.
    let symmetric method =
        match method with
        | Method.MoCo s -> Method.MoCo { s with Symmetric = true }
        | other -> other

    /// SimSiam with a gradient to both sides, which collapses.
    let withoutStopGradient method =
        match method with
        | Method.SimSiam s -> Method.SimSiam { s with StopGradient = false }
        | other -> lacks "stopped gradient that could be left out" other

    /// A head as the method's authors end it: its depth and widths stay.
    let headOf method (head: Head) =
        match method with
        | Method.SimClr -> head
        | Method.MoCo _
        | Method.InstanceDiscrimination _ -> { head with BatchNorm = false }
        | Method.Byol _
        | Method.BarlowTwins _
        | Method.VicReg _ ->
            { head with
                BatchNorm = true
                LastNorm = LastNorm.None
                LastBias = false
            }
        | Method.SimSiam _
        | Method.MoCoV3 _ ->
            { head with
                BatchNorm = true
                LastNorm = LastNorm.WithoutAffine
                LastBias = false
            }
        | Method.Nnclr _ ->
            { head with
                BatchNorm = true
                LastNorm = LastNorm.Affine
                LastBias = false
            }
        | Method.Swav _
        | Method.Dino _
        | Method.LeJepa _ ->
            { head with
                BatchNorm = true
                LastNorm = LastNorm.None
                LastBias = true
            }

    /// What does not fit a queue into which every step brings so many rows.
    let private queueProblems (perStep: int64) (images: int option) (queue: int) =
        let size = int64 queue

        [
            if size >= 1L && size % perStep <> 0L then
                $"Method.Queue is {size}, but every step brings {perStep} rows; use a multiple of that, for example {max 1L (size / perStep) * perStep}."

            match images with
            | Some count when queue > count ->
                $"Method.Queue is {size}, but there are {count} training images, so that it would hold an image several times; "
                + $"use {int64 count / perStep * perStep} at most."
            | _ -> ()
        ]

    let private groupProblems batchSize groups =
        [
            if groups >= 1 && (batchSize % groups <> 0 || batchSize / groups < 2) then
                $"Method.NormGroups is {groups}, but a batch has {batchSize} images; use a divisor that leaves 2 or more in each group, for example 1."
        ]

    /// What is wrong with a method for batches of that size, of so many images where that is known.
    let internal problems batchSize images method =
        let predictor =
            Option.toList >> List.collect (Predictor.problems "Method.Predictor")

        match method with
        | Method.SimClr -> []
        | Method.MoCo s ->
            Momentum.problems "Method.Momentum" s.Momentum
            @ Check.above "Method.Temperature" 0.0 s.Temperature
            @ Check.atLeast "Method.Queue" 1 s.Queue
            @ Check.atLeast "Method.NormGroups" 1 s.NormGroups
            // A batch that is none is told of elsewhere.
            @ if batchSize < 2 then
                  []
              else
                  queueProblems (int64 batchSize * (if s.Symmetric then 2L else 1L)) images s.Queue
                  @ groupProblems batchSize s.NormGroups
        | Method.Byol s -> predictor s.Predictor @ Momentum.problems "Method.Momentum" s.Momentum
        | Method.SimSiam s -> predictor s.Predictor
        | Method.BarlowTwins s ->
            Check.finiteFrom "Method.Lambda" 0.0 s.Lambda
            @ Check.above "Method.Scale" 0.0 s.Scale
            @ Check.above "Method.BiasRate" 0.0 s.BiasRate
        | Method.MoCoV3 s ->
            predictor s.Predictor
            @ Momentum.problems "Method.Momentum" s.Momentum
            @ Check.above "Method.Temperature" 0.0 s.Temperature
        | Method.Nnclr s ->
            predictor s.Predictor
            @ Check.above "Method.Temperature" 0.0 s.Temperature
            @ Check.atLeast "Method.Queue" 1 s.Queue
            @ if batchSize < 2 then
                  []
              else
                  queueProblems (int64 batchSize) images s.Queue
        | Method.InstanceDiscrimination s ->
            Check.above "Method.Temperature" 0.0 s.Temperature
            @ Check.range "Method.BankMomentum" 0.0 0.99999 s.BankMomentum
        | Method.Swav s ->
            [
                yield! Check.between "Method.Prototypes" 2 1_048_576 s.Prototypes
                yield! Check.above "Method.Temperature" 0.0 s.Temperature
                yield! Check.above "Method.Epsilon" 0.0 s.Epsilon
                yield! Check.between "Method.Iterations" 1 999 s.Iterations
                yield! Check.range "Method.FrozenEpochs" 0.0 1e6 s.FrozenEpochs
                yield! Check.range "Method.QueueFromEpoch" 0.0 1e6 s.QueueFromEpoch
                yield! Check.atLeast "Method.Queue" 0 s.Queue

                if s.Queue > 0 && batchSize >= 2 then
                    yield! queueProblems (int64 batchSize) images s.Queue
            ]
        | Method.Dino s ->
            [
                yield! Check.between "Method.Outputs" 2 1_048_576 s.Outputs
                yield! Momentum.problems "Method.Momentum" s.Momentum
                yield! Check.above "Method.StudentTemperature" 0.0 s.StudentTemperature
                yield! Check.above "Method.TeacherTemperature" 0.0 s.TeacherTemperature
                yield! Check.range "Method.CentreMomentum" 0.0 0.99999 s.CentreMomentum
                yield! Check.range "Method.FrozenEpochs" 0.0 1e6 s.FrozenEpochs

                yield!
                    s.LargestGradient
                    |> Option.toList
                    |> List.collect (Check.above "Method.LargestGradient" 0.0)
            ]
        | Method.LeJepa s ->
            Check.range "Method.Lambda" 0.0 0.99999 s.Lambda
            @ Check.between "Method.Directions" 1 1_048_576 s.Directions
        | Method.VicReg s ->
            Check.finiteFrom "Method.Invariance" 0.0 s.Invariance
            @ Check.finiteFrom "Method.Variance" 0.0 s.Variance
            @ Check.finiteFrom "Method.Covariance" 0.0 s.Covariance
