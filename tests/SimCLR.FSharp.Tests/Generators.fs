/// Draws values for properties.
module SimCLR.Tests.Generators

open FsCheck
open FsCheck.FSharp
open SimCLR

/// A number with many digits.
let number (least: float) (most: float) =
    Gen.choose (0, 1_000_000)
    |> Gen.map (fun i -> least + (most - least) * float i / 1e6)

let probability = number 0.0 1.0

let private interval least most =
    Gen.two (number least most) |> Gen.map (fun (a, b) -> min a b, max a b)

let private truth = Gen.elements [ true; false ]

/// Of images that every view takes.
let private reading =
    gen {
        let! channels = Gen.elements [ 1; 3 ]

        let! range =
            Gen.optionOf (interval 0.0 60000.0 |> Gen.map (fun (low, high) -> low, high + 1.0))

        let! orientation = truth

        return
            {
                Labelled = true
                Channels = channels
                Bits = 16
                Range = range
                FollowOrientation = orientation
                Whole = false
            }
    }

let images =
    gen {
        let! source =
            Gen.oneof
                [
                    Gen.map3
                        (fun train test size ->
                            ImageSource.Shapes
                                {
                                    Train = train
                                    Test = test
                                    Size = size
                                })
                        (Gen.choose (2000, 9000))
                        (Gen.choose (10, 900))
                        (Gen.choose (16, 64))
                    Gen.elements
                        [
                            ImageSource.Cifar10
                            ImageSource.Cifar100
                            ImageSource.FashionMnist
                            ImageSource.Svhn
                            ImageSource.Stl10 false
                        ]
                    Gen.map3
                        (fun path size reading -> ImageSource.Folder(path, size, reading))
                        (Gen.elements [ "/data/birds"; "C:\\Bilder\\Vögel"; "a \"quoted\" name"; "tab\tand\nline" ])
                        (Gen.optionOf (Gen.choose (16, 256)))
                        (Gen.optionOf reading)
                ]

        let! limit = Gen.optionOf (Gen.choose (2000, 5000))

        return { Source = source; TrainLimit = limit }
    }

let private crop =
    gen {
        let! size = Gen.elements [ 32; 64 ]
        let! area = interval 0.05 1.0
        let! ratio = interval 0.5 2.0
        let! interpolation = Gen.elements [ Interpolation.Bilinear; Interpolation.Bicubic ]

        return
            View.Crop
                {
                    Size = size
                    Area = area
                    Ratio = ratio
                    Interpolation = interpolation
                }
    }

let private jitter =
    gen {
        let! brightness = number 0.0 1.0
        let! contrast = number 0.0 1.0
        let! saturation = number 0.0 1.0
        let! hue = number 0.0 0.5
        let! p = probability
        let! mode = Gen.elements [ BrightnessMode.Multiply; BrightnessMode.Add ]
        let! mean = Gen.elements [ ContrastMean.Gray; ContrastMean.PerChannel ]

        return
            View.ColorJitter
                {
                    Brightness = brightness
                    Contrast = contrast
                    Saturation = saturation
                    Hue = hue
                    Probability = p
                    BrightnessMode = mode
                    ContrastMean = mean
                }
    }

let private blur =
    Gen.map3
        (fun p sigma kernel ->
            View.Blur
                {
                    Probability = p
                    Sigma = sigma
                    KernelFraction = kernel
                })
        probability
        (interval 0.1 3.0)
        (number 0.01 1.0)

let private cutout =
    Gen.map3
        (fun fraction p fill ->
            View.Cutout
                {
                    Fraction = fraction
                    Probability = p
                    Fill = fill
                })
        (number 0.01 1.0)
        probability
        (Gen.elements [ CutoutFill.Zero; CutoutFill.Mean ])

/// One step, of any kind but the crop.
let private step =
    Gen.oneof
        [
            Gen.map View.Flip probability
            Gen.map View.Grayscale probability
            Gen.map View.Sobel probability
            Gen.constant View.Rotate
            Gen.constant View.Turn
            jitter
            blur
            cutout
            Gen.map2 (fun sigma p -> View.Noise { Sigma = sigma; Probability = p }) (number 0.0 1.0) probability
            Gen.map2
                (fun threshold p ->
                    View.Solarize
                        {
                            Threshold = threshold
                            Probability = p
                        })
                probability
                probability
            Gen.map2 View.randAugment (Gen.choose (1, 16)) (Gen.choose (0, 30))
            Gen.elements
                [
                    AutoAugmentPolicy.ImageNet
                    AutoAugmentPolicy.Cifar10
                    AutoAugmentPolicy.Svhn
                ]
            |> Gen.map View.autoAugment
        ]

/// A view made with >->.
let view =
    Gen.oneof [ Gen.constant View.Identity; step; crop ]
    |> Gen.listOf
    |> Gen.map (List.truncate 6 >> List.fold (>->) View.Identity)

/// What both views may end with, of images of so many channels.
let private ending channels =
    gen {
        let! means = Gen.listOfLength channels (number -1.0 1.0)
        let! deviations = Gen.listOfLength channels (number 0.01 2.0)

        return!
            Gen.frequency
                [
                    4, Gen.constant View.Identity
                    1, Gen.constant (View.normalize means deviations)
                ]
    }

/// A view whose images have that side.
let private viewOf side =
    view |> Gen.map (fun view -> View.crop side >-> View.withSize side view)

let encoder =
    let resNet =
        gen {
            let! depth = Gen.elements Encoder.depths
            let! width = number 0.05 4.0
            let! stem = Gen.elements [ Stem.Cifar; Stem.ImageNet ]
            let! zero = truth
            let! ratio = Gen.optionOf (number 0.01 1.0)

            return
                Encoder.ResNet
                    {
                        Depth = depth
                        Width = width
                        Stem = stem
                        ZeroInitResidual = zero
                        SelectiveKernel = if depth >= 50 then ratio else None
                    }
        }

    let vit =
        gen {
            let! patch = Gen.elements [ 1; 2; 4; 8; 16; 32 ]
            let! heads = Gen.choose (1, 12)
            let! perHead = Gen.choose (1, 64)
            let! depth = Gen.choose (1, 24)
            let! frozen = truth

            return
                Encoder.ViT
                    {
                        Patch = patch
                        ImageSize = 32
                        Dim = heads * perHead
                        Depth = depth
                        Heads = heads
                        FrozenPatches = frozen
                    }
        }

    let small =
        Gen.nonEmptyListOf (Gen.choose (1, 256))
        |> Gen.map (List.truncate 5 >> Encoder.SmallConv)

    Gen.oneof [ resNet; vit; small ]

let private lastNorm =
    Gen.elements
        [
            LastNorm.WithoutShift
            LastNorm.Affine
            LastNorm.WithoutAffine
            LastNorm.None
        ]

let head =
    gen {
        let! depth = Gen.choose (0, 4)
        let! output = Gen.choose (1, 2048)
        let! hidden = Gen.optionOf (Gen.choose (1, 2048))
        let! norm = truth
        let! lastNorm = lastNorm
        let! lastBias = truth

        return
            {
                Depth = depth
                Output = output
                Hidden = hidden
                BatchNorm = norm
                LastNorm = lastNorm
                LastBias = lastBias
                Custom = None
            }
    }

let private predictor =
    gen {
        let! depth = Gen.choose (1, 3)
        let! hidden = Gen.optionOf (Gen.choose (1, 2048))
        let! norm = truth
        let! lastNorm = lastNorm
        let! lastBias = truth

        return
            {
                Predictor.Depth = depth
                Hidden = hidden
                BatchNorm = norm
                LastNorm = lastNorm
                LastBias = lastBias
            }
    }

let private momentum =
    Gen.map2 (fun start last -> { Start = start; End = last }) (number 0.0 1.0) (number 0.0 1.0)

/// A method for batches of that size of so many images.
let method batch (count: int option) =
    let fits = count |> Option.forall (fun count -> 2 * batch <= count)

    Gen.oneof
        [
            Gen.constant Method.SimClr
            gen {
                let! momentum = momentum
                let! temperature = number 0.01 2.0
                let! symmetric = truth

                return
                    if fits then
                        Method.MoCo
                            {
                                Queue = 2 * batch
                                Momentum = momentum
                                Temperature = temperature
                                Symmetric = symmetric
                                NormGroups = (if batch % 2 = 0 && batch > 2 then 2 else 1)
                            }
                    else
                        Method.barlowTwinsOfCode
            }
            Gen.map2
                (fun momentum temperature ->
                    if fits then
                        Method.SimClrMemory
                            {
                                Queue = 2 * batch
                                Momentum = momentum
                                Temperature = temperature
                            }
                    else
                        Method.simSiam)
                momentum
                (number 0.01 2.0)
            Gen.map2
                (fun predictor momentum ->
                    Method.Byol
                        {
                            Predictor = predictor
                            Momentum = momentum
                        })
                (Gen.optionOf predictor)
                momentum
            Gen.map3
                (fun predictor stops constant ->
                    Method.SimSiam
                        {
                            Predictor = predictor
                            StopGradient = stops
                            ConstantRate = constant
                        })
                (Gen.optionOf predictor)
                truth
                truth
            Gen.map3
                (fun lambda scale rate ->
                    Method.BarlowTwins
                        {
                            Lambda = lambda
                            Scale = scale
                            BiasRate = rate
                        })
                (number 0.0 1.0)
                (number 0.01 2.0)
                (number 0.01 2.0)
            Gen.map3
                (fun predictor momentum temperature ->
                    Method.MoCoV3
                        {
                            Predictor = predictor
                            Momentum = momentum
                            Temperature = temperature
                        })
                (Gen.optionOf predictor)
                momentum
                (number 0.01 2.0)
            Gen.map2
                (fun predictor temperature ->
                    if fits then
                        Method.Nnclr
                            {
                                Predictor = predictor
                                Queue = 2 * batch
                                Temperature = temperature
                            }
                    else
                        Method.vicRegOfSoloLearn)
                (Gen.optionOf predictor)
                (number 0.01 2.0)
            Gen.map3
                (fun temperature momentum negatives ->
                    Method.InstanceDiscrimination
                        {
                            Temperature = temperature
                            BankMomentum = momentum
                            Negatives = negatives
                        })
                (number 0.03 2.0)
                (number 0.0 0.99)
                (Gen.optionOf (Gen.choose (1, 5000)))
            Gen.map3
                (fun prototypes epsilon frozen ->
                    Method.Swav
                        {
                            Prototypes = prototypes
                            Temperature = 0.1
                            Epsilon = epsilon
                            Iterations = 3
                            FrozenEpochs = frozen
                            Queue = (if fits then batch else 0)
                            QueueFromEpoch = 2.0 * frozen
                        })
                (Gen.choose (2, 4000))
                (number 0.01 1.0)
                (number 0.0 20.0)
            Gen.map4
                (fun outputs momentum largest warmup ->
                    Method.Dino
                        {
                            Outputs = outputs
                            Momentum = momentum
                            StudentTemperature = 0.1
                            TeacherTemperature = 0.04
                            CentreMomentum = 0.9
                            FrozenEpochs = 1.0
                            LargestGradient = largest
                            TeacherWarmup = warmup
                        })
                (Gen.choose (2, 4000))
                momentum
                (Gen.optionOf (number 0.1 10.0))
                (Gen.optionOf (
                    Gen.map2
                        (fun from epochs -> ({ From = from; Epochs = epochs }: TemperatureWarmup))
                        (number 0.01 0.1)
                        (Gen.choose (1, 50))
                ))
            Gen.map2
                (fun lambda directions ->
                    Method.LeJepa
                        {
                            LeJepaSettings.Lambda = lambda
                            Directions = directions
                        })
                (number 0.0 0.9)
                (Gen.choose (1, 2000))
            Gen.map3
                (fun invariance variance covariance ->
                    Method.VicReg
                        {
                            Invariance = invariance
                            Variance = variance
                            Covariance = covariance
                        })
                (number 0.0 50.0)
                (number 0.0 50.0)
                (number 0.0 50.0)
        ]

/// Values of what is defined here, with those settings.
let private custom (define: (string * float) list -> 'T) =
    Gen.map2 (fun weight shift -> define [ "weight", weight; "shift", shift ]) (number 0.0 10.0) (number -5.0 5.0)

let private ownLoss =
    Loss.Define(
        "generated",
        1,
        [ "weight", 1.0; "shift", 0.0 ],
        fun s a b -> s["weight"] * (a - b + s["shift"]).square().mean()
    )

let loss =
    Gen.oneof
        [
            custom ownLoss
            Gen.map3
                (fun temperature normalize negatives ->
                    Loss.NtXent
                        {
                            Temperature = temperature
                            Normalize = normalize
                            Negatives = negatives
                        })
                (number 0.01 2.0)
                truth
                (Gen.elements [ Negatives.OneView; Negatives.BothViews ])
            Gen.map2
                (fun temperature semiHard ->
                    Loss.NtLogistic
                        {
                            Temperature = temperature
                            SemiHard = semiHard
                        })
                (number 0.01 2.0)
                truth
            Gen.map2
                (fun margin semiHard -> Loss.MarginTriplet { Margin = margin; SemiHard = semiHard })
                (number 0.0 1.9)
                truth
            Gen.map3 Loss.hardNegative (number 0.01 2.0) (number 0.0 5.0) (number 0.0 0.9)
            Gen.map Loss.dcl (number 0.01 2.0)
            Gen.map Loss.supCon (number 0.01 2.0)
        ]

let optimizer =
    Gen.oneof
        [
            Gen.map3
                (fun momentum decay nesterov ->
                    Optimizer.Sgd
                        {
                            Momentum = momentum
                            WeightDecay = decay
                            Nesterov = nesterov
                        })
                (number 0.0 0.99)
                (number 0.0 1e-3)
                truth
            Gen.map3
                (fun momentum decay trust ->
                    Optimizer.Lars
                        {
                            Momentum = momentum
                            WeightDecay = decay
                            TrustCoefficient = trust
                        })
                (number 0.0 0.99)
                (number 0.0 1e-3)
                (number 1e-4 1e-2)
            Gen.map3
                (fun beta decay decoupled ->
                    Optimizer.Adam
                        {
                            Beta1 = beta
                            Beta2 = 0.999
                            Epsilon = 1e-8
                            WeightDecay = decay
                            Decoupled = decoupled
                        })
                (number 0.0 0.99)
                (number 0.0 1e-3)
                truth
        ]

let private learningRate =
    let case =
        Gen.elements [ LearningRate.Fixed; LearningRate.Linear; LearningRate.SquareRoot ]

    Gen.map2 (fun case rate -> case rate) case (number 1e-5 5.0)

/// Lengths that any number of epochs holds.
let private length =
    Gen.oneof
        [
            Gen.map Length.Share (number 0.001 1.0)
            Gen.map Length.Steps (Gen.choose (1, 1000))
        ]

let private milestones =
    gen {
        let! count = Gen.choose (1, 3)
        let! shares = Gen.listOfLength count (number 0.01 0.99)
        let! factors = Gen.listOfLength count (number 0.0 2.0)

        return
            [
                for share, factor in List.zip (List.sort shares) factors ->
                    {
                        Milestone.At = Length.Share share
                        Milestone.Factor = factor
                    }
            ]
    }

/// Nested so deep at most.
let rec private decayOf deep : Gen<Decay> =
    let simple =
        [
            Gen.elements [ Decay.Cosine; Decay.Constant ]
            Gen.map2 (fun a b -> Decay.Linear(a, b)) (number 0.0 2.0) (number 0.0 2.0)
            Gen.map2 (fun a b -> Decay.CosineBetween(a, b)) (number 0.0 2.0) (number 0.0 2.0)
            Gen.map2 (fun a exponent -> Decay.Power(a, 0.0, exponent)) (number 0.0 2.0) (number 0.1 4.0)
            Gen.map Decay.Steps milestones
        ]

    if deep = 0 then
        Gen.oneof simple
    else
        Gen.oneof (
            simple
            @ [
                Gen.map3
                    (fun first length rest -> Decay.Then(first, length, rest))
                    (decayOf (deep - 1))
                    length
                    (decayOf (deep - 1))
                Gen.map2 (fun each times -> Decay.Repeat(each, times)) (decayOf (deep - 1)) (Gen.choose (1, 5))
            ]
        )

let private decay = decayOf 2

let private training: Gen<ClassifierSettings> =
    gen {
        let! epochs = Gen.choose (1, 100)
        let! batch = Gen.choose (2, 4096)
        let! rate = learningRate
        let! weightDecay = number 0.0 1e-3
        let! decay = decay
        let! optimizer = Gen.optionOf optimizer

        return
            {
                Epochs = epochs
                BatchSize = batch
                LearningRate = rate
                WeightDecay = weightDecay
                Decay = decay
                Optimizer = optimizer
            }
    }

/// From h, as any head allows.
let private fineTuning: Gen<FineTuneSettings> =
    Gen.map2
        (fun labels training ->
            {
                Labels = labels
                FromHeadLayer = 0
                Training = training
            })
        (number 0.01 1.0)
        training

let private transfer: Gen<TransferSettings> =
    gen {
        let! images = images

        let! metric =
            Gen.elements
                [
                    TransferMetric.Top1
                    TransferMetric.PerClassMean
                    TransferMetric.ElevenPointMap
                ]

        let! strengths = Gen.nonEmptyListOf (number 0.0 10.0)
        let! fineTunings = Gen.listOf training

        return
            {
                Images = images
                Metric = metric
                Strengths = List.truncate 3 strengths
                FineTunings = List.truncate 2 fineTunings
            }
    }

let private distillation: Gen<DistillSettings> =
    gen {
        let! teacher =
            Gen.oneof [ Gen.map Teacher.Linear training; Gen.map Teacher.FineTuned fineTuning ]

        let! student = Gen.optionOf encoder
        let! temperature = number 0.05 2.0
        let! training = training

        return
            {
                Teacher = teacher
                Student = student
                Temperature = temperature
                Training = training
            }
    }

let private measurement =
    Gen.oneof
        [
            Gen.map Measurement.LinearSgd training
            Gen.map Measurement.FineTune fineTuning
            Gen.map2
                (fun labels training -> Measurement.Supervised { Labels = labels; Training = training })
                (number 0.01 1.0)
                training
            Gen.map Measurement.Transfer transfer
            Gen.map Measurement.Retention (number 0.0 1.0)
            Gen.constant Measurement.HeadProbe
            Gen.map Measurement.AlignmentUniformity (Gen.elements [ Representation.H; Representation.Z ])
            Gen.map Measurement.Distill distillation
            Gen.map2
                (fun k temperature -> Measurement.Knn { K = k; Temperatures = temperature })
                (Gen.nonEmptyListOf (Gen.choose (1, 200)))
                (Gen.nonEmptyListOf (number 0.01 1.0))
            Gen.map Measurement.OnlineProbe (number 0.01 1.0)
        ]

let private evaluation =
    gen {
        let! measurements = Gen.listOf measurement

        // A run has no two linear probes by SGD.
        let! probe =
            [
                Gen.constant Probe.Lbfgs
                Gen.constant Probe.None

                if not (measurements |> List.exists _.IsLinearSgd) then
                    Gen.map Probe.Sgd training
            ]
            |> Gen.oneof

        let! l2 = Gen.nonEmptyListOf (number 0.0 10.0)
        let! fraction = number 0.05 0.5
        let! k = Gen.choose (1, 500)
        let! temperature = number 0.01 1.0
        let! crop = Gen.optionOf (number 0.5 1.0)

        return
            {
                Probe = probe
                L2 = List.truncate 4 l2
                ValidationFraction = fraction
                KnnK = k
                KnnTemperature = temperature
                CentreCrop = crop
                Measurements = measurements |> List.truncate 2 |> List.distinctBy Measurement.label
            }
    }

let private monitor hasLabels =
    gen {
        let representation = Gen.elements [ Representation.H; Representation.Z ]
        let! rank = representation
        let! spread = representation

        let! knn =
            Gen.map2 (fun k t -> { K = k; Temperature = t }: KnnSettings) (Gen.choose (1, 500)) (number 0.01 1.0)

        let! measurements =
            Gen.subListOf
                [
                    Monitored.RankMe rank
                    Monitored.AlignmentUniformity spread
                    if hasLabels then
                        Monitored.NearestNeighbours knn
                ]

        let measurements =
            if measurements.IsEmpty then
                [ Monitored.rankMe ]
            else
                measurements

        let! figure = measurements |> List.collect Monitored.figures |> Gen.elements
        let! epochs = Gen.choose (1, 50)
        let! images = Gen.choose (4, 100_000)
        let! fraction = number 0.05 0.9
        let! crop = Gen.optionOf (number 0.1 1.0)
        let! patience = Gen.choose (1, 20)
        let! least = number 0.0 0.1
        let! better = Gen.elements [ Better.Larger; Better.Smaller ]
        let! weights = Gen.elements [ KeptWeights.Last; KeptWeights.Best ]

        let stopping: EarlyStopping =
            {
                Figure = figure
                Patience = patience
                Least = least
                Better = better
                Weights = weights
            }

        let! stopping = Gen.elements [ None; Some stopping ]

        return
            {
                Epochs = epochs
                Measurements = measurements
                Images = images
                ValidationFraction = fraction
                CentreCrop = crop
                EarlyStopping = stopping
            }
            : Monitor
    }

/// A run that can start.
let run =
    gen {
        let! images = images
        // Crops are no larger than the images.
        let side = Images.knownSize images |> Option.fold min 32
        let! ending = ending (Images.channels images)
        let! viewA = viewOf side |> Gen.map (fun view -> view >-> ending)
        let! viewB = viewOf side |> Gen.map (fun view -> view >-> ending)
        let! encoder = encoder
        let side = View.outputSize 32 viewA

        let encoder =
            match encoder with
            | Encoder.ViT v ->
                Encoder.ViT
                    { v with
                        ImageSize = side
                        Patch = (if side % v.Patch = 0 then v.Patch else 1)
                    }
            | other -> other

        let! head = head
        let! loss = loss
        let! optimizer = optimizer
        let! learningRate = learningRate
        let! batch = Gen.choose (2, 2000)
        let! method = method batch (Images.knownCount images)

        let! parts =
            Gen.optionOf (
                Gen.map2
                    (fun size frozen ->
                        {
                            Size = size
                            FreezeBatchNorm = frozen
                        })
                    (Gen.choose (2, 512))
                    truth
            )
            // Parts that a method's groups of batch norm do not share evenly are refused.
            |> Gen.map (fun parts ->
                match method with
                | Method.MoCo s when s.NormGroups > 1 -> None
                | _ -> parts)

        let! epochs = Gen.choose (1, 1000)
        let! warmup = number 0.0 0.9
        let! decay = decay

        let! precision =
            Gen.elements
                [
                    Precision.Auto
                    Precision.Float32
                    Precision.BFloat16
                    Precision.Tf32
                    Precision.Ieee
                ]

        let! evaluation = evaluation

        let! weights =
            let digits length =
                Gen.elements [ '0' .. '9' ]
                |> Gen.listOfLength length
                |> Gen.map (List.toArray >> System.String)

            Gen.frequency
                [
                    4, Gen.constant None
                    1,
                    Gen.map2
                        (fun sha prefix ->
                            Some(
                                InitialWeights.File
                                    {
                                        Path = "weights/resnet 50.safetensors"
                                        Sha256 = sha
                                        Prefix = prefix
                                    }
                            ))
                        (digits 64)
                        (Gen.elements [ None; Some "backbone." ])
                    1, digits 16 |> Gen.map (InitialWeights.ofTraining >> Some)
                ]

        let! groups =
            Gen.elements (
                if parts.IsNone && batch >= 16 && batch % 8 = 0 then
                    [ 1; 1; 2; 8 ]
                else
                    [ 1 ]
            )

        let! monitor = Gen.optionOf (monitor (Images.hasLabels images))
        let! weightDecay = Gen.frequency [ 4, Gen.constant Decay.Constant; 1, decayOf 1 ]

        let! more =
            if Method.usesMoreViews method && not encoder.IsViT then
                Gen.map2 CountedView.times (Gen.choose (1, 8)) (viewOf side |> Gen.map (fun view -> view >-> ending))
                |> Gen.listOf
                |> Gen.map (List.truncate 2)
            else
                Gen.constant []

        let! seed = Gen.choose64 (-9_000_000_000_000_000_000L, 9_000_000_000_000_000_000L)

        return
            {
                Images = images
                ViewA = viewA
                ViewB = viewB
                MoreViews = more
                Encoder = encoder
                InitialWeights = weights
                Head =
                    { head with
                        Depth =
                            (if method = Method.SimClr then
                                 head.Depth
                             else
                                 max 1 head.Depth)
                    }
                Method = method
                Loss = (if method = Method.SimClr then loss else Loss.OfMethod)
                Optimizer = optimizer
                LearningRate = learningRate
                Schedule =
                    {
                        WarmupEpochs = warmup
                        Decay = decay
                        WeightDecayFactor = weightDecay
                    }
                BatchSize = batch
                MicroBatches = parts
                NormGroups = groups
                Epochs = epochs
                Precision = precision
                Evaluation = evaluation
                Monitor = monitor
                Seed = seed
            }
    }

/// Any finite number, of any size.
let finite = ArbMap.defaults |> ArbMap.generate<NormalFloat> |> Gen.map _.Get

/// Checks a property on so many drawn values.
let forAllOf count (generator: Gen<'T>) (property: 'T -> bool) =
    Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(count).WithQuietOnSuccess true,
        Prop.forAll (Arb.fromGen generator) property
    )

/// Checks a property on a hundred drawn values.
let forAll generator property = forAllOf 100 generator property
