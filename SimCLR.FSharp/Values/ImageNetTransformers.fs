namespace SimCLR

open RecipeParts

/// What papers train on ImageNet with a vision transformer: a ViT-S/16 and AdamW.
[<RequireQualifiedAccess>]
module internal ImageNetTransformers =

    let private run head decay method =
        { ImageNetMethods.run head method with
            Encoder = Encoder.vitSmall 16 224
            Optimizer = Optimizer.adamW |> Optimizer.withWeightDecay decay
        }

    /// 12 heads, where ViT-S has 6 elsewhere; the projection of the patches stays as it was drawn.
    let moCoV3 =
        let encoder =
            match Encoder.vitSmall 16 224 |> Encoder.withFrozenPatches with
            | Encoder.ViT v -> Encoder.ViT { v with Heads = 12 }
            | other -> other

        let method =
            Method.moCoV3
            |> Method.withTemperature 0.2
            |> Method.withPredictor (
                Some
                    { Predictor.ofWidth 4096 with
                        LastNorm = LastNorm.WithoutAffine
                    }
            )

        { run (head 3 4096 256) 0.1 method with
            Encoder = encoder
        }
        |> ImageNetMethods.training 4096 1.5e-4 300 40.0
        |> ImageNetMethods.byolViews 0.08
        |> normalizedAsImageNet

    let private bicubic = View.withInterpolation Interpolation.Bicubic

    /// Two global crops of so much area at least, and so many of 96 pixels of so much at most.
    let private crops least (count, most) blurs run =
        let a, b = Views.byol

        let sized (first, second, local) (run: Run) =
            { run with
                ViewA = View.withBlurProbability first run.ViewA
                ViewB = View.withBlurProbability second run.ViewB
                MoreViews =
                    [
                        run.ViewA
                        |> View.withSize 96
                        |> View.withArea 0.05 most
                        |> View.withBlurProbability local
                        |> CountedView.times count
                    ]
            }

        run
        |> ImageNetMethods.views (bicubic (View.withArea least 1.0 a), bicubic (View.withArea least 1.0 b))
        |> sized blurs
        |> normalizedAsImageNet

    /// 0.0005 · batch / 256 to 1e-6, decay 0.04 to 0.4, eight small crops.
    let private dinoOf batch epochs method =
        { run (head 3 2048 256) 0.04 method with
            Head =
                { head 3 2048 256 with
                    BatchNorm = false
                    LastNorm = LastNorm.None
                    LastBias = true
                }
        }
        |> ImageNetMethods.training batch 0.0005 epochs 10.0
        |> Run.withDecay (Decay.CosineBetween(1.0, 1e-6 / (0.0005 * float batch / 256.0)))
        |> Run.withWeightDecayFactor (Decay.CosineBetween(1.0, 10.0))
        |> crops 0.4 (8, 0.4) (1.0, 0.1, 0.5)

    let dino = dinoOf 512 100 (Method.dino 65536)

    let dinoLong =
        dinoOf 1024 300 (Method.dino 65536 |> Method.withTeacherTemperature 0.04 0.07 30)

    let leJepa =
        { run (head 3 2048 64) 0.05 Method.leJepa with
            BatchSize = 512
            LearningRate = LearningRate.Fixed 5e-4
            Epochs = 100
            Schedule = Schedule.cosine 1.0
        }
        |> Run.withDecay (Decay.CosineBetween(1.0, 0.001))
        |> crops 0.3 (6, 0.3) (0.5, 0.5, 0.5)

    let private dinoUnsaid =
        [
            "stochastic depth of 0.1 in the student"
            "GELU in the head, its weights normal of deviation 0.02"
            "small crops' positions are interpolated 0.1 of a patch beside"
            "decay of the class token and the positions, too"
        ]

    let all =
        [
            NamedRecipe.Of
                "moCoV3VitImageNet"
                moCoV3
                "Chen et al. 2021, arXiv 2104.02057, and facebookresearch/moco-v3: CONFIG.md, vits.py"
                [
                    "positions of sines and cosines, which are not trained"
                    "weights of attention and MLP drawn as Xavier's, query, key and value each by itself"
                    "decay of biases and norms too"
                    "batch norm over all devices: here there is one"
                ]
            NamedRecipe.Of
                "dinoImageNet"
                dino
                "Caron et al. 2021, arXiv 2104.14294, and facebookresearch/dino: README.md (vanilla training), main_dino.py"
                dinoUnsaid
            NamedRecipe.Of
                "dinoLongImageNet"
                dinoLong
                "Caron et al. 2021, arXiv 2104.14294, and facebookresearch/dino: README.md (boosting performance), main_dino.py"
                ("the lengths of the outputs' directions are trained" :: dinoUnsaid)
            NamedRecipe.Of
                "leJepaImageNet"
                leJepa
                "Balestriero and LeCun 2025, arXiv 2511.08544, as lightly-ai/lightly trains it: benchmarks/imagenet/vitb16/lejepa.py"
                [
                    "stochastic depth of 0.1"
                    "the warmup begins at a hundredth of the rate"
                    "decay of biases, norms, the class token and the positions, too"
                ]
        ]
