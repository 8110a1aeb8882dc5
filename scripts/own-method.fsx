// A method of one's own (own/follower.fsx), momentum contrast without queue and predictor, and a head of one's own (own/gelu.fsx), beside SimCLR; k-NN of validation images while they train.
//
// COMMAND  ./simclr run scripts/own-method.fsx
//          ./simclr run scripts/own-method.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/own-method.fsx --vary Monitor.Epochs=1,2
// EXPECT   8 runs on generated images, some minutes on two cores without a GPU; a chart of the k-NN accuracy every other epoch.
#load "load.fsx"
#load "own/follower.fsx"
#load "own/gelu.fsx"

open SimCLR

let sweep = Sweep.fromArgs "own-method" Load.arguments

Grid.from (
    sweep.Baseline
    |> Run.withMonitor (Monitor.every 2 [ Monitored.knn; Monitored.rankMe ])
)
|> Grid.varyBy
    "method"
    id
    [
        "SimCLR", id
        "SimCLR, own head", Run.withHead (Gelu.head [])
        "follower, 0.9", Run.withMethod (Follower.follower [ ("momentum", 0.9) ])
        "follower, 0.99", Run.withMethod (Follower.follower [])
    ]
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
