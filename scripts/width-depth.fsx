// Width and depth of the encoder (SimCLR, Figure 7 and Table 6). Widths are multiples of the narrowest.
//
// COMMAND  ./simclr run scripts/width-depth.fsx
//          ./simclr run scripts/width-depth.fsx --preset cpu --data-root PATH-OF-CIFAR-10 --seeds 1
//          ./simclr run scripts/width-depth.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   6 runs of the small network on generated images. cpu: 6 runs of thin ResNets (1/8 to 1/2 of
//          the channels) on 4,000 images, 10 epochs. In the paper wider and deeper is better.
//          Unlike the paper: 100 epochs instead of Table 6's 1000.
#load "load.fsx"

open SimCLR

/// Convolutional networks deep enough to compare take longer: fewer images and epochs, and bfloat16 where that is fast.
let thin preset run =
    match preset with
    | Preset.Cpu ->
        { run with
            Encoder = Encoder.resNet 18
            Optimizer = Optimizer.sgd |> Optimizer.withWeightDecay 5e-4
            LearningRate = LearningRate.Linear 0.1
            Precision = Precision.Auto
        }
        |> Run.withImages (run.Images |> Images.limit 4000)
        |> Run.shortened 10
    | _ -> run

let sweep = Sweep.adapted thin "width-depth" Load.shared

let narrowest, depths =
    match sweep.Preset with
    | Preset.Standard
    | Preset.Smoke -> 0.5, []
    | Preset.Cpu -> 0.125, [ 18; 34 ]
    | Preset.Gpu -> 0.25, [ 18; 34; 50 ]
    | Preset.Paper -> 1.0, [ 18; 34; 50; 101; 152 ]

let width multiple run =
    { run with
        Encoder = run.Encoder |> Encoder.withWidth (narrowest * multiple)
    }

let depth depth run =
    { run with
        Encoder =
            match run.Encoder with
            | Encoder.ResNet r -> Encoder.ResNet { r with Depth = depth }
            | other -> other
    }

let deep grid =
    if depths.IsEmpty then
        grid
    else
        grid |> Grid.vary "depth" depth depths

/// Table 6 is of one depth, 50; where that is not run, it stands beside the deepest.
let ofOneDepth results =
    if depths.IsEmpty then
        results
    else
        let depth = if List.contains 50 depths then 50 else List.last depths
        results |> Results.slice "depth" (AxisValue.Number(float depth))

Grid.from sweep.Baseline
|> deep
|> Grid.vary "width" width [ 1.0; 2.0; 4.0 ]
|> Grid.seeds sweep.Seeds
|> Sweep.main (
    sweep
    |> Sweep.beside (ofOneDepth >> Comparison.means Metric.linearTop1 Paper.table6)
)
