// Learning rate, temperature and head, searched by their validation accuracy (tree-structured Parzen estimator, Bergstra et al. 2011).
//
// COMMAND  ./simclr run scripts/search.fsx
//          ./simclr run scripts/search.fsx --preset cpu --data-root PATH-OF-CIFAR-10 --seeds 1
//          ./simclr run scripts/search.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   14 points and two seeds each, 28 runs on generated images. cpu: 16 runs. What is stored is
//          not computed again, so that an interrupted search goes on where it was.
#load "load.fsx"

open SimCLR

/// It chooses by validation accuracy, which a probe by SGD has none of.
let chosen _ run =
    { run with
        Evaluation = run.Evaluation |> Evaluation.withProbe Probe.Lbfgs
    }

let sweep = Sweep.adapted chosen "search" Load.shared

let points =
    match sweep.Preset with
    | Preset.Standard -> 14
    | Preset.Smoke -> 12
    | Preset.Cpu -> 16
    | Preset.Gpu -> 24
    | Preset.Paper -> 40

let axes =
    [
        Axis.logUniform "rate" 0.02 2.0 (LearningRate.Linear >> Run.withLearningRate)
        Axis.logUniform "temperature" 0.05 1.0 Run.withTemperature
        Axis.choiceBy "head" Run.withHead [ "linear", Head.linear; "non-linear", Head.nonLinear ]
    ]

let search =
    Grid.from sweep.Baseline
    |> Grid.seeds sweep.Seeds
    |> Search.tpe 0 points axes ValidationMetric.linearTop1

search |> Sweep.search sweep
