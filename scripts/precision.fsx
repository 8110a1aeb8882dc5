// Number format of encoder and head: bfloat16 (autocast) against float32. Nothing of the paper; what a run in bfloat16 is worth.
//
// COMMAND  ./simclr run scripts/precision.fsx
//          ./simclr run scripts/precision.fsx --preset cpu --data-root PATH-OF-CIFAR-10
// EXPECT   8 runs on generated images, about 4 minutes on two cores without a GPU; the formats differ by less than the seeds.
#load "load.fsx"

open SimCLR

let sweep = Sweep.fromArgs "precision" Load.arguments

let seeds =
    match sweep.Preset with
    | Preset.Standard -> [ 0..3 ]
    | _ -> sweep.Seeds

Grid.from (sweep.Baseline |> Run.temperature 0.1)
|> Grid.varyBy "precision" Run.precision [ "float32", Precision.Float32; "bfloat16", Precision.BFloat16 ]
|> Grid.seeds seeds
|> Sweep.main sweep
