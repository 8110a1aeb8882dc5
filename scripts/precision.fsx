// Number format of encoder and head: bfloat16 (autocast) against float32. Nothing of the paper; what a run in bfloat16 is worth.
//
// COMMAND  ./simclr run scripts/precision.fsx
//          ./simclr run scripts/precision.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/precision.fsx --preset paper --data-root PATH-OF-CIFAR-10
// EXPECT   4 runs on generated images; the formats differ by less than the seeds, of which --seeds 4
//          shows more.
#load "load.fsx"

open SimCLR

let sweep =
    Sweep.adaptedOn Images.cifar10 (fun _ run -> run) "precision" Load.arguments

Grid.from (sweep.Baseline |> Run.withTemperature 0.1)
|> Grid.varyBy "precision" Run.withPrecision [ "float32", Precision.Float32; "bfloat16", Precision.BFloat16 ]
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
