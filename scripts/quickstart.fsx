// Two runs: pretrain a small encoder on generated images with two seeds, and evaluate it.
//
// COMMAND  ./simclr run scripts/quickstart.fsx
//          ./simclr run scripts/quickstart.fsx --seeds 1 --epochs 5
// EXPECT   about a minute on two cores: linear probe far above the untrained encoder's.
#load "load.fsx"

open SimCLR

let view =
    View.crop 32 >-> View.flip >-> View.colorJitter 0.5 >-> View.grayscale 0.2

let run =
    { Run.shapes with
        ViewA = view
        ViewB = view
        Loss = Loss.ntXent 0.1
    }

let sweep = Sweep.ofRun run "quickstart" Load.shared

Grid.from sweep.Baseline |> Grid.seeds sweep.Seeds |> Sweep.main sweep
