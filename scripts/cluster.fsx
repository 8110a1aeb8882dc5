// Sweeps on Slurm and Kubernetes, and how far they are.
//
// COMMAND  ./simclr run scripts/cluster.fsx status, or shorter ./simclr cluster status
// EXPECT   for every sweep beside the store, how many runs are done, failed, running, waiting, and why
#load "load.fsx"

open SimCLR

exit (Cluster.run Load.arguments)
