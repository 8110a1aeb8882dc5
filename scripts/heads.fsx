// Kind of the projection head and dimension of its output (SimCLR, Figure 8).
//
// COMMAND  ./simclr run scripts/heads.fsx
//          ./simclr run scripts/heads.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/heads.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   14 runs on generated images. cpu: 14 runs. In the paper the non-linear
//          head is about 3 points above the linear one and that over 10 above none, whatever the dimension.
#load "load.fsx"

open SimCLR

let sweep = Sweep.fromArgs "heads" Load.shared

let outputs =
    match sweep.Preset with
    | Preset.Smoke -> [ 32; 128 ]
    | Preset.Paper -> [ 32; 64; 128; 256; 512; 1024; 2048 ]
    | _ -> [ 32; 128; 512 ]

Grid.from sweep.Baseline
|> Grid.varyBy "head" Run.withHead [ "none", Head.none; "linear", Head.linear; "non-linear", Head.nonLinear ]
|> Grid.varyWhere (fun run -> run.Head.Depth > 0) "output" Run.withHeadOutput outputs
|> Grid.seeds sweep.Seeds
|> Sweep.main (sweep |> Sweep.beside (Comparison.means Metric.linearTop1 Paper.figure8))
