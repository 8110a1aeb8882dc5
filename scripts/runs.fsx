// What a store of runs holds, and what can be done with it.
//
// COMMAND  ./simclr run scripts/runs.fsx migrate results/runs, or shorter ./simclr runs migrate results/runs
// EXPECT   what was done, in a line or two
#load "load.fsx"

open SimCLR

exit (Runs.run Load.arguments)
