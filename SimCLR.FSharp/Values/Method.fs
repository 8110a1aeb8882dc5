namespace SimCLR

/// What is trained: which networks see which views, their loss, and what moves after a step.
[<RequireQualifiedAccess>]
type Method =
    /// SimCLR (2002.05709), and every other loss of two views' embeddings: the run's Loss.
    | SimClr
    /// Momentum contrast (1911.05722, 2003.04297).
    | MoCo of MoCoSettings
    /// SimCLR with a memory of negatives (2006.10029).
    | SimClrMemory of SimClrMemorySettings
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
    /// One of your own: Method.Define.
    | Custom of Custom

/// Methods with the constants of their papers, and what of them can be varied.
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

    /// SimCLR with a memory, with the constants of version 2: momentum 0.999, temperature 0.1.
    let simClrMemory queue =
        Method.SimClrMemory
            {
                Queue = queue
                Momentum = Momentum.constant 0.999
                Temperature = 0.1
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
                Negatives = None
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
                TeacherWarmup = None
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
        | Method.SimClrMemory _ -> "SimCLR with memory"
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
        | Method.Custom c -> c.Name

    let private lacks what method =
        wrongValue $"{name method} has no {what}."

    /// Another momentum of the target; fails for a method without one.
    let withMomentum momentum method =
        match method with
        | Method.MoCo s -> Method.MoCo { s with Momentum = momentum }
        | Method.SimClrMemory s -> Method.SimClrMemory { s with Momentum = momentum }
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
        | Method.SimClrMemory s -> Method.SimClrMemory { s with Queue = size }
        | Method.Nnclr s -> Method.Nnclr { s with Queue = size }
        | Method.Swav s -> Method.Swav { s with Queue = size }
        | other -> lacks "queue" other

    /// Another temperature, of DINO the student's; fails for a method without one. SimCLR's is its loss's.
    let withTemperature temperature method =
        match method with
        | Method.MoCo s -> Method.MoCo { s with Temperature = temperature }
        | Method.SimClrMemory s -> Method.SimClrMemory { s with Temperature = temperature }
        | Method.MoCoV3 s -> Method.MoCoV3 { s with Temperature = temperature }
        | Method.Nnclr s -> Method.Nnclr { s with Temperature = temperature }
        | Method.InstanceDiscrimination s -> Method.InstanceDiscrimination { s with Temperature = temperature }
        | Method.Swav s -> Method.Swav { s with Temperature = temperature }
        | Method.Dino s ->
            Method.Dino
                { s with
                    StudentTemperature = temperature
                }
        | other -> lacks "temperature of its own" other

    /// Other smoothness of SwAV's assignments; fails for other methods.
    let withEpsilon epsilon method =
        match method with
        | Method.Swav s -> Method.Swav { s with Epsilon = epsilon }
        | other -> lacks "assignments whose smoothness could be set" other

    /// How much of DINO's centre is kept in a step, 0 for that of the last batch alone; fails for other methods.
    let withCentreMomentum momentum method =
        match method with
        | Method.Dino s -> Method.Dino { s with CentreMomentum = momentum }
        | other -> lacks "centre" other

    /// Epochs before prototypes or directions move; fails for methods other than SwAV and DINO.
    let withFrozenEpochs epochs method =
        match method with
        | Method.Swav s -> Method.Swav { s with FrozenEpochs = epochs }
        | Method.Dino s -> Method.Dino { s with FrozenEpochs = epochs }
        | other -> lacks "prototypes that could be frozen" other

    /// The greatest length of each parameter's gradient, None for any; fails for methods other than DINO.
    let withLargestGradient length method =
        match method with
        | Method.Dino s -> Method.Dino { s with LargestGradient = length }
        | other -> lacks "bound of gradients" other

    /// Other groups of batch norm; fails for methods other than MoCo.
    let withNormGroups groups method =
        match method with
        | Method.MoCo s -> Method.MoCo { s with NormGroups = groups }
        | other -> lacks "groups of batch norm" other

    /// DINO whose teacher's temperature rises from one to another in so many epochs: the paper's on ImageNet from 0.04 to 0.07 in 30; fails for other methods.
    let withTeacherTemperature from until epochs method =
        match method with
        | Method.Dino s ->
            Method.Dino
                { s with
                    TeacherTemperature = until
                    TeacherWarmup =
                        if from = until then
                            None
                        else
                            Some { From = from; Epochs = epochs }
                }
        | other -> lacks "teacher's temperature" other

    /// Whether it uses more views than two; what one of your own does, its training says when it starts.
    let internal usesMoreViews method =
        match method with
        | Method.Swav _
        | Method.Dino _
        | Method.LeJepa _
        | Method.Custom _ -> true
        | _ -> false

    /// Instance discrimination that tells an image from so many drawn ones by noise-contrastive estimation (ImageNet: 4096), not from all; fails for other methods.
    let withNoise negatives method =
        match method with
        | Method.InstanceDiscrimination s -> Method.InstanceDiscrimination { s with Negatives = Some negatives }
        | other -> lacks "negatives that could be drawn" other

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

    /// A head as the method's authors end it: its depth and widths stay. One of your own stays as it is, as every head does for a method of your own.
    let headOf method (head: Head) =
        match method with
        | _ when head.Custom.IsSome -> head
        | Method.SimClr
        | Method.SimClrMemory _
        | Method.Custom _ -> head
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
