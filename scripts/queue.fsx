// The size of MoCo's queue (MoCo, section 4.1): more negatives than a batch holds.
//
// COMMAND  ./simclr run scripts/queue.fsx
//          ./simclr run scripts/queue.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/queue.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   8 runs on generated images, some 7 minutes on two cores. Seen with two seeds (experiments/queue-generated), k-NN where the untrained encoder has 14 %:
//          38, 40, 32, 19 for queues of 64, 256, 512, 1024; one seed has hardly begun to learn. cpu: 8 runs on
//          10,000 images of CIFAR-10. On small data a large queue holds other views of the same images: it must not be larger than the data.
#load "load.fsx"

open SimCLR

let moCo preset run =
    match preset with
    | Preset.Paper ->
        { Recipe.moCoV2ImageNet with
            Images = run.Images
            Evaluation = run.Evaluation
        }
    | _ ->
        // Among generated images, which differ by colour and place most, MoCo's 0.2 has the small network tell apart what says nothing of the class.
        let temperature = if Images.areGenerated run.Images then 0.5 else 0.2

        let run = Preset.forMethods preset run

        run
        |> Run.withMethod (
            Method.moCo run.BatchSize
            |> Method.withTemperature temperature
            |> Method.withMomentum (Momentum.constant 0.99)
            |> Method.withNormGroups 4
        )

let sweep = Sweep.adapted moCo "queue" Load.shared

let sizes =
    match sweep.Preset with
    | Preset.Paper -> [ 256; 1024; 4096; 16384; 65536 ]
    | Preset.Smoke -> [ 1; 4 ] |> List.map ((*) sweep.Baseline.BatchSize)
    | _ -> [ 1; 4; 8; 16 ] |> List.map ((*) sweep.Baseline.BatchSize)

Grid.from sweep.Baseline
|> Grid.vary "queue" (fun size run -> run |> Run.withMethod (run.Method |> Method.withQueue size)) sizes
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
