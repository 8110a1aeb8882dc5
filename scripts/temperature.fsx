// Temperature of NT-Xent (SimCLR, Table 5).
//
// COMMAND  ./simclr run scripts/temperature.fsx
#load "load.fsx"

open SimCLR

let sweep = Sweep.fromArgs "temperature" Load.arguments

Grid.from sweep.Baseline
|> Grid.vary "temperature" Run.temperature [ 0.05; 0.1; 0.5; 1.0 ]
|> Grid.seeds sweep.Seeds
|> Grid.execute sweep.Executor
|> Report.show sweep.Report
