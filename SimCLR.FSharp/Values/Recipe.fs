namespace SimCLR

/// Published ways to train SimCLR and what came after it, each a run to vary, shorten or compare with Run.diff.
[<RequireQualifiedAccess>]
module Recipe =

    let private paper = "Chen et al. 2020, arXiv 2002.05709v3"

    /// The paper's default on ImageNet (sections 2 to 5): ResNet-50, LARS at 0.3 · batch / 256 with decay 1e-6, batch 4096,
    /// 100 epochs of which 10 warm up, NT-Xent at 0.1. Its images are the folder "imagenet"; Run.withImages names another.
    let paperImageNet =
        {
            Images = Images.folder (Some 256) "imagenet"
            ViewA = Views.paperImageNet
            ViewB = Views.paperImageNet
            MoreViews = []
            Encoder = Encoder.resNet 50 |> Encoder.withStem Stem.ImageNet
            InitialWeights = None
            Head = Head.nonLinear
            Method = Method.simClr
            Loss = Loss.ntXent 0.1
            Optimizer = Optimizer.lars
            LearningRate = LearningRate.Linear 0.3
            Schedule = Schedule.cosine 10.0
            BatchSize = 4096
            MicroBatches = None
            NormGroups = 1
            Epochs = 100
            Precision = Precision.Auto
            Evaluation =
                Evaluation.standard
                |> Evaluation.withCentreCrop 0.875
                |> Evaluation.withProbe Evaluation.paperProbe
            Monitor = None
            Seed = 0L
        }

    /// The paper on CIFAR-10 (appendix B.9), its best setting: ResNet-50 with the CIFAR stem, batch 1024, temperature 0.5, strength
    /// 0.5, no blur, 1000 epochs; of the learning rates 0.5, 1.0 and 1.5 that it tries, the middle one. 94.0 % linear.
    let paperCifar10 =
        { paperImageNet with
            Images = Images.cifar10
            ViewA = Views.paperCifar10
            ViewB = Views.paperCifar10
            Encoder = Encoder.resNet 50
            Loss = Loss.ntXent 0.5
            LearningRate = LearningRate.Linear 1.0
            BatchSize = 1024
            Epochs = 1000
            Evaluation = Evaluation.standard
        }

    /// The reference code's views on small images: crops resized bicubically, contrast about the mean of each channel, no blur.
    let private referenceView =
        Views.paperCifar10
        |> View.withInterpolation Interpolation.Bicubic
        |> View.withContrastMean ContrastMean.PerChannel

    /// The reference code's command for CIFAR-10 on one GPU (google-research/simclr, README): ResNet-18, batch 512, 1000 epochs,
    /// learning rate 1.0 · batch / 256 (model_util.py scales it linearly), decay 1e-4, temperature 0.5, strength 0.5, no blur. About 91 %.
    ///
    /// Its loss is twice the paper's, which is this project's. LARS divides by the gradient's norm, so for the weights that it adapts the same rate
    /// is right, with half the weight decay; only biases and batch norm, which it does not adapt, move half as fast here.
    let googleReference =
        { Run.cifar10 with
            ViewA = referenceView
            ViewB = referenceView
            LearningRate = LearningRate.Linear 1.0
            Epochs = 1000
        }

    /// dkobak/simclr-cifar10, the best honest figures of a single file: ResNet-18, SGD 0.03 · batch / 256 without warmup, decay 5e-4, batch 512,
    /// crops of a fifth at least, jitter of strength 0.5, grayscale 0.1, 1000 epochs. 91.7 % linear, 91.4 % k-NN.
    let dkobak =
        let view =
            View.crop 32 |> View.withArea 0.2 1.0
            >-> View.flip
            >-> View.colorJitter 0.5
            >-> View.grayscale 0.1

        { googleReference with
            ViewA = view
            ViewB = view
            Encoder = RecipeParts.asDrawn googleReference.Encoder
            Head =
                { Head.nonLinear with
                    Hidden = Some 1024
                    BatchNorm = false
                }
            Optimizer = Optimizer.sgd |> Optimizer.withWeightDecay 5e-4
            LearningRate = LearningRate.Linear 0.03
            Schedule = Schedule.cosine 0.0
        }

    /// lightly's CIFAR-10 benchmark: ResNet-18, SGD 0.06 · batch / 128 without warmup, decay 5e-4, batch 128, 200 epochs. 84.7 % k-NN,
    /// of the best epoch on test data.
    let lightly =
        { dkobak with
            ViewA = Views.paperCifar10
            ViewB = Views.paperCifar10
            Head = Head.nonLinear
            LearningRate = LearningRate.Linear 0.12
            BatchSize = 128
            Epochs = 200
        }
        |> Run.withNormalization View.normalizeAsImageNet

    /// solo-learn on CIFAR-10: ResNet-18, LARS at 0.4 · batch / 256 with decay 1e-4 and trust coefficient 0.02, batch 256, temperature 0.2,
    /// a head of 2048 and 256, jitter of strength 1 and blur, 1000 epochs. 90.74 % linear.
    let soloLearn =
        let view =
            View.crop 32
            >-> View.colorJitter 1.0
            >-> View.grayscale 0.2
            >-> View.blur
            >-> View.flip
            |> View.withInterpolation Interpolation.Bicubic

        { googleReference with
            ViewA = view
            ViewB = view
            Encoder = RecipeParts.asDrawn googleReference.Encoder
            Head =
                { Head.nonLinear with
                    Output = 256
                    Hidden = Some 2048
                    BatchNorm = false
                }
            Loss = Loss.ntXent 0.2
            Optimizer =
                Optimizer.Lars
                    {
                        Momentum = 0.9
                        WeightDecay = 1e-4
                        TrustCoefficient = 0.02
                    }
            LearningRate = LearningRate.Linear 0.4
            BatchSize = 256
        }
        |> SoloLearn.normalized

    /// The paper's run with MoCo v2's views (Views.mocoV2): the views alone, for MoCo's queue and momentum encoder are another method.
    let mocoV2Views = paperImageNet |> Run.withViews Views.mocoV2

    /// solo-learn's MoCo v2+ on CIFAR-10: batch 256, SGD 0.3, two directions against a queue of 32768, 1000 epochs. 92.94 % online.
    let soloMoCo = SoloLearn.moCo

    /// solo-learn's MoCo v3 on CIFAR-10: LARS 0.3, temperature 0.2, 1000 epochs. 93.10 % online.
    let soloMoCoV3 = SoloLearn.moCoV3

    /// solo-learn's BYOL on CIFAR-10: LARS 1.0, momentum 0.99 to 1, 1000 epochs. 92.58 % online.
    let soloByol = SoloLearn.byol

    /// solo-learn's SimSiam on CIFAR-10: SGD 0.5, a head of three layers, 1000 epochs. 90.51 % online.
    let soloSimSiam = SoloLearn.simSiam

    /// solo-learn's Barlow Twins on CIFAR-10: LARS 0.3, a head of three layers of 2048, 1000 epochs. 92.10 % online.
    let soloBarlowTwins = SoloLearn.barlowTwins

    /// solo-learn's VICReg on CIFAR-10: LARS 0.3, a head of three layers of 2048, 1000 epochs. 92.07 % online.
    let soloVicReg = SoloLearn.vicReg

    /// solo-learn's SwAV on CIFAR-10: LARS 0.6, 3000 prototypes, a queue of 3840 from epoch 50, 1000 epochs. 89.17 % online.
    let soloSwav = SoloLearn.swav

    /// The same with six crops of 18 pixels beside the two of 32. solo-learn publishes no accuracy.
    let soloSwavMultiCrop = SoloLearn.swavMultiCrop

    /// solo-learn's NNCLR on CIFAR-10: LARS 0.4, temperature 0.2, 1000 epochs. 91.88 % online.
    let soloNnclr = SoloLearn.nnclr

    /// solo-learn's DINO on CIFAR-10: LARS 0.3, 4096 outputs, 1000 epochs. 89.52 % online.
    let soloDino = SoloLearn.dino

    /// solo-learn's supervised contrastive learning on CIFAR-10: SGD 0.4, temperature 0.2, 1000 epochs. 93.82 % online.
    let soloSupCon = SoloLearn.supCon

    /// lightly's MoCo on CIFAR-10: a queue of 4096, temperature 0.1, both directions, 200 epochs. 83.8 % k-NN of the best epoch.
    let lightlyMoCo = Lightly.moCo

    /// lightly's BYOL on CIFAR-10: momentum 0.99, 200 epochs. 86.9 % k-NN of the best epoch.
    let lightlyByol = Lightly.byol

    /// lightly's SimSiam on CIFAR-10: a head of two layers, 200 epochs. 81.9 % k-NN of the best epoch.
    let lightlySimSiam = Lightly.simSiam

    /// lightly's Barlow Twins on CIFAR-10: a head of two layers of 2048, 200 epochs. 84.2 % k-NN of the best epoch.
    let lightlyBarlowTwins = Lightly.barlowTwins

    /// lightly's NNCLR on CIFAR-10: a queue of 4096, temperature 0.5, 200 epochs. 83.4 % k-NN of the best epoch.
    let lightlyNnclr = Lightly.nnclr

    /// lightly's SwAV on CIFAR-10: Adam at 0.001, 512 prototypes, 200 epochs. 81.2 % k-NN of the best epoch.
    let lightlySwav = Lightly.swav

    /// lightly's DINO on CIFAR-10: 2048 outputs, momentum 0.99, 200 epochs. 84.0 % k-NN of the best epoch.
    let lightlyDino = Lightly.dino

    /// lightly's decoupled contrastive loss on CIFAR-10: temperature 0.1, 200 epochs. 84.4 % k-NN of the best epoch.
    let lightlyDcl = Lightly.dcl

    /// The official notebook of MoCo on CIFAR-10: batch 512, SGD 0.06, a queue of 4096, eight groups of batch norm, a linear head, 200 epochs. 82.6 % k-NN.
    let moCoNotebook = CifarMethods.moCoNotebook

    /// SimSiam on CIFAR-10 (2011.10566, appendix D): batch 512, SGD 0.03 · batch / 256, 800 epochs. 91.8 % linear.
    let simSiamCifar10 = CifarMethods.simSiam

    /// Instance discrimination on CIFAR-10: batch 128, SGD 0.03, the softmax over all images at 0.1, 200 epochs. 80.8 % k-NN of the best epoch.
    let instanceDiscriminationCifar10 = CifarMethods.instanceDiscrimination

    /// Instance discrimination on ImageNet: batch 256, SGD 0.03, 4096 drawn negatives, 200 epochs. 46.8 % k-NN.
    let instanceDiscriminationImageNet = ImageNetMethods.instanceDiscrimination

    /// MoCo on ImageNet: batch 256, SGD 0.03, a queue of 65536, temperature 0.07, a linear head, 200 epochs. 60.6 % linear.
    let moCoV1ImageNet = ImageNetMethods.moCoV1

    /// SimCLR v2 on ImageNet: its smallest network of selective kernels, batch 4096, LARS 0.1 · √batch with decay 1e-4, a head of three layers, a memory of 65536, 800 epochs of
    /// which 40 warm up.
    let simClrV2ImageNet = ImageNetMethods.simClrV2

    /// MoCo v2 on ImageNet: batch 256, SGD 0.03, a queue of 65536, 200 epochs. 67.5 % linear.
    let moCoV2ImageNet = ImageNetMethods.moCoV2

    /// MoCo v3 on ImageNet with a ResNet-50: batch 4096, LARS 0.6 · batch / 256, 100 epochs. 68.9 % linear.
    let moCoV3ImageNet = ImageNetMethods.moCoV3

    /// MoCo v3 on ImageNet with a ViT-S/16 whose patches' projection stays as drawn: batch 4096, AdamW 1.5e-4 · batch / 256, temperature 0.2, 300 epochs. 73.2 % linear.
    let moCoV3VitImageNet = ImageNetTransformers.moCoV3

    /// BYOL on ImageNet: batch 4096, LARS 0.2 · batch / 256, 1000 epochs. 74.3 % linear.
    let byolImageNet = ImageNetMethods.byol

    /// The same over 300 epochs: LARS 0.3 · batch / 256, momentum from 0.99. 72.5 % linear.
    let byol300ImageNet = ImageNetMethods.byol300

    /// The same over 100 epochs: LARS 0.45 · batch / 256, momentum from 0.99. Its authors publish no accuracy.
    let byol100ImageNet = ImageNetMethods.byol100

    /// SimSiam on ImageNet: batch 512, SGD 0.05 · batch / 256, 100 epochs. 68.1 % linear.
    let simSiamImageNet = ImageNetMethods.simSiam

    /// Barlow Twins on ImageNet: batch 2048, LARS 0.2 · batch / 256, a head of three layers of 8192, 1000 epochs. 73.2 % linear.
    let barlowTwinsImageNet = ImageNetMethods.barlowTwins

    /// VICReg on ImageNet: batch 2048, LARS 0.2 · batch / 256, a head of three layers of 8192, 1000 epochs. 73.2 % linear.
    let vicRegImageNet = ImageNetMethods.vicReg

    /// NNCLR on ImageNet: batch 4096, LARS 0.3 · batch / 256, a queue of 98304, 1000 epochs. 75.4 % linear.
    let nnclrImageNet = ImageNetMethods.nnclr

    /// SwAV on ImageNet with a ResNet-50: batch 4096, LARS 4.8, 2 crops of 224 and 6 of 96 pixels, 800 epochs. 75.3 % linear.
    let swavImageNet = ImageNetMethods.swav

    /// The same for four GPUs: batch 256, LARS 0.6, a queue of 3840 from epoch 15 on, 200 epochs. 72.7 % linear.
    let swavSmallBatchImageNet = ImageNetMethods.swavSmallBatch

    /// DINO on ImageNet with a ViT-S/16: batch 512, AdamW, 2 crops of 224 and 8 of 96 pixels, 100 epochs. 73.8 % linear, 69.3 % k-NN.
    let dinoImageNet = ImageNetTransformers.dino

    /// The same with batch 1024 and a teacher's temperature of 0.07, 300 epochs. 76.1 % linear, 73.3 % k-NN.
    let dinoLongImageNet = ImageNetTransformers.dinoLong

    /// LeJEPA on ImageNet with a ViT-S/16, as lightly trains it: batch 512, AdamW, 2 crops of 224 and 6 of 96 pixels, 100 epochs. 64.0 % linear, 47.1 % k-NN.
    let leJepaImageNet = ImageNetTransformers.leJepa

    /// All of them, with their sources and with what they leave unsaid.
    let all =
        [
            NamedRecipe.Of
                "paperImageNet"
                paperImageNet
                ($"{paper}, section 2 and appendix A")
                [
                    "batch norm over all images of a step: so it is on one GPU or over several ranks, and in MicroBatches over each part alone"
                    "crops of the original images: so they are of Images.whole, as with --preset paper, and else of squares that were cut from their centre"
                ]
            NamedRecipe.Of
                "paperCifar10"
                paperCifar10
                ($"{paper}, appendix B.9")
                [
                    "which learning rate of 0.5, 1.0 and 1.5 was best, and that they are per 256 images: the paper does not say it"
                    "its best setting: the paper names batch 1024 alone; temperature and epochs are inferred from its figures"
                ]
            NamedRecipe.Of
                "googleReference"
                googleReference
                "google-research/simclr: README.md, run.py, model_util.py, data_util.py"
                [
                    "the loss is twice this one: with LARS, biases and batch norm move twice as fast, and decay weighs half as much"
                ]
            NamedRecipe.Of
                "dkobak"
                dkobak
                "dkobak/simclr-cifar10: README.md, simclr-cifar10.py"
                [
                    "decay of biases and batch norm too"
                    "the schedule moves once per epoch, not per step"
                    "the two views pass the encoder one after the other, so batch norm sees each alone"
                ]
            NamedRecipe.Of
                "lightly"
                lightly
                "lightly-ai/lightly: docs/source/getting_started/benchmarks/cifar10_benchmark.py"
                [
                    "decay of biases and batch norm too"
                    "the schedule moves once per epoch, not per step"
                    "views one after the other"
                ]
            NamedRecipe.Of
                "soloLearn"
                soloLearn
                "vturrisi/solo-learn: scripts/pretrain/cifar/simclr.yaml, augmentations/symmetric.yaml"
                SoloLearn.unsaid
            NamedRecipe.Of
                "mocoV2Views"
                mocoV2Views
                "Chen et al. 2020, arXiv 2003.04297, and facebookresearch/moco: main_moco.py (--aug-plus)"
                [ "MoCo's queue and momentum encoder" ]
        ]
        @ SoloLearn.all
        @ Lightly.all
        @ CifarMethods.all
        @ ImageNetMethods.all
        @ ImageNetTransformers.all

    /// The recipe that a run is nearest to: the one from which fewest choices differ, whatever the images, the seed and how they are evaluated.
    let nearest (run: Run) =
        let differences (recipe: NamedRecipe) =
            let training = Run.training recipe.Run

            Training.diff
                { training with
                    Images = run.Images
                    Seed = run.Seed
                    OnlineProbes = []
                }
                { Run.training run with
                    OnlineProbes = []
                }

        all |> List.minBy (differences >> List.length)
