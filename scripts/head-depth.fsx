// Depth of the projection head: none, linear, SimCLR's two layers, v2's three (SimCLR, Figure 8; v2, section 3).
//
// COMMAND  ./simclr run scripts/head-depth.fsx
// EXPECT   8 runs on generated images, about 3 minutes on two cores without a GPU.
#load "load.fsx"

open SimCLR

let sweep = Sweep.fromArgs "head-depth" Load.arguments

Grid.from sweep.Baseline
|> Grid.vary "depth" Run.headDepth [ 0; 1; 2; 3 ]
|> Grid.seeds sweep.Seeds
|> Sweep.run sweep
