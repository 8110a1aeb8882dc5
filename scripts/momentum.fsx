// The momentum of BYOL's target (BYOL, Table 5): 0 copies the trained network, 1 never moves.
//
// COMMAND  ./simclr run scripts/momentum.fsx
//          ./simclr run scripts/momentum.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/momentum.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   10 runs on generated images, some 13 minutes on two cores. Seen with two seeds (experiments/momentum-generated), k-NN where the untrained encoder
//          has 14 %: 34, 34, 30, 18, 18 for 0, 0.9, 0.99, 0.999, 1. In 1,860 steps the faster target is better, and none collapses; one seed has hardly
//          begun to learn. One that did would be named, and measured. cpu: 10 runs on 10,000 images of CIFAR-10.
#load "load.fsx"

open SimCLR

let byol preset run =
    match preset with
    | Preset.Paper ->
        { Recipe.byolImageNet with
            Images = run.Images
            Evaluation = run.Evaluation
        }
        |> Run.withEpochs 300
    | _ ->
        Preset.forMethods preset run
        |> Run.withMethod (Method.byol |> Method.withPredictor (Some(Predictor.ofWidth 256)))

let sweep =
    Sweep.adapted byol "momentum" Load.shared
    |> Sweep.withColumns [ Metric.ofTraining "embedding deviation" ]
    |> Sweep.continueCollapsed

let withMomentum start run =
    let momentum =
        if start = 0.0 then
            Momentum.constant 0.0
        else
            Momentum.rising start

    run |> Run.withMethod (run.Method |> Method.withMomentum momentum)

Grid.from sweep.Baseline
|> Grid.vary "momentum" withMomentum [ 0.0; 0.9; 0.99; 0.999; 1.0 ]
|> Grid.seeds sweep.Seeds
|> Sweep.main (
    sweep
    |> Sweep.beside (Comparison.means Metric.linearTop1 PublishedMethods.byolMomentum)
)
