// Where to fine-tune from (SimCLR v2, 2006.10029, section 3 and Figure 5): deeper heads, and the encoder with none or the first layers of its head.
//
// COMMAND  ./simclr run scripts/fine-tune-layer.fsx
//          ./simclr run scripts/fine-tune-layer.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/fine-tune-layer.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   4 runs on generated images. cpu: 6 runs. In the paper fine-tuning from the first
//          layer of a head of three is best where labels are few.
//          paper: fine-tuned as in version 2, by LARS at 0.005 times the root of the batch. Unlike version 2: pretrained by SimCLR's recipe instead
//          of 800 epochs with a memory of negatives (Recipe.simClrV2ImageNet has both).
#load "load.fsx"

open SimCLR

let depths preset =
    match preset with
    | Preset.Standard
    | Preset.Smoke -> [ 2; 3 ]
    | _ -> [ 2; 3; 4 ]

/// From h and from every layer of the head that all depths have.
let tunings preset =
    let settings labels epochs =
        match Measurement.fineTuneV2 labels 0, preset with
        | Measurement.FineTune paper, Preset.Paper -> paper
        | _ ->
            {
                Labels = labels
                FromHeadLayer = 0
                Training =
                    {
                        Epochs = (if preset = Preset.Smoke then 2 else epochs)
                        BatchSize = 64
                        LearningRate = LearningRate.Fixed 0.05
                        WeightDecay = 0.0
                        Decay = Decay.Cosine
                        Optimizer = None
                    }
            }

    [
        for labels, epochs in [ 0.01, 60; 0.1, 30 ] do
            for layer in 0 .. List.min (depths preset) ->
                Measurement.FineTune
                    { settings labels epochs with
                        FromHeadLayer = layer
                    }
    ]

let sweep =
    Sweep.adapted
        (fun preset run ->
            { run with
                Evaluation = run.Evaluation |> Evaluation.measuring (tunings preset)
            })
        "fine-tune-layer"
        Load.shared

Grid.from sweep.Baseline
|> Grid.vary "depth" Run.withHeadDepth (depths sweep.Preset)
|> Grid.seeds sweep.Seeds
|> Sweep.main sweep
