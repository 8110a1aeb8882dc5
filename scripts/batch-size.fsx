// Batch size, at the paper's temperature 0.1 and at 0.5 (SimCLR, Figure 9 and appendix B.9): the learning rate scales with it.
//
// COMMAND  ./simclr run scripts/batch-size.fsx
// EXPECT   12 runs on generated images, under 9 minutes on two cores without a GPU. In 10 epochs small batches win: batch 1024
//          takes 30 steps, too few for its learning rate.
#load "load.fsx"

open SimCLR

let sweep = Sweep.fromArgs "batch-size" Load.arguments

Grid.from sweep.Baseline
|> Grid.vary "batch" Run.batchSize [ 64; 256; 1024 ]
|> Grid.vary "temperature" Run.temperature [ 0.1; 0.5 ]
|> Grid.seeds sweep.Seeds
|> Sweep.run sweep
