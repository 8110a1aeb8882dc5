namespace SimCLR

/// Tables of the SimCLR paper (Chen et al. 2020, arXiv 2002.05709v3). ImageNet top-1 of a linear classifier on ResNet-50 after 100 epochs,
/// unless stated.
[<RequireQualifiedAccess>]
module Paper =

    let private n value = AxisValue.Number value
    let private t value = AxisValue.Text value

    let private top1 = "ImageNet top-1 (%)"

    let private strengths =
        [ "1/8"; "1/4"; "1/2"; "1"; "1+blur"; "AutoAugment" ] |> List.map t

    /// Table 1: strength of the colour distortion.
    let table1 =
        Published.along "Table 1" top1 "strength" (List.zip strengths [ 59.6; 61.0; 62.6; 63.2; 64.5; 61.1 ])

    /// Table 1, the supervised row.
    let table1Supervised =
        Published.along
            "Table 1, supervised"
            "supervised ImageNet top-1 (%)"
            "strength"
            (List.zip strengths [ 77.0; 76.7; 76.5; 75.7; 75.4; 77.1 ])

    /// Table 3: how well the applied transformation can be read from h and from g(h); and a guess.
    let table3 =
        Published.over
            "Table 3"
            "accuracy (%)"
            "task"
            "representation"
            [ t "guess"; t "h"; t "g(h)" ]
            [
                t "colour or grayscale", [ 80.0; 99.3; 97.4 ]
                t "rotation", [ 25.0; 67.6; 25.6 ]
                t "original or corrupted", [ 50.0; 99.5; 59.6 ]
                t "original or Sobel", [ 50.0; 96.6; 56.3 ]
            ]

    /// Table 4: losses, each at its best learning rate, margin and temperature (B.10).
    let table4 =
        Published.along
            "Table 4"
            top1
            "loss"
            [
                t "margin", 50.9
                t "NT-Logistic", 51.6
                t "margin, semi-hard", 57.5
                t "NT-Logistic, semi-hard", 57.9
                t "NT-Xent", 63.9
            ]

    let private table5 measure values =
        Published.over
            "Table 5"
            measure
            "normalized"
            "temperature"
            [ n 0.05; n 0.1; n 0.5; n 1.0 ]
            [ t "yes", List.truncate 4 values ]
        |> fun normalized ->
            { normalized with
                Published.Values =
                    normalized.Values
                    @ [
                        for temperature, value in List.zip [ 10.0; 100.0 ] (List.skip 4 values) ->
                            [ t "no"; n temperature ], PublishedNumber.Exactly value
                    ]
            }

    /// Table 5: temperature and normalization.
    let table5Top1 = table5 top1 [ 59.7; 64.4; 60.7; 58.0; 57.2; 57.0 ]

    /// Table 5: entropy of the softmax over 4096 examples.
    let table5Entropy =
        table5 "entropy over 4096 examples (nats)" [ 1.0; 4.5; 8.2; 8.3; 0.5; 0.5 ]

    /// Table 5: contrastive accuracy over 4096 examples.
    let table5Contrastive =
        table5 "contrastive accuracy over 4096 examples (%)" [ 90.5; 87.8; 68.2; 59.1; 91.7; 92.1 ]

    /// Table 6: width of ResNet-50, 1000 epochs.
    let table6 =
        Published.along "Table 6, 1000 epochs" top1 "width" [ n 1.0, 69.3; n 2.0, 74.2; n 4.0, 76.5 ]

    let private labels rows source measure =
        Published.over source measure "width" "labels" [ t "1%"; t "10%" ] rows

    /// Table 7: fine-tuned on 1 % and 10 % of the labels, top-5.
    let table7 =
        labels
            [
                t "supervised", [ 48.4; 80.4 ]
                n 1.0, [ 75.5; 87.8 ]
                n 2.0, [ 83.0; 91.2 ]
                n 4.0, [ 85.8; 92.6 ]
            ]
            "Table 7"
            "ImageNet top-5 (%)"

    /// Table B.4: the same in top-1.
    let tableB4 =
        labels
            [
                t "supervised", [ 25.4; 56.4 ]
                n 1.0, [ 48.3; 65.6 ]
                n 2.0, [ 58.5; 71.7 ]
                n 4.0, [ 63.0; 74.4 ]
            ]
            "Table B.4"
            top1

    let private batches scaling rows =
        Published.over
            $"Table B.1, {scaling} learning rate scaling"
            top1
            "batch"
            "epochs"
            [ n 100.0; n 200.0; n 400.0; n 800.0 ]
            [
                for batch, values in List.zip [ 256.0; 512.0; 1024.0; 2048.0; 4096.0; 8192.0 ] rows -> n batch, values
            ]

    /// Table B.1 (Figure 9): batch size and epochs, learning rate in proportion to the batch.
    let tableB1Linear =
        batches
            "linear"
            [
                [ 57.5; 61.9; 64.7; 66.6 ]
                [ 60.7; 64.0; 66.2; 67.8 ]
                [ 62.8; 65.3; 67.2; 68.5 ]
                [ 64.0; 66.1; 68.1; 68.9 ]
                [ 64.6; 66.5; 68.2; 68.9 ]
                [ 64.8; 66.6; 67.8; 69.0 ]
            ]

    /// Table B.1: learning rate in proportion to the batch's square root.
    let tableB1SquareRoot =
        batches
            "square-root"
            [
                [ 62.8; 64.3; 65.7; 66.5 ]
                [ 63.8; 65.6; 66.7; 67.4 ]
                [ 64.3; 66.1; 67.2; 68.3 ]
                [ 64.7; 66.8; 67.9; 68.8 ]
                [ 64.5; 66.8; 68.0; 69.1 ]
                [ 64.8; 67.0; 68.3; 69.1 ]
            ]

    /// Both halves of Table B.1.
    let tableB1 =
        let half scaling (published: Published) =
            [
                for coordinates, number in published.Values -> t scaling :: coordinates, number
            ]

        {
            Published.Source = "Table B.1"
            Published.Measure = top1
            Published.Axes = [ "scaling"; "batch"; "epochs" ]
            Published.Values = half "linear" tableB1Linear @ half "square root" tableB1SquareRoot
            Published.Remark = ""
        }

    let private dataSets =
        [
            "Food"
            "CIFAR-10"
            "CIFAR-100"
            "Birdsnap"
            "SUN397"
            "Cars"
            "Aircraft"
            "VOC2007"
            "DTD"
            "Pets"
            "Caltech-101"
            "Flowers"
        ]

    /// Table B.5: transfer from ResNet-50 to other data sets; the metric is each one's customary.
    let tableB5 =
        let linear =
            [ 68.4; 90.6; 71.6; 37.4; 58.8; 50.3; 50.3; 80.5; 74.5; 83.6; 90.3; 91.2 ]

        let tuned =
            [ 88.2; 97.7; 85.9; 75.9; 63.5; 91.3; 88.1; 84.1; 73.2; 89.2; 92.1; 97.0 ]

        Published.over
            "Table B.5"
            "accuracy, mean accuracy per class or mAP (%)"
            "data"
            "protocol"
            [ t "linear"; t "fine-tuned" ]
            [
                for name, (a, b) in List.zip dataSets (List.zip linear tuned) -> t name, [ a; b ]
            ]

    /// Figure 5's operations.
    let operations = [ "crop"; "cutout"; "colour"; "Sobel"; "noise"; "blur"; "rotate" ]

    /// Figure 5: one operation (the diagonal) or two, the first and the second, on one branch. The paper prints a heat map: the numbers of the cells
    /// are read off it, and only their row means are printed.
    let figure5 =
        let readOff =
            Published.over
                "Figure 5"
                top1
                "first"
                "second"
                (List.map t operations)
                (List.zip
                    (List.map t operations)
                    [
                        [ 33.1; 33.9; 56.3; 46.0; 39.9; 35.0; 30.2 ]
                        [ 32.2; 25.6; 33.9; 40.0; 26.5; 25.2; 22.4 ]
                        [ 55.8; 35.5; 18.8; 21.0; 11.4; 16.5; 20.8 ]
                        [ 46.2; 40.6; 20.9; 4.0; 9.3; 6.2; 4.2 ]
                        [ 38.8; 25.8; 7.5; 7.6; 9.8; 9.8; 9.6 ]
                        [ 35.1; 25.2; 16.6; 5.8; 9.7; 2.6; 6.7 ]
                        [ 30.0; 22.5; 20.7; 4.3; 9.7; 6.5; 2.6 ]
                    ])

        { readOff with
            Published.Values =
                [
                    for coordinates, number in readOff.Values -> coordinates, PublishedNumber.About number.Value
                ]
            Published.Remark =
                "The published numbers were read off a picture; only their row means are checked against printed ones."
        }

    /// Figure 8's statement, of which the text prints bounds only: a non-linear head is about 3 points above a linear one and over 10 above none,
    /// whatever the output dimension. Points above the non-linear head.
    let figure8 =
        {
            Published.Source = "Figure 8"
            Published.Measure = "points above the non-linear head"
            Published.Axes = [ "head" ]
            Published.Values =
                [
                    [ t "none" ], PublishedNumber.Below -10.0
                    [ t "linear" ], PublishedNumber.About -3.0
                    [ t "non-linear" ], PublishedNumber.Exactly 0.0
                ]
            Published.Remark = "The paper prints these bounds, and no numbers."
        }
