// The momentum of the target of BYOL (BYOL, Table 5) and of MoCo (MoCo, section 4.1): 0 copies the trained network, 1 never moves. BYOL's rises from there, MoCo's stays.
//
// COMMAND  ./simclr run scripts/momentum.fsx
//          ./simclr run scripts/momentum.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/momentum.fsx --preset paper --data folder:PATH-OF-IMAGENET
//          paper: each method as its recipe, whose epochs and batch the script sets itself: --epochs and --batch are refused.
// EXPECT   20 runs on generated images, some 30 minutes on two cores. Seen with two seeds (experiments/momentum-generated), k-NN where the untrained encoder
//          has 14 %, of BYOL: 34, 34, 30, 18, 18 for 0, 0.9, 0.99, 0.999, 1, of MoCo: 23, 36, 41, 32, 25. In 1,860 steps BYOL's faster target is better, and none collapses; one seed has
//          hardly begun to learn. One that did would be named, and measured. cpu: 20 runs on 10,000 images of CIFAR-10.
#load "load.fsx"

open SimCLR

let sweep =
    Sweep.adapted Preset.forMethods "momentum" Load.shared
    |> Sweep.withColumns [ Metric.ofTraining "embedding deviation" ]
    |> Sweep.continueCollapsed

/// With that method where the preset is small, and as its recipe where it is the paper's.
let trained method recipe run =
    if sweep.Preset = Preset.Paper then
        { recipe with
            Images = run.Images
            Evaluation = run.Evaluation
        }
    else
        run |> Run.withMethod method

let byol = Method.byol |> Method.withPredictor (Some(Predictor.ofWidth 256))

/// As in queue.fsx; the paper's ablation has a queue of 4096.
let moCo =
    let generated = Images.areGenerated sweep.Baseline.Images

    Method.moCo (2 * sweep.Baseline.BatchSize)
    |> Method.withTemperature (if generated then 0.5 else 0.2)
    |> Method.withNormGroups 4

let queued =
    Recipe.moCoV1ImageNet
    |> Run.withMethod (Recipe.moCoV1ImageNet.Method |> Method.withQueue 4096)

let withMomentum start (run: Run) =
    let momentum =
        if start = 0.0 || run.Method.IsMoCo then
            Momentum.constant start
        else
            Momentum.rising start

    run |> Run.withMethod (run.Method |> Method.withMomentum momentum)

let beside name published =
    Sweep.beside (
        Results.slice "method" (AxisValue.Text name)
        >> Comparison.means Metric.linearTop1 published
    )

Grid.from sweep.Baseline
|> Grid.varyBy
    "method"
    (fun change run -> change run)
    [ "BYOL", trained byol Recipe.byol300ImageNet; "MoCo", trained moCo queued ]
|> Grid.vary "momentum" withMomentum [ 0.0; 0.9; 0.99; 0.999; 1.0 ]
|> Grid.seeds sweep.Seeds
|> Sweep.main (
    sweep
    |> beside "BYOL" PublishedMethods.byolMomentum
    |> beside "MoCo" PublishedMethods.moCoMomentum
)
