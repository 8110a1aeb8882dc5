// What keeps SimSiam from collapsing (SimSiam, Table 1 and figure 2): its predictor and its stopped gradient.
//
// COMMAND  ./simclr run scripts/predictor.fsx
//          ./simclr run scripts/predictor.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/predictor.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   8 runs on generated images, some 8 minutes on two cores. Seen with two seeds (experiments/predictor-generated), linear where the untrained encoder has
//          30 %: 58 as published, 51 if the predictor's rate decays, 17 and 17 without predictor or without stopped gradient, whose embeddings are named as
//          collapsed onto a line by step 342 to 684 (deviation 0.3, effective rank 1.05), and train on. cpu: 8 runs on 10,000 images of CIFAR-10.
#load "load.fsx"

open SimCLR

let simSiam preset run =
    match preset with
    | Preset.Paper ->
        { Recipe.simSiamImageNet with
            Images = run.Images
            Evaluation = run.Evaluation
        }
    | _ ->
        // With a predictor narrower than z, as SimSiam's, the small network learns little.
        let width = if Images.areGenerated run.Images then 256 else 64

        Preset.forMethods preset run
        |> Run.withMethod (
            Method.simSiam
            |> Method.withPredictor (
                Some
                    { Predictor.ofWidth width with
                        LastBias = true
                    }
            )
        )

let sweep =
    Sweep.adapted simSiam "predictor" Load.shared
    |> Sweep.withColumns [ Metric.ofTraining "embedding deviation"; Metric.ofTraining "effective rank" ]
    // The collapse is the result: such a run is named, and measured.
    |> Sweep.continueCollapsed

let decaying method =
    match method with
    | Method.SimSiam s -> Method.SimSiam { s with ConstantRate = false }
    | other -> other

let changed change run =
    run |> Run.withMethod (change run.Method)

Grid.from sweep.Baseline
|> Grid.varyBy
    "variant"
    changed
    [
        "predictor, stopped gradient", id
        "predictor's rate decays", decaying
        "no predictor", Method.withPredictor None
        "no stopped gradient", Method.withoutStopGradient
    ]
|> Grid.seeds sweep.Seeds
|> Sweep.main (
    sweep
    |> Sweep.beside (Comparison.means Metric.linearTop1 PublishedMethods.simSiamPredictor)
)
