// Which method keeps its accuracy in small batches: SimCLR has its negatives from the batch alone.
//
// COMMAND  ./simclr run scripts/small-batch.fsx
//          ./simclr run scripts/small-batch.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/small-batch.fsx --preset paper --data-root PATH-OF-CIFAR-10
// EXPECT   24 runs on generated images, some 40 minutes on two cores. Seen with two seeds (experiments/small-batch-generated), linear at batch 32, 128, 512 where the
//          untrained encoder has 30 %: SimCLR 85, 81, 74; VICReg 80, 76, 58; MoCo v2 55, 61, 24; BYOL 42, 35, 18. cpu: 24 runs on 10,000 images of CIFAR-10.
//          The learning rate scales with the batch; all take as many epochs, so that small batches take more steps.
#load "load.fsx"

open SimCLR

let onCifar preset run =
    match preset with
    | Preset.Paper -> Recipe.lightly |> Run.withImages run.Images
    | _ -> Preset.forMethods preset run |> Run.scaled

// Where a method learns nothing, that is a result.
let sweep =
    Sweep.adaptedOn Images.cifar10 onCifar "small-batch" Load.shared
    |> Sweep.continueCollapsed

// On generated images a queue of 512 leaves MoCo at ln(K + 1) (scripts/queue.fsx): two batches of 64, or a whole batch where that is more.
let batches, queue =
    match sweep.Preset with
    | Preset.Smoke -> [ 32; 128 ], 128
    | Preset.Standard -> [ 32; 128; 512 ], 128
    | Preset.Cpu -> [ 32; 128; 512 ], 2048
    | Preset.Gpu
    | Preset.Paper -> [ 32; 64; 128; 256; 512 ], 4096

let predictor = Some(Predictor.ofWidth 256)
let generated = Images.areGenerated sweep.Baseline.Images

// As in scripts/methods.fsx, and for its reasons.
let momentum = Momentum.rising (if generated then 0.9 else 0.99)
let temperature = if generated then 0.5 else 0.2

Grid.from sweep.Baseline
|> Grid.varyBy
    "method"
    Run.withMethod
    [
        "SimCLR", Method.simClr
        "MoCo v2",
        Method.moCo queue
        |> Method.withTemperature temperature
        |> Method.withMomentum (Momentum.constant 0.99)
        |> Method.withNormGroups 4
        "BYOL", Method.byol |> Method.withPredictor predictor |> Method.withMomentum momentum
        "VICReg",
        Method.VicReg
            {
                Invariance = 2.5
                Variance = 2.5
                Covariance = 0.1
            }
    ]
|> Grid.vary
    "batch"
    (fun batch run ->
        let run = Run.withBatchSize batch run

        match run.Method with
        | Method.MoCo settings ->
            run
            |> Run.withMethod (run.Method |> Method.withQueue (max settings.Queue batch))
        | _ -> run)
    batches
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
