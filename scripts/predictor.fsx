// What keeps SimSiam (SimSiam, Table 1 and figure 2) and BYOL (BYOL, Table 5) from collapsing: the predictor, and a gradient that is stopped.
//
// COMMAND  ./simclr run scripts/predictor.fsx
//          ./simclr run scripts/predictor.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/predictor.fsx --preset paper --data folder:PATH-OF-IMAGENET
//          paper: each method as its recipe, whose epochs and batch the script sets itself: --epochs and --batch are refused.
// EXPECT   12 runs on generated images, some 16 minutes on two cores. Seen with two seeds (experiments/predictor-generated), linear where the untrained encoder has
//          30 %: SimSiam 58 as published, 51 if the predictor's rate decays, 17 and 17 without predictor or without stopped gradient, whose embeddings are named as
//          collapsed onto a line by step 342 to 684 (deviation 0.3, effective rank 1.05), and train on; BYOL 49, without predictor 19, named as collapsed by step 702 and 612. cpu: 12 runs on 10,000 images of CIFAR-10.
#load "load.fsx"

open SimCLR

let sweep =
    Sweep.adapted Preset.forMethods "predictor" Load.shared
    |> Sweep.withColumns [ Metric.ofTraining "embedding deviation"; Metric.ofTraining "effective rank" ]
    // The collapse is the result: such a run is named, and measured.
    |> Sweep.continueCollapsed

/// With that method where the preset is small, and as its recipe where it is the paper's; changed after that.
let trained method recipe change run =
    let run =
        if sweep.Preset = Preset.Paper then
            { recipe with
                Images = run.Images
                Evaluation = run.Evaluation
            }
        else
            run |> Run.withMethod method

    run |> Run.withMethod (change run.Method)

let generated = Images.areGenerated sweep.Baseline.Images

/// With a predictor narrower than z, as SimSiam's, the small network learns little.
let simSiam =
    let predictor =
        { Predictor.ofWidth (if generated then 256 else 64) with
            LastBias = true
        }

    trained (Method.simSiam |> Method.withPredictor (Some predictor)) Recipe.simSiamImageNet

/// In some thousand steps the faster target is better (momentum.fsx).
let byol =
    let method =
        Method.byol
        |> Method.withPredictor (Some(Predictor.ofWidth 256))
        |> Method.withMomentum (Momentum.rising (if generated then 0.9 else 0.99))

    trained method Recipe.byol300ImageNet

let decaying method =
    match method with
    | Method.SimSiam s -> Method.SimSiam { s with ConstantRate = false }
    | other -> other

Grid.from sweep.Baseline
|> Grid.varyBy
    "variant"
    (fun change run -> change run)
    [
        "predictor, stopped gradient", simSiam id
        "predictor's rate decays", simSiam decaying
        "no predictor", simSiam (Method.withPredictor None)
        "no stopped gradient", simSiam Method.withoutStopGradient
        "BYOL", byol id
        "BYOL, no predictor", byol (Method.withPredictor None)
    ]
|> Grid.seeds sweep.Seeds
|> Sweep.main (
    sweep
    |> Sweep.beside (Comparison.means Metric.linearTop1 PublishedMethods.simSiamPredictor)
    |> Sweep.beside (Comparison.means Metric.linearTop1 PublishedMethods.byolPredictor)
)
