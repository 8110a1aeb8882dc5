namespace SimCLR

open RecipeParts

/// What lightly's benchmark trains on CIFAR-10: a ResNet-18, batch 128, 200 epochs, jitter of strength 0.5, no blur.
[<RequireQualifiedAccess>]
module internal Lightly =

    let private run head method =
        { smallImages with
            Head = head
            BatchSize = 128
            Epochs = 200
            LearningRate = LearningRate.Linear 0.12
        }
        |> Run.withMethod method
        |> Run.withViews Views.paperCifar10
        |> normalizedAsImageNet

    let moCo =
        Method.moCo 4096
        |> Method.withMomentum (Momentum.constant 0.99)
        |> Method.withTemperature 0.1
        |> Method.symmetric
        |> run (head 2 512 128)

    let byol =
        Method.byol
        |> Method.withPredictor (Some(Predictor.ofWidth 1024))
        |> Method.withMomentum (Momentum.constant 0.99)
        |> run (head 2 1024 256)

    /// Its predictor's rate decays as all do.
    let simSiam =
        let method =
            match Method.simSiam with
            | Method.SimSiam s -> Method.SimSiam { s with ConstantRate = false }
            | other -> other

        { run (head 2 2048 2048) method with
            LearningRate = LearningRate.Fixed 0.06
        }

    let barlowTwins = run (head 2 2048 2048) Method.barlowTwins

    let nnclr = Method.nnclr 4096 |> Method.withTemperature 0.5 |> run (head 2 2048 256)

    /// Adam at 0.001 for 128 images, two crops of 0.14 of the area or more, jitter of strength 1.
    let swav =
        let view =
            (View.crop 32 |> View.withArea 0.14 1.0)
            >-> View.flip
            >-> jitter 0.8 0.8 0.2
            >-> View.grayscale 0.2

        { run (head 2 512 128) (Method.swav 512 |> Method.withFrozenEpochs 0.0) with
            Optimizer = Optimizer.adam |> Optimizer.withWeightDecay 1e-6
            LearningRate = LearningRate.Linear 0.002
        }
        |> Run.withViews view
        |> normalizedAsImageNet

    /// Crops of 0.4 of the area or more, the second view solarized in a fifth of the cases; directions that move from the start, gradients of any length.
    let dino =
        let view =
            (View.crop 32 |> View.withArea 0.4 1.0)
            >-> View.flip
            >-> jitter 0.4 0.2 0.1
            >-> View.grayscale 0.2

        let method =
            Method.dino 2048
            |> Method.withMomentum (Momentum.constant 0.99)
            |> Method.withFrozenEpochs 0.0
            |> Method.withLargestGradient None

        { run (head 2 2048 256) method with
            ViewA = view
            ViewB = view >-> View.solarize 0.2
        }
        |> normalizedAsImageNet

    let dcl =
        { run (Head.ofDepth 2) Method.simClr with
            Loss = Loss.dcl 0.1
        }

    let private named name run more =
        NamedRecipe.Of
            name
            run
            "lightly-ai/lightly: docs/source/getting_started/benchmarks/cifar10_benchmark.py"
            (plainTorch @ more)

    let all =
        [
            named
                "lightlyMoCo"
                moCo
                [
                    "the queue takes this batch's keys before the second direction"
                    "the mean of both directions, half of this loss"
                ]
            named "lightlyByol" byol [ "half of the sum of negative cosines: a quarter of this loss" ]
            named "lightlySimSiam" simSiam [ "batch norm with scale and shift after the head" ]
            named "lightlyBarlowTwins" barlowTwins []
            named
                "lightlyNnclr"
                nnclr
                [
                    "NT-Xent of neighbours and predictions, in which the view's own others are negatives, too"
                ]
            named "lightlySwav" swav []
            named "lightlyDino" dino [ "GELU in the head" ]
            named "lightlyDcl" dcl [ "views one after the other" ]
        ]
