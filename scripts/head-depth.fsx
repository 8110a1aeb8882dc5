// Depth of the projection head: none, linear, SimCLR's two layers, v2's three (SimCLR, Figure 8; v2, section 3).
//
// COMMAND  ./simclr run scripts/head-depth.fsx
//          ./simclr run scripts/head-depth.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/head-depth.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   8 runs on generated images. cpu: 10 runs.
//          Unlike version 2, whose depths these are: SimCLR's recipe instead of its 800 epochs with a memory.
#load "load.fsx"

open SimCLR

let sweep = Sweep.fromArgs "head-depth" Load.shared

let depths =
    match sweep.Preset with
    | Preset.Standard
    | Preset.Smoke -> [ 0; 1; 2; 3 ]
    | Preset.Cpu
    | Preset.Gpu
    | Preset.Paper -> [ 0; 1; 2; 3; 4 ]

/// Figure 8's none, linear and non-linear as depths 0, 1 and 2; of deeper heads v2 gives no figures of a linear probe.
let published =
    { Paper.figure8 with
        Published.Axes = [ "depth" ]
        Published.Values =
            [
                for depth, (_, points) in List.indexed Paper.figure8.Values -> [ AxisValue.Number(float depth) ], points
            ]
    }

Grid.from sweep.Baseline
|> Grid.vary "depth" Run.withHeadDepth depths
|> Grid.seeds sweep.Seeds
|> Sweep.main (sweep |> Sweep.beside (Comparison.means Metric.linearTop1 published))
