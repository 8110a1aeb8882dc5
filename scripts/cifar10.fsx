// CIFAR-10 on a laptop: 10,000 training images and a quarter-width ResNet-18, at the temperatures of the paper's appendix B.9.
// Views, SGD and decay are dkobak's; head and initialization are the paper's, the rate is three times dkobak's after a warmup of one epoch, and there are 20 epochs.
//
// COMMAND  ./simclr run scripts/cifar10.fsx --data-root PATH-OF-CIFAR-10 --seeds 1
//          ./simclr run scripts/cifar10.fsx --preset paper --data-root PATH-OF-CIFAR-10
// EXPECT   figures in experiments/cifar10.
#load "load.fsx"

open SimCLR

let view =
    View.crop 32 |> View.withArea 0.2 1.0
    >-> View.flip
    >-> View.colorJitter 0.5
    >-> View.grayscale 0.1

let baseline =
    { Run.cifar10 with
        Images = Images.cifar10 |> Images.limit 10000
        ViewA = view
        ViewB = view
        Encoder = Encoder.resNet 18 |> Encoder.withWidth 0.25
        Optimizer = Optimizer.sgd |> Optimizer.withWeightDecay 5e-4
        LearningRate = LearningRate.Linear 0.1
        Schedule = Schedule.cosine 1.0
        BatchSize = 128
        Epochs = 20
    }

let sweep = Sweep.ofRun baseline "cifar10" Load.shared

Grid.from sweep.Baseline
|> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.2; 0.5 ]
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
