namespace SimCLR

/// What the papers of methods after SimCLR train on ImageNet with a ResNet-50. Images are the folder "imagenet"; Run.withImages names another.
[<RequireQualifiedAccess>]
module internal ImageNetMethods =

    let private head depth hidden output =
        { Head.ofDepth depth with
            Hidden = Some hidden
            Output = output
        }

    let private run head method =
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

    let private training batch rate epochs warmup run =
        { run with
            BatchSize = batch
            LearningRate = LearningRate.Linear rate
            Epochs = epochs
            Schedule = Schedule.cosine warmup
        }

    let private views (a, b) run = { run with ViewA = a; ViewB = b }

    let moCoV2ImageNet =
        run (head 2 2048 128) (Method.moCo 65536)
        |> sgd
        |> training 256 0.03 200 0.0
        |> Run.withViews Views.mocoV2

    let simClrV2ImageNet =
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

    let moCoV3ImageNet =
        run (head 2 4096 256) Method.moCoV3
        |> lars 1e-6
        |> training 4096 0.6 100 10.0
        |> views (Views.byol |> fun (a, b) -> View.withArea 0.2 1.0 a, View.withArea 0.2 1.0 b)

    let byolImageNet =
        run (head 2 4096 256) Method.byol
        |> lars 1.5e-6
        |> training 4096 0.2 1000 10.0
        |> views Views.byol

    let simSiamImageNet =
        run (head 3 2048 2048) Method.simSiam
        |> sgd
        |> training 512 0.05 100 0.0
        |> Run.withViews Views.mocoV2

    let barlowTwinsImageNet =
        run (head 3 8192 8192) Method.barlowTwinsOfCode
        |> lars 1e-6
        |> training 2048 0.2 1000 10.0
        |> views Views.byol

    let vicRegImageNet =
        run (head 3 8192 8192) Method.vicReg
        |> lars 1e-6
        |> training 2048 0.2 1000 10.0
        |> views Views.byol

    /// 64 GPUs of 64 images, whose batch norm is of eight each.
    let swavImageNet =
        run (head 2 2048 128) (Method.swav 3000)
        |> lars 1e-6
        |> training 4096 0.3 800 10.0
        |> Run.withDecay (Decay.CosineBetween(1.0, 0.001))
        |> Run.withNormGroups 8
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

    /// A ViT-S/16 and AdamW: 0.0005 · batch / 256 to 1e-6, decay 0.04 to 0.4, eight small crops.
    let private dino batch epochs method =
        let (a, b) =
            Views.byol |> fun (a, b) -> View.withArea 0.4 1.0 a, View.withArea 0.4 1.0 b

        let bicubic = View.withInterpolation Interpolation.Bicubic

        let local =
            a |> View.withSize 96 |> View.withArea 0.05 0.4 |> View.withBlurProbability 0.5

        { run (head 3 2048 256) method with
            Encoder = Encoder.vitSmall 16 224
            Optimizer = Optimizer.adamW |> Optimizer.withWeightDecay 0.04
            Head =
                { head 3 2048 256 with
                    BatchNorm = false
                    LastNorm = LastNorm.None
                    LastBias = true
                }
        }
        |> training batch 0.0005 epochs 10.0
        |> Run.withDecay (Decay.CosineBetween(1.0, 1e-6 / (0.0005 * float batch / 256.0)))
        |> Run.withWeightDecayFactor (Decay.CosineBetween(1.0, 10.0))
        |> views (bicubic a, bicubic b)
        |> Run.withMoreViews [ CountedView.times 8 (bicubic local) ]

    let dinoImageNet = dino 512 100 (Method.dino 65536)

    let dinoLongImageNet =
        dino 1024 300 (Method.dino 65536 |> Method.withTeacherTemperature 0.04 0.07 30)

    let private dinoUnsaid =
        [
            "stochastic depth of 0.1 in the student"
            "GELU in the head, its weights normal of deviation 0.02"
            "input normalized by ImageNet's mean and deviation"
            "small crops' positions are interpolated 0.1 of a patch beside"
            "decay of the class token and the positions, too"
        ]

    let all =
        [
            NamedRecipe.Of
                "moCoV2ImageNet"
                moCoV2ImageNet
                "Chen et al. 2020, arXiv 2003.04297, and facebookresearch/moco: README.md (--mlp --moco-t 0.2 --aug-plus --cos)"
                [
                    "decay of biases and batch norm too"
                    "the schedule moves once per epoch, not per step"
                ]
            NamedRecipe.Of
                "simClrV2ImageNet"
                simClrV2ImageNet
                "Chen et al. 2020, arXiv 2006.10029, section 3 (settings)"
                [
                    "which views come into the memory: the paper does not say it, and the published code has no memory; here the second one's of every image"
                    "that the batch's own negatives stay beside the memory: inferred, as the gain is small where batches are large"
                    "batch norm over all images of a step: so it is on one GPU or over several ranks, and in MicroBatches over each part alone"
                    "crops of the original images: so they are of Images.whole, and else of squares that were cut from their centre"
                ]
            NamedRecipe.Of
                "moCoV3ImageNet"
                moCoV3ImageNet
                "Chen et al. 2021, arXiv 2104.02057, and facebookresearch/moco-v3: CONFIG.md"
                [ "batch norm over all devices: here there is one" ]
            NamedRecipe.Of
                "byolImageNet"
                byolImageNet
                "Grill et al. 2020, arXiv 2006.07733, and google-deepmind/deepmind-research: byol/configs/byol.py"
                [
                    "running statistics move by 0.1, not 0.9 of what they were"
                    "batch norm over all devices: here there is one"
                ]
            NamedRecipe.Of
                "simSiamImageNet"
                simSiamImageNet
                "Chen and He 2021, arXiv 2011.10566, and facebookresearch/simsiam: main_simsiam.py"
                [
                    "decay of biases and batch norm too"
                    "the schedule moves once per epoch, not per step"
                ]
            NamedRecipe.Of
                "barlowTwinsImageNet"
                barlowTwinsImageNet
                "Zbontar et al. 2021, arXiv 2103.03230, and facebookresearch/barlowtwins: main.py"
                [ "the schedule ends at a thousandth of the rate" ]
            NamedRecipe.Of
                "vicRegImageNet"
                vicRegImageNet
                "Bardes et al. 2022, arXiv 2105.04906, and facebookresearch/vicreg: main_vicreg.py"
                [ "the schedule ends at a thousandth of the rate" ]
            NamedRecipe.Of
                "swavImageNet"
                swavImageNet
                "Caron et al. 2020, arXiv 2006.09882, and facebookresearch/swav: scripts/swav_800ep_pretrain.sh, main_swav.py, src/multicropdataset.py"
                [
                    "decay and LARC's adaptation of biases and batch norm too"
                    "the warmup begins at 0.3"
                    "input normalized by ImageNet's mean and deviation"
                ]
            NamedRecipe.Of
                "dinoImageNet"
                dinoImageNet
                "Caron et al. 2021, arXiv 2104.14294, and facebookresearch/dino: README.md (vanilla training), main_dino.py"
                dinoUnsaid
            NamedRecipe.Of
                "dinoLongImageNet"
                dinoLongImageNet
                "Caron et al. 2021, arXiv 2104.14294, and facebookresearch/dino: README.md (boosting performance), main_dino.py"
                ("the lengths of the outputs' directions are trained" :: dinoUnsaid)
        ]
