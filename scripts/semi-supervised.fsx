// Few labels (SimCLR, Tables 7 and B.4): the pretrained encoder fine-tuned on 1 % and 10 % of them, beside training on them alone.
//
// COMMAND  ./simclr run scripts/semi-supervised.fsx
//          ./simclr run scripts/semi-supervised.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/semi-supervised.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   2 runs on generated images. cpu: 2 runs. Pretraining should help most
//          where labels are fewest. Ten classes leave top-5 without meaning, so the comparison is with Table B.4's top-1.
//          Unlike the paper: 100 epochs of pretraining instead of 1000, and the supervised baseline is not tuned as that of Zhai et al. is.
#load "load.fsx"

open SimCLR

let parts = [ 0.01; 0.1 ]

/// The paper's settings are for ImageNet's 12,800 and 128,000 images; few hundred need smaller batches and more passes.
let small labels epochs rate =
    let training: ClassifierSettings =
        {
            Epochs = epochs
            BatchSize = 64
            LearningRate = LearningRate.Fixed rate
            WeightDecay = 0.0
            Decay = Decay.Cosine
            Optimizer = None
        }

    [
        Measurement.FineTune
            {
                Labels = labels
                FromHeadLayer = 0
                Training = training
            }
        Measurement.Supervised
            {
                Labels = labels
                Training =
                    { training with
                        ClassifierSettings.WeightDecay = 1e-4
                    }
            }
    ]

let measurements preset =
    match preset with
    | Preset.Paper ->
        [
            for labels in parts do
                Measurement.fineTune labels

                Measurement.Supervised
                    {
                        Labels = labels
                        Training =
                            {
                                Epochs = 90
                                BatchSize = 4096
                                LearningRate = LearningRate.Linear 0.1
                                WeightDecay = 1e-4
                                Decay = Decay.Cosine
                                Optimizer = None
                            }
                    }
        ]
    | Preset.Smoke -> parts |> List.collect (fun labels -> small labels 2 0.05)
    | _ -> small 0.01 60 0.05 @ small 0.1 30 0.05

let sweep =
    Sweep.adapted
        (fun preset run ->
            { run with
                Evaluation = run.Evaluation |> Evaluation.measuring (measurements preset)
            })
        "semi-supervised"
        Load.shared

/// What pretraining adds to training on the labels alone: by itself, more labels being better says nothing of pretraining.
let places =
    [
        for both in sweep.Baseline.Evaluation.Measurements |> List.chunkBySize 2 do
            match both with
            | [ Measurement.FineTune { Labels = labels } as tuned; supervised ] ->
                let tuned, supervised =
                    Metric.measured tuned "top-1", Metric.measured supervised "top-1"

                [ AxisValue.Text $"{100.0 * labels}%%" ],
                { tuned with
                    Get = fun outcome -> tuned.Get outcome - supervised.Get outcome
                }
            | _ -> ()
    ]

let published =
    Paper.tableB4
    |> Published.difference "width" (AxisValue.Number 1.0) (AxisValue.Text "supervised")

Grid.from sweep.Baseline
|> Grid.vary "temperature" Run.withTemperature [ 0.1 ]
|> Grid.seeds sweep.Seeds
|> Sweep.main (
    sweep
    |> Sweep.beside (Comparison.measures "fine-tuned less supervised" places published)
)
