// A loss of one's own (own/vicreg.fsx): what its weights do, beside NT-Xent.
//
// COMMAND  ./simclr run scripts/own-loss.fsx
//          ./simclr run scripts/own-loss.fsx --workers 2
//          ./simclr run scripts/own-loss.fsx --vary Loss.Settings.covariance=0,1,10
// EXPECT   6 runs on generated images.
#load "load.fsx"
#load "own/vicreg.fsx"

open SimCLR

let sweep = Sweep.fromArgs "own-loss" Load.arguments

/// VICReg's head: it ends without a norm (Method.headOf).
let vicReg settings run =
    { run with
        Run.Loss = Vicreg.vicReg settings
        Head = Method.headOf Method.vicReg run.Head
    }

Grid.from sweep.Baseline
|> Grid.varyBy
    "loss"
    id
    [
        "NT-Xent", Run.withLoss (Loss.ntXent 0.5)
        "VICReg", vicReg []
        "VICReg without variance", vicReg [ ("variance", 0.0) ]
    ]
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
