// Loss functions (SimCLR, Table 4), and the decoupled and debiased losses of its successors, at one learning rate.
//
// COMMAND  ./simclr run scripts/losses.fsx
// EXPECT   14 runs on generated images, about 6 minutes on two cores without a GPU; figures in experiments/losses.
#load "load.fsx"

open SimCLR

let sweep = Sweep.fromArgs "losses" Load.arguments

Grid.from sweep.Baseline
|> Grid.varyBy
    "loss"
    Run.loss
    [
        "margin", Loss.marginTriplet 0.4
        "NT-Logistic", Loss.ntLogistic 0.2
        "margin, semi-hard", Loss.marginTriplet 0.4 |> Loss.semiHard
        "NT-Logistic, semi-hard", Loss.ntLogistic 0.2 |> Loss.semiHard
        "NT-Xent", Loss.ntXent 0.1
        "DCL", Loss.dcl 0.1
        "debiased", Loss.debiased 0.1 0.05
    ]
|> Grid.seeds sweep.Seeds
|> Sweep.run sweep
