namespace SimCLR

open RecipeParts

/// What authors of methods train on CIFAR-10: MoCo's notebook, SimSiam's appendix, instance discrimination's code.
[<RequireQualifiedAccess>]
module internal CifarMethods =

    /// Batch 512, rate 0.06, momentum 0.99, temperature 0.1, eight groups, a linear head, 200 epochs.
    let moCoNotebook =
        { smallImages with
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
        |> normalizedAsCifar10

    /// Batch 512, rate 0.03 · batch / 256, a head of two layers, no blur, 800 epochs.
    let simSiam =
        { smallImages with
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

    /// Batch 128, rate 0.03, a tenth of it from epoch 120 and again from 160 on, of 200; one view without flips.
    let instanceDiscrimination =
        { smallImages with
            Head = head 1 128 128
            BatchSize = 128
            Epochs = 200
            LearningRate = LearningRate.Fixed 0.03
        }
        |> Run.withMethod (Method.instanceDiscrimination |> Method.withTemperature 0.1)
        |> Run.withDecay (Decay.steps 0.1 [ 0.6; 0.8 ])
        |> Run.withViews (
            (View.crop 32 |> View.withArea 0.2 1.0)
            >-> View.grayscale 0.2
            >-> jitterOf 1.0 0.4 0.4 0.4
        )
        |> normalizedAsCifar10

    let all =
        [
            NamedRecipe.Of
                "moCoNotebook"
                moCoNotebook
                "facebookresearch/moco, branch colab-notebook: colab/moco_cifar10_demo.ipynb"
                plainTorch
            NamedRecipe.Of
                "simSiamCifar10"
                simSiam
                "Chen and He 2021, arXiv 2011.10566, appendix D"
                ("whether input is normalized: the appendix does not say it" :: plainTorch)
            NamedRecipe.Of
                "instanceDiscriminationCifar10"
                instanceDiscrimination
                "zhirongw/lemniscate.pytorch: cifar.py, README.md (--nce-k 0 --nce-t 0.1 --lr 0.03)"
                [ "decay of biases and batch norm too" ]
        ]
