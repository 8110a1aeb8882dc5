// Transfer to other data sets (SimCLR, Tables 8 and B.5): linear probe and fine-tuning there, of an encoder pretrained here.
//
// COMMAND  ./simclr run scripts/transfer.fsx
//          ./simclr run scripts/transfer.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/transfer.fsx --preset gpu --data-root PATH-OF-ALL-THREE
//          ./simclr run scripts/transfer.fsx --preset paper --data folder:PATH-OF-IMAGENET --data-root PATH-OF-THE-OTHERS
// EXPECT   2 runs on generated images, transferred to a quarter of the same images: it shows only that it runs. cpu: 2 runs from
//          CIFAR-10 to generated images: too few data sets to compare an order. gpu: from CIFAR-10 to CIFAR-100 and SVHN. paper: CIFAR-10, CIFAR-100, SVHN and VOC 2007.
//          Unlike the paper: 100 epochs of pretraining instead of 1000, four data sets of which SVHN is not among its twelve, two settings of
//          fine-tuning instead of 56, and batch norm's momentum as in pretraining.
#load "load.fsx"

open SimCLR

let training epochs batch rate : ClassifierSettings =
    {
        Epochs = epochs
        BatchSize = batch
        LearningRate = LearningRate.Fixed rate
        WeightDecay = 0.0
        Decay = Decay.Cosine
        Optimizer = None
    }

/// Images of 32 pixels that an encoder of CIFAR-10 has not seen.
let generated train =
    {
        Source =
            ImageSource.Shapes
                {
                    Train = train
                    Test = 1000
                    Size = 32
                }
        TrainLimit = None
    }

let transfer tunings images =
    match Measurement.transfer images with
    | Measurement.Transfer settings -> Measurement.Transfer { settings with FineTunings = tunings }
    | other -> other

/// As many epochs as come nearest to the paper's 20,000 steps of batch 256 (appendix B.8.2): 103 of CIFAR-10, 70 of SVHN, 1053 of VOC 2007.
let paperTunings images =
    let epochs =
        match Images.knownCount images with
        | Some count -> 20000.0 / float (count / 256) |> round |> int
        | None -> 100

    [ training epochs 256 0.05; training epochs 256 0.01 ]

let targets preset =
    match preset with
    | Preset.Paper ->
        [ Images.cifar10; Images.cifar100; Images.svhn; Images.voc2007 224 ]
        |> List.map (fun images -> transfer (paperTunings images) images)
    | Preset.Gpu ->
        [ Images.cifar100; Images.svhn ]
        |> List.map (fun images -> transfer (paperTunings images) images)
    | Preset.Smoke -> [ transfer [ training 1 64 0.05 ] (generated 256) ]
    | _ -> [ transfer [ training 5 64 0.05 ] (generated 1000) ]

let sweep =
    Sweep.adapted
        (fun preset run ->
            { run with
                Evaluation = run.Evaluation |> Evaluation.measuring (targets preset)
            })
        "transfer"
        Load.shared

/// A data set as Table B.5 calls it; None: it is not there.
let publishedName images =
    match images.Source with
    | ImageSource.Cifar10 -> Some "CIFAR-10"
    | ImageSource.Cifar100 -> Some "CIFAR-100"
    | ImageSource.Voc2007 _ -> Some "VOC2007"
    | _ -> None

/// What fine-tuning adds to a linear probe of the same encoder: that one data set is harder than another says nothing of pretraining.
let places =
    [
        for measurement in sweep.Baseline.Evaluation.Measurements do
            match measurement, Metric.figuresOf measurement with
            | Measurement.Transfer { Images = images }, [ linear; tuned ] ->
                let tuned, linear =
                    Metric.measured measurement tuned, Metric.measured measurement linear

                match publishedName images with
                | Some name ->
                    [ AxisValue.Text name ],
                    { tuned with
                        Get = fun outcome -> tuned.Get outcome - linear.Get outcome
                    }
                | None -> ()
            | _ -> ()
    ]

let published =
    Paper.tableB5
    |> Published.difference "protocol" (AxisValue.Text "fine-tuned") (AxisValue.Text "linear")

Grid.from sweep.Baseline
|> Grid.vary "temperature" Run.withTemperature [ 0.1 ]
|> Grid.seeds sweep.Seeds
|> Sweep.main (
    sweep
    |> Sweep.beside (Comparison.measures "fine-tuned less linear" places published)
)
