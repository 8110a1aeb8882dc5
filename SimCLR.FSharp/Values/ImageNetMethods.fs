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
        ]
