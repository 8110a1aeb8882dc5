// A measurement of one's own (own/participation.fsx): over how many directions features spread, by temperature, beside RankMe.
//
// COMMAND  ./simclr run scripts/own-measurement.fsx
//          ./simclr run scripts/own-measurement.fsx --preset cpu --data-root PATH-OF-CIFAR-10
// EXPECT   6 runs on generated images, some minutes on two cores without a GPU.
#load "load.fsx"
#load "own/participation.fsx"

open SimCLR

let sweep = Sweep.fromArgs "own-measurement" Load.arguments

let measured (run: Run) =
    { run with
        Evaluation =
            run.Evaluation
            |> Evaluation.measuring [ Participation.participation []; Measurement.rankMe ]
    }

Grid.from (measured sweep.Baseline)
|> Grid.vary "temperature" Run.withTemperature [ 0.05; 0.2; 1.0 ]
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
