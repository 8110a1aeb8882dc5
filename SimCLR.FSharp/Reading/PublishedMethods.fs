namespace SimCLR

/// Published figures of methods after SimCLR. Axes are named as the scripts name theirs.
[<RequireQualifiedAccess>]
module PublishedMethods =

    let private along source measure axis remark values : Published =
        {
            Source = source
            Measure = measure
            Axes = [ axis ]
            Values =
                [
                    for coordinate, value in values -> [ coordinate ], PublishedNumber.Exactly value
                ]
            Remark = remark
        }

    let private named source measure remark values =
        along source measure "method" remark [ for name, value in values -> AxisValue.Text name, value ]

    /// solo-learn's README: ResNet-18, 1000 epochs.
    let soloLearnCifar10 =
        named
            "solo-learn, README"
            "CIFAR-10 top-1 (%)"
            "of a classifier trained along, single runs; frozen encoders are reported a little lower"
            [
                "SimCLR", 90.74
                "MoCo v2", 92.94
                "MoCo v3", 93.10
                "BYOL", 92.58
                "SimSiam", 90.51
                "Barlow Twins", 92.10
                "VICReg", 92.07
                "NNCLR", 91.88
                "SwAV", 89.17
                "DINO", 89.52
            ]

    /// lightly's benchmarks: ResNet-18, 200 epochs, batch 128.
    let lightlyCifar10Knn =
        named
            "lightly, benchmarks.rst, 200 epochs, batch 128"
            "CIFAR-10 k-NN top-1 (%)"
            "of the best epoch on test data, one seed"
            [
                "SimCLR", 84.7
                "MoCo v2", 83.8
                "BYOL", 86.9
                "SimSiam", 81.9
                "Barlow Twins", 84.2
                "NNCLR", 83.4
                "SwAV", 81.2
                "DINO", 84.0
            ]

    let private byNumber source values =
        along source "ImageNet top-1 (%)" "momentum" "" [ for x, value in values -> AxisValue.Number x, value ]

    /// Table 5 of BYOL: the target's first momentum, 300 epochs.
    let byolMomentum =
        byNumber "Table 5 of BYOL" [ 0.0, 0.3; 0.9, 68.4; 0.99, 72.5; 0.999, 69.8; 1.0, 18.8 ]

    /// MoCo's ablation of its momentum, a queue of 4096.
    let moCoMomentum =
        byNumber "section 4.1 of MoCo" [ 0.9, 55.2; 0.99, 57.8; 0.999, 59.0; 0.9999, 58.9 ]

    /// Table 1 of SimSiam and its figure 2: predictor and stopped gradient, 100 epochs.
    let simSiamPredictor =
        along
            "Table 1 and figure 2 of SimSiam"
            "ImageNet top-1 (%)"
            "variant"
            ""
            [
                AxisValue.Text "predictor, stopped gradient", 68.1
                AxisValue.Text "predictor's rate decays", 67.7
                AxisValue.Text "no predictor", 0.1
                AxisValue.Text "no stopped gradient", 0.1
            ]

    /// Table 5 of BYOL: a target without the predictor, 300 epochs.
    let byolPredictor =
        along
            "Table 5 of BYOL"
            "ImageNet top-1 (%)"
            "variant"
            ""
            [ AxisValue.Text "BYOL", 72.5; AxisValue.Text "BYOL, no predictor", 0.2 ]
