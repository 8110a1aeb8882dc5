namespace SimCLR

/// What solo-learn, lightly, MoCo's notebook and SimSiam's appendix train on CIFAR-10.
[<RequireQualifiedAccess>]
module internal CifarMethods =

    let private jitter brightness saturation hue =
        View.ColorJitter
            {
                Brightness = brightness
                Contrast = brightness
                Saturation = saturation
                Hue = hue
                Probability = 0.8
                BrightnessMode = BrightnessMode.Multiply
                ContrastMean = ContrastMean.Gray
            }

    let private crop least =
        View.crop 32
        |> View.withArea least 1.0
        |> View.withInterpolation Interpolation.Bicubic

    /// A ResNet-18 with the stem for small images, no warmup, SGD.
    let private plain =
        { Run.cifar10 with
            Encoder =
                Encoder.ResNet
                    {
                        Depth = 18
                        Width = 1.0
                        Stem = Stem.Cifar
                        ZeroInitResidual = false
                        SelectiveKernel = None
                    }
            Optimizer = Optimizer.sgd |> Optimizer.withWeightDecay 5e-4
            Schedule = Schedule.cosine 0.0
        }

    let private head depth hidden output =
        { Head.ofDepth depth with
            Hidden = Some hidden
            Output = output
        }

    // solo-learn ---------------------------------------------------------------------------------------------------------------

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

    /// Batch 256, 1000 epochs of which 10 warm up.
    let private solo head method =
        { plain with
            Head = head
            BatchSize = 256
            Epochs = 1000
            Schedule = Schedule.cosine 10.0
        }
        |> Run.withMethod method

    let soloMoCo =
        solo
            (head 2 2048 256)
            (Method.moCo 32768
             |> Method.withMomentum { Start = 0.99; End = 0.999 }
             |> Method.withNormGroups 1
             |> Method.symmetric)
        |> Run.withViews weak
        |> sgd 0.3 1e-4

    let soloMoCoV3 =
        solo (head 2 4096 256) (Method.moCoV3 |> Method.withTemperature 0.2)
        |> asymmetric
        |> lars 0.3 1e-6

    let soloByol =
        solo (head 2 4096 256) (Method.byol |> Method.withMomentum (Momentum.rising 0.99))
        |> asymmetric
        |> lars 1.0 1e-5

    let soloSimSiam =
        solo (head 3 2048 2048) Method.simSiam |> Run.withViews weak |> sgd 0.5 1e-5

    let soloBarlowTwins =
        solo (head 3 2048 2048) Method.barlowTwinsOfSoloLearn
        |> asymmetric
        |> lars 0.3 1e-4

    let soloVicReg =
        solo (head 3 2048 2048) Method.vicRegOfSoloLearn
        |> Run.withViews (
            crop 0.2
            >-> jitter 0.4 0.2 0.1
            >-> View.grayscale 0.2
            >-> View.solarize 0.1
            >-> View.flip
        )
        |> lars 0.3 1e-4

    let soloSwav =
        solo
            (head 2 2048 128)
            (Method.Swav
                {
                    Prototypes = 3000
                    Temperature = 0.1
                    Epsilon = 0.05
                    Iterations = 3
                    FrozenEpochs = 2.0
                    Queue = 3840
                    QueueFromEpoch = 50.0
                })
        |> Run.withViews symmetric
        |> lars 0.6 1e-6

    /// Crops of 32 pixels of a fifth of the area or more, the second solarized at times, and six of 18 pixels of half of it at most.
    let soloSwavMultiCrop =
        let pair = crop 0.2 >-> jitter 0.6 0.6 0.2 >-> View.grayscale 0.2

        let local =
            (crop 0.08 |> View.withSize 18 |> View.withArea 0.08 0.5)
            >-> jitter 0.8 0.8 0.2
            >-> View.grayscale 0.2
            >-> (View.blur |> View.withBlurProbability 0.1)
            >-> View.solarize 0.1
            >-> View.flip

        { soloSwav with
            ViewA = pair >-> View.flip
            ViewB = pair >-> View.solarize 0.2 >-> View.flip
            MoreViews = [ CountedView.times 6 local ]
        }
        |> Run.withDecay (Decay.CosineBetween(1.0, 0.001))

    let soloNnclr =
        solo (head 3 2048 256) (Method.nnclr 49920 |> Method.withTemperature 0.2)
        |> asymmetric
        |> lars 0.4 1e-5

    let soloDino =
        solo (head 2 2048 256) (Method.dino 4096 |> Method.withMomentum (Momentum.rising 0.9995))
        |> asymmetric
        |> lars 0.3 1e-6

    // lightly, MoCo, SimSiam -----------------------------------------------------------------------------------------------------

    /// Batch 128, 200 epochs, jitter of strength 0.5, no blur.
    let private lightly head method =
        { plain with
            Head = head
            BatchSize = 128
            Epochs = 200
            LearningRate = LearningRate.Linear 0.12
        }
        |> Run.withMethod method
        |> Run.withViews Views.paperCifar10

    let lightlyMoCo =
        lightly
            (head 2 512 128)
            (Method.moCo 4096
             |> Method.withMomentum (Momentum.constant 0.99)
             |> Method.withTemperature 0.1)

    let lightlyByol =
        lightly
            (head 2 1024 256)
            (Method.byol
             |> Method.withPredictor (Some(Predictor.ofWidth 1024))
             |> Method.withMomentum (Momentum.constant 0.99))

    let lightlySimSiam =
        { lightly (head 2 2048 2048) Method.simSiam with
            LearningRate = LearningRate.Fixed 0.06
        }

    let lightlyBarlowTwins = lightly (head 2 2048 2048) Method.barlowTwins

    /// The official notebook: batch 512, rate 0.06, momentum 0.99, temperature 0.1, eight groups, a linear head, 200 epochs.
    let moCoNotebook =
        { plain with
            Head = head 1 128 128
            BatchSize = 512
            Epochs = 200
            LearningRate = LearningRate.Fixed 0.06
        }
        |> Run.withMethod (
            Method.moCo 4096
            |> Method.withMomentum (Momentum.constant 0.99)
            |> Method.withTemperature 0.1
        )
        |> Run.withViews (View.crop 32 >-> View.flip >-> jitter 0.4 0.4 0.1 >-> View.grayscale 0.2)

    /// SimSiam's appendix D: batch 512, rate 0.03 · batch / 256, a head of two layers, no blur, 800 epochs.
    let simSiamCifar10 =
        { plain with
            Head = head 2 2048 2048
            BatchSize = 512
            Epochs = 800
            LearningRate = LearningRate.Linear 0.03
        }
        |> Run.withMethod Method.simSiam
        |> Run.withViews (
            View.crop 32 >-> View.flip >-> jitter 0.4 0.4 0.1 >-> View.grayscale 0.2
            |> View.withArea 0.2 1.0
        )

    let private soloUnsaid =
        [
            "the first convolution pads by 2, which makes maps of 34 x 34"
            "LARS's rate is clipped at the global one (clip_lr)"
            "input normalized by CIFAR-10's mean and deviation"
            "the warmup begins at 3e-5"
        ]

    let private ofSolo name run file more =
        NamedRecipe.Of name run $"vturrisi/solo-learn: scripts/pretrain/cifar/{file}.yaml" (soloUnsaid @ more)

    let private ofLightly name run more =
        NamedRecipe.Of
            name
            run
            "lightly-ai/lightly: docs/source/getting_started/benchmarks/cifar10_benchmark.py"
            ([
                "input normalized by ImageNet's mean and deviation"
                "decay of biases and batch norm too"
                "the schedule moves once per epoch, not per step"
             ]
             @ more)

    let all =
        [
            ofSolo
                "soloMoCo"
                soloMoCo
                "mocov2plus"
                [
                    "two queues, one for each view"
                    "the mean of both directions, half of this loss"
                ]
            ofSolo "soloMoCoV3" soloMoCoV3 "mocov3" []
            ofSolo "soloByol" soloByol "byol" []
            ofSolo "soloSimSiam" soloSimSiam "simsiam" []
            ofSolo "soloBarlowTwins" soloBarlowTwins "barlow" []
            ofSolo "soloVicReg" soloVicReg "vicreg" []
            ofSolo "soloSwav" soloSwav "swav" []
            NamedRecipe.Of
                "soloSwavMultiCrop"
                soloSwavMultiCrop
                "vturrisi/solo-learn: scripts/pretrain/cifar-multicrop/swav.yaml, augmentations/swav.yaml"
                soloUnsaid
            ofSolo "soloNnclr" soloNnclr "nnclr" [ "a queue of 65536, which holds more than all images; here 49920" ]
            ofSolo "soloDino" soloDino "dino" [ "GELU in the head"; "the teacher's temperature warms up" ]
            ofLightly "lightlyMoCo" lightlyMoCo [ "the queue takes this batch's keys before the second direction" ]
            ofLightly "lightlyByol" lightlyByol [ "half of the sum of negative cosines: a quarter of this loss" ]
            ofLightly "lightlySimSiam" lightlySimSiam [ "batch norm with scale and shift after the head" ]
            ofLightly "lightlyBarlowTwins" lightlyBarlowTwins []
            NamedRecipe.Of
                "moCoNotebook"
                moCoNotebook
                "facebookresearch/moco, branch colab-notebook: colab/moco_cifar10_demo.ipynb"
                [
                    "input normalized by CIFAR-10's mean and deviation"
                    "decay of biases and batch norm too"
                    "the schedule moves once per epoch, not per step"
                ]
            NamedRecipe.Of
                "simSiamCifar10"
                simSiamCifar10
                "Chen and He 2021, arXiv 2011.10566, appendix D"
                [
                    "decay of biases and batch norm too"
                    "the schedule moves once per epoch, not per step"
                ]
        ]
