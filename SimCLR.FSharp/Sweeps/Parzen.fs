/// The tree-structured Parzen estimator (Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization", section 4) over axes that do not depend
/// on each other: what to try after points with known scores.
module internal SimCLR.Parzen

open System
open MathNet.Numerics.Distributions

/// Part of the points that count as good.
let private goodPart = 0.15

/// Draws among which the most promising is taken.
let private candidates = 100

/// Centres and widths of normals around places in the range from 0 to 1, each as wide as its farther neighbour is away, the ends being neighbours too,
/// but not so narrow that nothing else is tried.
let private normals (places: float list) =
    let narrowest = 1.0 / float (min 100 (places.Length + 1))

    [
        for three in 0.0 :: List.sort places @ [ 1.0 ] |> List.windowed 3 ->
            three[1], Math.Clamp(max (three[1] - three[0]) (three[2] - three[1]), narrowest, 1.0)
    ]

/// How much of a normal lies below the low end of the range, and below the high one: what is outside is cut off.
let private tails (centre, width) =
    Normal.CDF(centre, width, 0.0), Normal.CDF(centre, width, 1.0)

/// A place in the range from two even numbers: one of the normals, or as often as one of them any place at all, which keeps all possible.
let private drawPlace normals choice part =
    match int (choice * float (List.length normals + 1)) with
    | 0 -> part
    | i ->
        let centre, width = normals[i - 1]
        let below, upTo = tails (centre, width)
        Math.Clamp(Normal.InvCDF(centre, width, below + part * (upTo - below)), 0.0, 1.0)

/// How dense draws are at a place.
let private densityAt normals place =
    let ofNormals =
        normals
        |> List.sumBy (fun (centre, width) ->
            let below, upTo = tails (centre, width)
            Normal.PDF(centre, width, place) / (upTo - below))

    (1.0 + ofNormals) / float (List.length normals + 1)

/// Chances of words: how often each is among the points, and once more.
let private chances (words: AxisValue list) points =
    [
        for word in words ->
            let count = points |> List.filter ((=) word) |> List.length
            float (count + 1) / float (points.Length + words.Length)
    ]

/// How values like those are drawn, from two even numbers, and how dense draws are at a value.
let model distribution (values: AxisValue list) =
    match distribution with
    | Distribution.Choice words ->
        let chances = chances words values

        let draw _ part =
            let passed =
                List.scan (+) 0.0 chances |> List.findIndexBack (fun sum -> sum <= part)

            words[min passed (words.Length - 1)]

        draw, (fun value -> chances[List.findIndex ((=) value) words])
    | Distribution.Range range ->
        let place value =
            match value with
            | AxisValue.Number x -> NumberRange.toUnit x range
            | other -> wrongValue $"'{other}' is no number."

        let normals = normals (List.map place values)

        (fun choice part -> Sampling.ofUnit (drawPlace normals choice part) distribution),
        (fun value -> densityAt normals (place value))

/// The point to try next: of the draws from the density of the good points, the new one at which that density is largest against the density of the
/// others, which has the largest expected improvement (equation 3). A higher score is better, and -infinity the worst. Where no draw is new, it is
/// a new point of a random sample. The seed and the known points decide it.
let next (seed: int) (axes: RandomAxis list) (known: (AxisValue list * float) list) =
    let trial = known.Length
    let good = goodPart * float trial |> ceil |> int |> max 1
    let ranked = known |> List.sortByDescending snd |> List.map fst
    let better, others = List.splitAt good ranked

    let models =
        [
            for i, axis in List.indexed axes ->
                let of' points =
                    [ for point in points -> List.item i point ] |> model axis.Distribution

                axis.Name, of' better, of' others
        ]

    let candidate number =
        let number = trial * candidates + number

        [
            for name, (draw, better), (_, others) in models ->
                let value =
                    draw
                        (Sampling.uniform seed number $"{name}\nmixture")
                        (Sampling.uniform seed number $"{name}\npart")

                value, log (better value) - log (others value)
        ]

    let points =
        [
            for number in 0 .. candidates - 1 ->
                let values = candidate number
                List.map fst values, List.sumBy snd values
        ]

    let isNew point =
        not (known |> List.exists (fst >> (=) point))

    match points |> List.filter (fst >> isNew) with
    | [] -> Sampling.points (trial + 1) seed axes |> List.find isNew
    | fresh -> fresh |> List.maxBy snd |> fst
