// Loss functions (SimCLR, Table 4), and the decoupled and debiased losses of its successors. As in the paper's comparison (appendix B.10) NT-Xent has
// negatives of one view, as the logistic and the margin loss have; with those of both, and with its successors' losses, it stands beside it.
// Unlike the paper: margin and temperature are not searched, and NT-Xent's rate is.
//
// COMMAND  ./simclr run scripts/losses.fsx
//          ./simclr run scripts/losses.fsx --preset cpu --data-root PATH-OF-CIFAR-10 --seeds 1
//          ./simclr run scripts/losses.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   16 runs on generated images at one learning rate; figures in experiments/losses.
//          cpu: 24 runs on 5,000 images, three learning rates for each loss as the paper searches one for each (B.10).
#load "load.fsx"

open SimCLR

let fewer preset run =
    match preset with
    | Preset.Cpu -> run |> Run.withImages (run.Images |> Images.limit 5000)
    // Rates are chosen on validation images, which a probe by SGD leaves none.
    | _ ->
        { run with
            Evaluation = run.Evaluation |> Evaluation.withProbe Probe.Lbfgs
        }

let sweep = Sweep.adapted fewer "losses" Load.shared

let rates =
    match sweep.Preset with
    | Preset.Standard
    | Preset.Smoke -> []
    | Preset.Cpu -> [ 0.05; 0.2; 0.8 ]
    | Preset.Gpu -> [ 0.02; 0.06; 0.2 ]
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
            "NT-Xent", Loss.ntXent 0.1 |> Loss.withNegatives Negatives.OneView
            "NT-Xent, negatives of both views", Loss.ntXent 0.1
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
