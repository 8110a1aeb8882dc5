namespace SimCLR

open RecipeParts

/// What the papers of methods other than SimCLR train on ImageNet with a ResNet-50. Images are the folder "imagenet"; Run.withImages names another.
[<RequireQualifiedAccess>]
module internal ImageNetMethods =

    let internal run head method =
        { Run.cifar10 with
            Images = Images.folder (Some 256) "imagenet"
            Encoder = Encoder.resNet 50 |> Encoder.withStem Stem.ImageNet
            Head = head
        }
        |> Run.withMethod method

    let private lars decay run =
        { run with
            Optimizer = Optimizer.lars |> Optimizer.withWeightDecay decay
        }

    let private sgd run =
        { run with
            Optimizer = Optimizer.sgd |> Optimizer.withWeightDecay 1e-4
        }

    let internal training batch rate epochs warmup run =
        { run with
            BatchSize = batch
            LearningRate = LearningRate.Linear rate
            Epochs = epochs
            Schedule = Schedule.cosine warmup
        }

    let internal views (a, b) run = { run with ViewA = a; ViewB = b }

    /// BYOL's views with that least area, resized as torchvision does unasked.
    let internal byolViews least =
        let changed view =
            view |> View.withArea least 1.0 |> View.withInterpolation Interpolation.Bilinear

        let a, b = Views.byol
        views (changed a, changed b)

    /// Blocks that begin as drawn: torchvision's default, which these do not change.
    let private drawn (run: Run) =
        { run with
            Encoder = asDrawn run.Encoder
        }

    /// A tenth of the rate from 0.6 of the epochs and again from 0.8 on.
    let private inSteps = Run.withDecay (Decay.steps 0.1 [ 0.6; 0.8 ])

    /// Colours as in the first version of MoCo: jitter of all four always.
    let private firstViews =
        (View.crop 224 |> View.withArea 0.2 1.0)
        >-> View.grayscale 0.2
        >-> jitterOf 1.0 0.4 0.4 0.4
        >-> View.flip

    /// As MoCo took it over from instance discrimination: a linear head.
    let private ofFirst method =
        run (head 1 2048 128) method
        |> sgd
        |> drawn
        |> training 256 0.03 200 0.0
        |> inSteps
        |> Run.withViews firstViews
        |> normalizedAsImageNet

    let instanceDiscrimination =
        ofFirst (Method.instanceDiscrimination |> Method.withNoise 4096)

    let moCoV1 = ofFirst (Method.moCo 65536 |> Method.withTemperature 0.07)

    let moCoV2 =
        run (head 2 2048 128) (Method.moCo 65536)
        |> sgd
        |> drawn
        |> training 256 0.03 200 0.0
        |> Run.withViews Views.mocoV2
        |> normalizedAsImageNet

    let simClrV2 =
        let memory =
            run (Head.ofDepth 3) (Method.simClrMemory 65536)
            |> lars 1e-4
            |> Run.withViews Views.simclrV2

        { memory with
            Encoder = memory.Encoder |> Encoder.withSelectiveKernel
            BatchSize = 4096
            LearningRate = LearningRate.SquareRoot 0.1
            Epochs = 800
            Schedule = Schedule.cosine 40.0
        }

    let moCoV3 =
        run (head 2 4096 256) Method.moCoV3
        |> lars 1e-6
        |> training 4096 0.6 100 10.0
        |> byolViews 0.2
        |> normalizedAsImageNet

    let private byolOf rate decay epochs start =
        run (head 2 4096 256) (Method.byol |> Method.withMomentum (Momentum.rising start))
        |> lars decay
        |> drawn
        |> training 4096 rate epochs 10.0
        |> views Views.byol
        |> normalizedAsImageNet

    let byol = byolOf 0.2 1.5e-6 1000 0.996
    let byol300 = byolOf 0.3 1e-6 300 0.99
    let byol100 = byolOf 0.45 1e-6 100 0.99

    let simSiam =
        run (head 3 2048 2048) Method.simSiam
        |> sgd
        |> training 512 0.05 100 0.0
        |> Run.withViews Views.mocoV2
        |> normalizedAsImageNet

    let private wide method =
        run (head 3 8192 8192) method
        |> lars 1e-6
        |> training 2048 0.2 1000 10.0
        |> Run.withDecay (Decay.CosineBetween(1.0, 0.001))
        |> views Views.byol
        |> normalizedAsImageNet

    let barlowTwins = wide Method.barlowTwinsOfCode

    let vicReg = wide Method.vicReg

    let nnclr =
        run (head 3 2048 256) (Method.nnclr 98304)
        |> lars 1e-6
        |> training 4096 0.3 1000 10.0
        |> views Views.byol

    let private swavOf method =
        run (head 2 2048 128) method
        |> lars 1e-6
        |> drawn
        |> Run.withViews Views.paperImageNet
        |> Run.withMultiCrop 6 96 0.14
        // The kernel has 23 pixels, also in small crops.
        |> fun run ->
            { run with
                MoreViews =
                    [
                        for crops in run.MoreViews ->
                            { crops with
                                View = View.withBlurKernel 0.24 crops.View
                            }
                    ]
            }
        // Red's deviation is as in its code.
        |> Run.withNormalization (View.normalize [ 0.485; 0.456; 0.406 ] [ 0.228; 0.224; 0.225 ])

    /// 64 GPUs of 64 images, whose batch norm is of eight each.
    let swav =
        swavOf (Method.swav 3000)
        |> training 4096 0.3 800 10.0
        |> Run.withDecay (Decay.CosineBetween(1.0, 0.001))
        |> Run.withNormGroups 8

    /// Four GPUs of 64 images, with a queue.
    let swavSmallBatch =
        swavOf (Method.swav 3000 |> Method.withQueue 3840)
        |> training 256 0.6 200 0.0
        |> Run.withDecay (Decay.CosineBetween(1.0, 0.001))

    let private biased =
        "layers before batch norm have biases, which it takes away again"

    let private ofByol name run =
        NamedRecipe.Of
            name
            run
            "Grill et al. 2020, arXiv 2006.07733, and google-deepmind/deepmind-research: byol/configs/byol.py"
            [
                "running statistics move by 0.1, not 0.9 of what they were"
                "batch norm over all devices: here there is one"
                biased
            ]

    let all =
        [
            NamedRecipe.Of
                "instanceDiscriminationImageNet"
                instanceDiscrimination
                "Wu et al. 2018, arXiv 1805.01978, and zhirongw/lemniscate.pytorch: main.py"
                [
                    "decay of biases and batch norm too"
                    "batch norm of each of its GPUs by itself; of how many, the code does not say"
                ]
            NamedRecipe.Of
                "moCoV1ImageNet"
                moCoV1
                "He et al. 2020, arXiv 1911.05722, and facebookresearch/moco: README.md, main_moco.py"
                [ "decay of biases and batch norm too" ]
            NamedRecipe.Of
                "moCoV2ImageNet"
                moCoV2
                "Chen et al. 2020, arXiv 2003.04297, and facebookresearch/moco: README.md (--mlp --moco-t 0.2 --aug-plus --cos)"
                plainTorch
            NamedRecipe.Of
                "simClrV2ImageNet"
                simClrV2
                "Chen et al. 2020, arXiv 2006.10029, section 3 (settings)"
                [
                    "which views come into the memory: the paper does not say it, and the published code has no memory; here the second one's of every image"
                    "that the batch's own negatives stay beside the memory: inferred, as the gain is small where batches are large"
                    "batch norm over all images of a step: so it is on one GPU or over several ranks, and in MicroBatches over each part alone"
                    "crops of the original images: so they are of Images.whole, and else of squares that were cut from their centre"
                ]
            NamedRecipe.Of
                "moCoV3ImageNet"
                moCoV3
                "Chen et al. 2021, arXiv 2104.02057, and facebookresearch/moco-v3: CONFIG.md"
                [ "batch norm over all devices: here there is one" ]
            ofByol "byolImageNet" byol
            ofByol "byol300ImageNet" byol300
            ofByol "byol100ImageNet" byol100
            NamedRecipe.Of
                "simSiamImageNet"
                simSiam
                "Chen and He 2021, arXiv 2011.10566, and facebookresearch/simsiam: main_simsiam.py"
                plainTorch
            NamedRecipe.Of
                "barlowTwinsImageNet"
                barlowTwins
                "Zbontar et al. 2021, arXiv 2103.03230, and facebookresearch/barlowtwins: main.py"
                []
            NamedRecipe.Of
                "vicRegImageNet"
                vicReg
                "Bardes et al. 2022, arXiv 2105.04906, and facebookresearch/vicreg: main_vicreg.py"
                [ biased ]
            NamedRecipe.Of
                "nnclrImageNet"
                nnclr
                "Dwibedi et al. 2021, arXiv 2104.14548; head and predictor as vturrisi/solo-learn has them"
                [
                    "views, queue, rate and decay are as they are cited: paper and code were not read"
                ]
            NamedRecipe.Of
                "swavImageNet"
                swav
                "Caron et al. 2020, arXiv 2006.09882, and facebookresearch/swav: scripts/swav_800ep_pretrain.sh, main_swav.py, src/multicropdataset.py"
                [
                    "decay and LARC's adaptation of biases and batch norm too"
                    "the warmup begins at 0.3"
                ]
            NamedRecipe.Of
                "swavSmallBatchImageNet"
                swavSmallBatch
                "Caron et al. 2020, arXiv 2006.09882, and facebookresearch/swav: scripts/swav_200ep_bs256_pretrain.sh, main_swav.py"
                [ "decay and LARC's adaptation of biases and batch norm too" ]
        ]
