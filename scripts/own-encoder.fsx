// An encoder of one's own (own/mobile.fsx): MobileNet's blocks, thin and with dropout, beside the small network.
//
// COMMAND  ./simclr run scripts/own-encoder.fsx
//          ./simclr run scripts/own-encoder.fsx --preset cpu --data-root PATH-OF-CIFAR-10
// EXPECT   8 runs on generated images, some minutes on two cores without a GPU.
#load "load.fsx"
#load "own/mobile.fsx"

open SimCLR

let sweep = Sweep.fromArgs "own-encoder" Load.arguments

Grid.from sweep.Baseline
|> Grid.varyBy
    "encoder"
    Run.withEncoder
    [
        "small", Encoder.smallConv
        "mobile", Mobile.mobile []
        "mobile, half as wide", Mobile.mobile [ ("width", 0.5) ]
        "mobile, dropout", Mobile.mobile [ ("dropout", 0.2) ]
    ]
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
