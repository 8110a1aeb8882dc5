// What h and g(h) retain of the image (SimCLR, Table 3): a linear probe tells which transformation was applied.
//
// COMMAND  ./simclr run scripts/retention.fsx
//          ./simclr run scripts/retention.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/retention.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   4 runs on generated images. cpu: 4 runs. As in the paper h should tell more than
//          g(h). Like the paper's, the second line of runs has rotation, noise and Sobel filtering among its views; it is the one compared.
//          Unlike the paper: linear probes instead of small networks, a g(h) of 128 instead of 2048 dimensions, which alone may retain less, and colour
//          too is measured of the encoder whose views have rotation, noise and Sobel.
#load "load.fsx"

open SimCLR

let measured _ run =
    { run with
        Evaluation = run.Evaluation |> Evaluation.measuring [ Measurement.retention ]
    }

let sweep = Sweep.adapted measured "retention" Load.shared

let more =
    sweep.Baseline.ViewA
    >-> View.rotate
    >-> View.Noise { Sigma = 0.1; Probability = 0.5 }
    >-> View.Sobel 0.5

let places =
    [
        for task, name in
            [
                "colour or grayscale", "colour"
                "rotation", "rotation"
                "original or corrupted", "noise"
                "original or Sobel", "Sobel"
            ] do
            for representation in [ "h"; "g(h)" ] ->
                [ AxisValue.Text task; AxisValue.Text representation ],
                Metric.measured Measurement.retention $"{name} from {representation}"
    ]

/// The runs whose views are like the paper's.
let withMore (results: Results) =
    { results with
        Cells = results.Cells |> List.filter (fun cell -> cell.Cell.Run.ViewA = more)
    }

Grid.from sweep.Baseline
|> Grid.varyBy "views" Run.withViews [ "standard", sweep.Baseline.ViewA; "with rotation, noise and Sobel", more ]
|> Grid.seeds sweep.Seeds
|> Sweep.main (
    sweep
    |> Sweep.beside (withMore >> Comparison.measures "accuracy" places Paper.table3)
)
