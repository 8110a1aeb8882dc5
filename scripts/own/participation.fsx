// The participation ratio (Gao et al. 2017, "A theory of multineuronal dimensionality, dynamics and measurement"): over how many directions features spread,
// (Σ λ)² / Σ λ² over the eigenvalues λ of their covariance, between 1 and the length of h. No eigenvalue is needed: the sums are the covariance's trace and
// its squared norm.
open SimCLR

let private ratio (rows: float32[][]) =
    let count, size = rows.Length, rows[0].Length

    let mean =
        Array.init size (fun i -> rows |> Array.averageBy (fun row -> float row[i]))

    let covariance = Array2D.zeroCreate<float> size size

    for row in rows do
        let centred = Array.init size (fun i -> float row[i] - mean[i])

        for i in 0 .. size - 1 do
            for j in i .. size - 1 do
                covariance[i, j] <- covariance[i, j] + centred[i] * centred[j] / float count

    let trace = Seq.sum (seq { for i in 0 .. size - 1 -> covariance[i, i] })

    let squares =
        Seq.sum (
            seq {
                for i in 0 .. size - 1 do
                    for j in i .. size - 1 -> (if i = j then 1.0 else 2.0) * covariance[i, j] ** 2.0
            }
        )

    trace * trace / squares

/// Of the first so many training and test images.
let participation =
    Measurement.OfFeatures(
        "participation",
        1,
        [ ("images", 2000.0) ],
        [ "ratio", FigureUnit.Plain; "ratio of test images", FigureUnit.Plain ],
        fun s train test ->
            let first (table: FeatureTable) =
                Array.init (min table.Count (s.Whole "images")) table.Row

            [ "ratio", ratio (first train); "ratio of test images", ratio (first test) ]
    )
