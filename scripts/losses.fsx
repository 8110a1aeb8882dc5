// Loss functions (SimCLR, Table 4), and the decoupled and debiased losses of its successors.
//
// COMMAND  ./simclr run scripts/losses.fsx
//          ./simclr run scripts/losses.fsx --preset cpu --data-root PATH-OF-CIFAR-10 --seeds 1
//          ./simclr run scripts/losses.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   14 runs on generated images at one learning rate; figures in experiments/losses.
//          cpu: 21 runs on 5,000 images, three learning rates for each loss as the paper searches one for each (B.10).
#load "load.fsx"

open SimCLR

let fewer preset run =
    match preset with
    | Preset.Cpu -> run |> Run.withImages (run.Images |> Images.limit 5000)
    | _ -> run

let sweep = Sweep.adapted fewer "losses" Load.arguments

let rates =
    match sweep.Preset with
    | Preset.Standard
    | Preset.Smoke -> []
    | Preset.Cpu -> [ 0.05; 0.2; 0.8 ]
    | Preset.Paper -> [ 0.01; 0.1; 0.3; 0.5; 1.0 ]

let grid =
    Grid.from sweep.Baseline
    |> Grid.varyBy
        "loss"
        Run.withLoss
        [
            "margin", Loss.marginTriplet 0.4
            "NT-Logistic", Loss.ntLogistic 0.2
            "margin, semi-hard", Loss.marginTriplet 0.4 |> Loss.semiHard
            "NT-Logistic, semi-hard", Loss.ntLogistic 0.2 |> Loss.semiHard
            "NT-Xent", Loss.ntXent 0.1
            "DCL", Loss.dcl 0.1
            "debiased", Loss.debiased 0.1 0.05
        ]

let searched, compare =
    if rates.IsEmpty then
        grid, Comparison.means
    else
        grid |> Grid.vary "rate" (LearningRate.Linear >> Run.withLearningRate) rates, Comparison.best "rate"

searched
|> Grid.seeds sweep.Seeds
|> Sweep.main (sweep |> Sweep.beside (compare Metric.linearTop1 Paper.table4))
