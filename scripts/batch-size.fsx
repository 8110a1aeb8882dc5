// Batch size and temperature on CIFAR-10 (SimCLR, appendix B.9): the learning rate scales with the batch.
//
// COMMAND  ./simclr run scripts/batch-size.fsx
//          ./simclr run scripts/batch-size.fsx --preset cpu --data-root PATH-OF-CIFAR-10 --seeds 1
//          ./simclr run scripts/batch-size.fsx --preset paper --data-root PATH-OF-CIFAR-10
// EXPECT   12 runs on generated images. In 10 epochs small batches win: batch 1024
//          takes 30 steps, too few for its learning rate. cpu: 9 runs. The paper finds 0.5 best at every batch size
//          beyond 300 epochs, and 0.1 to gain with the batch.
#load "load.fsx"

open SimCLR

// The paper's other tables are of ImageNet; this one is not.
let sweep =
    Sweep.adaptedOn Images.cifar10 (fun _ -> Run.scaled) "batch-size" Load.shared

let batches, temperatures, rates =
    match sweep.Preset with
    | Preset.Standard -> [ 64; 256; 1024 ], [ 0.1; 0.5 ], []
    | Preset.Smoke -> [ 32; 128 ], [ 0.1; 0.5 ], []
    | Preset.Cpu -> [ 64; 256; 1024 ], [ 0.1; 0.5; 1.0 ], []
    | Preset.Gpu -> [ 128; 256; 512; 1024 ], [ 0.1; 0.5; 1.0 ], []
    | Preset.Paper -> [ 256; 512; 1024; 2048; 4096 ], [ 0.1; 0.5; 1.0 ], [ 0.5; 1.0; 1.5 ]

let grid =
    Grid.from sweep.Baseline
    |> Grid.vary "batch" Run.withBatchSize batches
    |> Grid.vary "temperature" Run.withTemperature temperatures

(if rates.IsEmpty then
     grid
 else
     grid |> Grid.vary "rate" (LearningRate.Linear >> Run.withLearningRate) rates)
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
