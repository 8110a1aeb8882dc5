namespace SimCLR

open RecipeParts

/// What solo-learn trains on CIFAR-10: a ResNet-18, batch 256, 1000 epochs of which 10 warm up.
[<RequireQualifiedAccess>]
module internal SoloLearn =

    let private crop least =
        View.crop 32
        |> View.withArea least 1.0
        |> View.withInterpolation Interpolation.Bicubic

    let private symmetric =
        crop 0.08
        >-> jitter 0.8 0.8 0.2
        >-> View.grayscale 0.2
        >-> View.blur
        >-> View.flip

    let private weak =
        crop 0.08
        >-> jitter 0.4 0.4 0.1
        >-> View.grayscale 0.2
        >-> View.blur
        >-> View.flip

    let private asymmetric =
        let view more =
            crop 0.08 >-> jitter 0.4 0.2 0.1 >-> View.grayscale 0.2 >-> more

        fun run ->
            { run with
                ViewA = view View.flip
                ViewB = view (View.solarize 0.2 >-> View.flip)
            }

    let private lars rate decay run =
        { run with
            Optimizer =
                Optimizer.Lars
                    {
                        Momentum = 0.9
                        WeightDecay = decay
                        TrustCoefficient = 0.02
                    }
            LearningRate = LearningRate.Linear rate
        }

    let private sgd rate decay run =
        { run with
            Optimizer = Optimizer.sgd |> Optimizer.withWeightDecay decay
            LearningRate = LearningRate.Linear rate
        }

    let internal normalized =
        Run.withNormalization (View.normalize [ 0.4914; 0.4822; 0.4465 ] [ 0.2470; 0.2435; 0.2616 ])

    let private run head views trained method =
        { smallImages with
            Head = head
            BatchSize = 256
            Epochs = 1000
            Schedule = Schedule.cosine 10.0
        }
        |> Run.withMethod method
        |> views
        |> trained
        |> normalized

    let moCo =
        Method.moCo 32768
        |> Method.withMomentum { Start = 0.99; End = 0.999 }
        |> Method.withNormGroups 1
        |> Method.symmetric
        |> run (head 2 2048 256) (Run.withViews weak) (sgd 0.3 1e-4)

    let moCoV3 =
        Method.moCoV3
        |> Method.withTemperature 0.2
        |> run (head 2 4096 256) asymmetric (lars 0.3 1e-6)

    let byol =
        Method.byol
        |> Method.withMomentum (Momentum.rising 0.99)
        |> run (head 2 4096 256) asymmetric (lars 1.0 1e-5)

    let simSiam =
        Method.simSiam |> run (head 3 2048 2048) (Run.withViews weak) (sgd 0.5 1e-5)

    let barlowTwins =
        Method.barlowTwinsOfSoloLearn
        |> run (head 3 2048 2048) asymmetric (lars 0.3 1e-4)

    let vicReg =
        let view =
            crop 0.2
            >-> jitter 0.4 0.2 0.1
            >-> View.grayscale 0.2
            >-> View.solarize 0.1
            >-> View.flip

        Method.vicRegOfSoloLearn
        |> run (head 3 2048 2048) (Run.withViews view) (lars 0.3 1e-4)

    let private swavMethod =
        Method.Swav
            {
                Prototypes = 3000
                Temperature = 0.1
                Epsilon = 0.05
                Iterations = 3
                FrozenEpochs = 2.0
                Queue = 3840
                QueueFromEpoch = 50.0
            }

    let swav =
        swavMethod |> run (head 2 2048 128) (Run.withViews symmetric) (lars 0.6 1e-6)

    /// Crops of 32 pixels of a fifth of the area or more, the second solarized at times, and six of 18 pixels of half of it at most.
    let swavMultiCrop =
        let pair = crop 0.2 >-> jitter 0.6 0.6 0.2 >-> View.grayscale 0.2

        let local =
            (crop 0.08 |> View.withSize 18 |> View.withArea 0.08 0.5)
            >-> jitter 0.8 0.8 0.2
            >-> View.grayscale 0.2
            >-> (View.blur |> View.withBlurProbability 0.1)
            >-> View.solarize 0.1
            >-> View.flip

        let views run =
            { run with
                ViewA = pair >-> View.flip
                ViewB = pair >-> View.solarize 0.2 >-> View.flip
                MoreViews = [ CountedView.times 6 local ]
            }

        swavMethod
        |> run (head 2 2048 128) views (lars 0.6 1e-6)
        |> Run.withDecay (Decay.CosineBetween(1.0, 0.001))

    let nnclr =
        Method.nnclr 49920
        |> Method.withTemperature 0.2
        |> run (head 3 2048 256) asymmetric (lars 0.4 1e-5)

    /// Its head has no batch norm, and no gradient is bounded.
    let dino =
        let trained =
            Method.dino 4096
            |> Method.withMomentum (Momentum.rising 0.9995)
            |> Method.withTeacherTemperature 0.04 0.07 50
            |> Method.withLargestGradient None
            |> run (head 3 2048 256) asymmetric (lars 0.3 1e-6)

        { trained with
            Head =
                { trained.Head with
                    BatchNorm = false
                    LastNorm = LastNorm.None
                    LastBias = true
                }
        }

    let supCon =
        { run
              { head 2 2048 256 with
                  BatchNorm = false
              }
              (Run.withViews symmetric)
              (sgd 0.4 1e-5)
              Method.simClr with
            Loss = Loss.supCon 0.2
        }

    let internal unsaid =
        [
            "the first convolution pads by 2, which makes maps of 34 x 34"
            "LARS's rate is clipped at the global one (clip_lr)"
            "the warmup begins at 3e-5"
        ]

    let private named name run file more =
        NamedRecipe.Of name run $"vturrisi/solo-learn: scripts/pretrain/{file}.yaml" (unsaid @ more)

    let all =
        [
            named
                "soloMoCo"
                moCo
                "cifar/mocov2plus"
                [
                    "two queues, one for each view"
                    "the mean of both directions, half of this loss"
                ]
            named "soloMoCoV3" moCoV3 "cifar/mocov3" []
            named "soloByol" byol "cifar/byol" []
            named "soloSimSiam" simSiam "cifar/simsiam" []
            named "soloBarlowTwins" barlowTwins "cifar/barlow" []
            named "soloVicReg" vicReg "cifar/vicreg" []
            named "soloSwav" swav "cifar/swav" []
            named "soloSwavMultiCrop" swavMultiCrop "cifar-multicrop/swav" []
            named "soloNnclr" nnclr "cifar/nnclr" [ "a queue of 65536, which holds more than all images; here 49920" ]
            named "soloDino" dino "cifar/dino" [ "GELU in the head, its weights normal of deviation 0.02" ]
            named "soloSupCon" supCon "cifar/supcon" []
        ]
