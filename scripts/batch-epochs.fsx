// Batch size and epochs (SimCLR, Figure 9 and Table B.1): how long training must be for small batches to catch up.
//
// COMMAND  ./simclr run scripts/batch-epochs.fsx
//          ./simclr run scripts/batch-epochs.fsx --preset cpu --data-root PATH-OF-CIFAR-10 --seeds 1
//          ./simclr run scripts/batch-epochs.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   18 runs on generated images. cpu: 16 runs on 5,000 images. Batches are
//          a quarter of the paper's and epochs a twentieth. In few steps small batches win, which the paper's 100 epochs are past.
#load "load.fsx"

open SimCLR

let fewer preset run =
    match preset with
    | Preset.Cpu -> run |> Run.withImages (run.Images |> Images.limit 5000) |> Run.scaled
    | _ -> Run.scaled run

let sweep = Sweep.adapted fewer "batch-epochs" Load.shared

let batches, epochs =
    match sweep.Preset with
    | Preset.Standard -> [ 64; 128; 256 ], [ 5; 10; 20 ]
    | Preset.Smoke -> [ 64; 128 ], [ 1; 2 ]
    | Preset.Cpu -> [ 64; 128; 256; 512 ], [ 5; 10; 20; 40 ]
    | Preset.Gpu -> [ 128; 256; 512; 1024 ], [ 50; 100; 200; 400 ]
    | Preset.Paper -> [ 256; 512; 1024; 2048; 4096; 8192 ], [ 100; 200; 400; 800 ]

/// The paper scales the rate both ways; a small sweep in proportion to the batch only.
let scalings =
    match sweep.Preset with
    | Preset.Paper ->
        [
            "linear", LearningRate.Linear 0.3
            "square root", LearningRate.SquareRoot 0.075
        ]
    | _ -> [ ("linear", sweep.Baseline.LearningRate) ]

let published =
    match sweep.Preset with
    | Preset.Paper -> Paper.tableB1
    | preset ->
        Paper.tableB1
        |> Published.scaled "batch" 0.25
        |> Published.scaled
            "epochs"
            (match preset with
             | Preset.Smoke -> 0.01
             | Preset.Gpu -> 0.5
             | _ -> 0.05)

Grid.from sweep.Baseline
|> Grid.vary "batch" Run.withBatchSize batches
|> Grid.vary "epochs" Run.shortened epochs
|> Grid.varyBy "scaling" Run.withLearningRate scalings
|> Grid.seeds sweep.Seeds
|> Sweep.main (sweep |> Sweep.beside (Comparison.means Metric.linearTop1 published))
