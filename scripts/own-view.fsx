// A view of one's own (own/erasing.fsx): random erasing, beside cutout of the same mean area and neither.
//
// COMMAND  ./simclr run scripts/own-view.fsx
//          ./simclr run scripts/own-view.fsx --preset cpu --data-root PATH-OF-CIFAR-10
// EXPECT   6 runs on generated images.
#load "load.fsx"
#load "own/erasing.fsx"

open SimCLR

let sweep = Sweep.fromArgs "own-view" Load.arguments

let after step run =
    run |> Run.withViews (run.ViewA >-> step)

Grid.from sweep.Baseline
|> Grid.varyBy
    "after the views"
    after
    [
        "nothing", View.Identity
        "random erasing", Erasing.random []
        "cutout", View.cutout 0.46
    ]
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
