// Temperature of NT-Xent (SimCLR, section 5.1 and Table 5).
//
// COMMAND  ./simclr run scripts/temperature.fsx
// EXPECT   8 runs on generated images, about 3 minutes on two cores without a GPU.
#load "load.fsx"

open SimCLR

let sweep = Sweep.fromArgs "temperature" Load.arguments

Grid.from sweep.Baseline
|> Grid.vary "temperature" Run.temperature [ 0.05; 0.1; 0.5; 1.0 ]
|> Grid.seeds sweep.Seeds
|> Sweep.run sweep
