// What a store of runs holds, and what can be done with it.
//
// COMMAND  ./simclr run scripts/runs.fsx list, or shorter ./simclr runs list (also show, diff, export, rm, gc, retry, report, migrate)
// EXPECT   what the store holds, or what was done
#load "load.fsx"

open SimCLR

exit (Runs.run Load.arguments)
