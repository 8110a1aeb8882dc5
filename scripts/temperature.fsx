// Temperature of NT-Xent, and embeddings that are not normalized (SimCLR, section 5.1 and Table 5).
//
// COMMAND  ./simclr run scripts/temperature.fsx
//          ./simclr run scripts/temperature.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/temperature.fsx --preset paper --data folder:PATH-OF-IMAGENET
//          ./simclr run scripts/temperature.fsx --preset gpu --data-root PATH-OF-CIFAR-10
// EXPECT   8 runs on generated images. cpu: 12 runs.
#load "load.fsx"

open SimCLR

// Temperature and normalization scale the gradient. SGD's steps scale with it, so that it would compare step sizes; LARS's do not.
let scaleFree preset run =
    match preset with
    | Preset.Cpu ->
        run
        |> Run.withOptimizer (Optimizer.lars |> Optimizer.withWeightDecay 1e-4)
        |> Run.withLearningRate (LearningRate.Fixed 3.0)
    | Preset.Gpu ->
        run
        |> Run.withOptimizer (Optimizer.lars |> Optimizer.withWeightDecay 1e-4)
        |> Run.withLearningRate (LearningRate.Linear 1.0)
        |> Run.withWarmupEpochs 10.0
    | _ -> run

let sweep = Sweep.adapted scaleFree "temperature" Load.shared

/// A half of Table 5: cosine similarity, or the plain dot product with temperatures that fit its size.
let half label normalize temperatures =
    let loss =
        Loss.NtXent
            {
                Temperature = 1.0
                Normalize = normalize
                Negatives = Negatives.BothViews
            }

    Grid.from sweep.Baseline
    |> Grid.varyBy "normalized" Run.withLoss [ (label, loss) ]
    |> Grid.vary "temperature" Run.withTemperature temperatures

let temperatures = [ 0.05; 0.1; 0.5; 1.0 ]

let grid, ofTable =
    match sweep.Preset with
    | Preset.Standard ->
        Grid.from sweep.Baseline
        |> Grid.vary "temperature" Run.withTemperature temperatures,
        Published.slice "normalized" (AxisValue.Text "yes")
    | _ -> Grid.union (half "yes" true temperatures) (half "no" false [ 10.0; 100.0 ]), id

grid
|> Grid.seeds sweep.Seeds
|> Sweep.main (
    sweep
    |> Sweep.beside (Comparison.means Metric.linearTop1 (ofTable Paper.table5Top1))
    |> Sweep.beside (Comparison.means Metric.contrastiveTop1 (ofTable Paper.table5Contrastive))
    |> Sweep.beside (Comparison.means Metric.entropy (ofTable Paper.table5Entropy))
)
