namespace SimCLR

open System
open System.Globalization

/// A sweep's figures beside published ones.
[<RequireQualifiedAccess>]
type Comparison =
    {
        Published: Published
        Metric: Metric
        /// Coordinates, our values (one per run), the published number: where both have one.
        Pairs: (AxisValue list * float list * float) list
        /// Spearman's rank correlation of our means with the published numbers; None below three pairs or where one side is constant.
        Correlation: float option
        /// How often a random order comes as close.
        Chance: float option
    }

/// Joins a sweep's results to published figures. A small run cannot reach a paper's numbers; what it can show is their order.
[<RequireQualifiedAccess>]
module Comparison =

    /// Ranks from 1; equal numbers share the mean of theirs.
    let internal ranks (values: float list) =
        [
            for x in values ->
                let below = values |> List.filter (fun y -> y < x) |> List.length
                let equal = values |> List.filter (fun y -> y = x) |> List.length
                float below + (float equal + 1.0) / 2.0
        ]

    let private pearson (x: float[]) (y: float[]) =
        let mx, my = Array.average x, Array.average y

        let sum f =
            Array.fold2 (fun total a b -> total + f (a - mx) (b - my)) 0.0 x y

        sum (fun a b -> a * b) / sqrt (sum (fun a _ -> a * a) * sum (fun _ b -> b * b))

    let private constant values = List.length (List.distinct values) < 2

    /// Spearman's rank correlation: that of Pearson over the ranks. None below three pairs or where one side is constant.
    let spearman (ours: float list) (theirs: float list) =
        if ours.Length < 3 || constant ours || constant theirs then
            None
        else
            Some(pearson (Array.ofList (ranks ours)) (Array.ofList (ranks theirs)))

    let private samples = 20000

    /// How often a random order of ours correlates at least as highly: over all orders up to seven pairs, else over 20,000 drawn ones.
    let private chance observed (ours: float list) (theirs: float list) =
        let x, y = Array.ofList (ranks ours), Array.ofList (ranks theirs)
        let fits order = pearson order y >= observed - 1e-9

        let rec orders (rest: float list) =
            seq {
                if List.isEmpty rest then
                    yield []
                else
                    for i in 0 .. rest.Length - 1 do
                        for others in orders (List.removeAt i rest) do
                            yield rest[i] :: others
            }

        if x.Length <= 7 then
            orders (List.ofArray x)
            |> Seq.averageBy (fun order -> if fits (Array.ofList order) then 1.0 else 0.0)
        else
            let random = Random 0

            let hits =
                seq { 1..samples }
                |> Seq.filter (fun _ ->
                    let order = Array.copy x
                    random.Shuffle order
                    fits order)
                |> Seq.length

            // The observed order is one of those that could have come.
            float (hits + 1) / float (samples + 1)

    let private make published metric (pairs: (AxisValue list * float list * float) list) =
        let ours = [ for _, values, _ in pairs -> List.average values ]
        let theirs = [ for _, _, number in pairs -> number ]
        let correlation = spearman ours theirs

        {
            Comparison.Published = published
            Comparison.Metric = metric
            Comparison.Pairs = pairs
            Comparison.Correlation = correlation
            Comparison.Chance = correlation |> Option.map (fun observed -> chance observed ours theirs)
        }

    let private joined (published: Published) (results: Results) =
        for axis in published.Axes do
            if not (List.contains axis results.Axes) then
                let names = String.concat ", " results.Axes

                invalidArg
                    (nameof results)
                    $"{published.Source} has an axis '{axis}', but the sweep has: {names}. Fix it with Published.at, or vary it."

        let cells =
            Results.outcomes results
            |> List.groupBy (fun (cell, _) -> published.Axes |> List.map (fun axis -> Results.coordinate axis cell))

        [
            for coordinates, number in published.Values do
                match cells |> List.tryFind (fst >> (=) coordinates) with
                | Some(_, outcomes) -> coordinates, outcomes, number
                | None -> ()
        ]

    /// Our means over all other axes, such as seeds, beside the published numbers.
    let means (metric: Metric) (published: Published) (results: Results) =
        make
            published
            metric
            [
                for coordinates, outcomes, number in joined published results ->
                    coordinates, [ for _, outcome in outcomes -> Metric.shown metric outcome ], number
            ]

    /// The same with the best value of another axis at each coordinate, where the published number is the best of a search too.
    /// Ours is chosen on the test images and so a little too high, at every coordinate alike.
    let best searched (metric: Metric) (published: Published) (results: Results) =
        make
            published
            metric
            [
                for coordinates, outcomes, number in joined published results ->
                    let candidates =
                        outcomes
                        |> List.groupBy (fst >> Results.coordinate searched)
                        |> List.map (fun (_, group) -> [ for _, outcome in group -> Metric.shown metric outcome ])

                    coordinates, candidates |> List.maxBy List.average, number
            ]

    /// The same for a table whose coordinates are what was measured, each a metric of its own: their means over all runs.
    let measures name (places: (AxisValue list * Metric) list) (published: Published) (results: Results) =
        let outcomes = Results.outcomes results

        make
            published
            { Outcome.measured name with
                Unit = "%"
            }
            [
                for coordinates, number in published.Values do
                    match places |> List.tryFind (fst >> (=) coordinates) with
                    | Some(_, metric) ->
                        match
                            [ for _, outcome in outcomes -> metric.Get outcome ]
                            |> List.filter Double.IsFinite
                        with
                        | [] -> ()
                        | values -> coordinates, [ for value in values -> Metric.scale metric * value ], number
                    | None -> ()
            ]

    let private place (coordinates: AxisValue list) =
        coordinates |> List.map string |> String.concat ", "

    let private fixed2 (x: float) =
        x.ToString("0.00", CultureInfo.InvariantCulture)

    let private order (numbers: (AxisValue list * float) list) =
        numbers
        |> List.groupBy snd
        |> List.sortByDescending fst
        |> List.map (snd >> List.map (fst >> place) >> String.concat " = ")
        |> String.concat " > "

    /// Whether the order of the published figures is reproduced (rank correlation 1), mostly reproduced (below 1, but a random order comes as close
    /// in less than 5 % of cases) or not, in a sentence or two.
    let verdict (comparison: Comparison) =
        let source = $"{comparison.Published.Source} ({comparison.Metric.Name})"
        let pairs = comparison.Pairs
        let ours = [ for at, values, _ in pairs -> at, List.average values ]
        let theirs = [ for at, _, number in pairs -> at, number ]

        match comparison.Correlation, comparison.Chance with
        | Some correlation, Some chance ->
            let extent =
                if correlation > 1.0 - 1e-9 then "reproduced"
                elif chance < 0.05 then "mostly reproduced"
                else "not reproduced"

            let orders =
                if pairs.Length <= 8 then
                    $" Ours: {order ours}. Published: {order theirs}."
                else
                    let best = List.maxBy snd >> fst >> place
                    $" Best of ours: {best ours}; published: {best theirs}."

            let odds =
                if chance < 0.001 then
                    "less than 0.1 %"
                else
                    $"{100.0 * chance:F1} %%"

            $"The order of {source} is {extent}: rank correlation {fixed2 correlation} over {pairs.Length} settings "
            + $"(a random order comes as close with a probability of {odds})."
            + orders
        | _ -> $"The order of {source} cannot be compared: {pairs.Length} of its settings were run, or all are alike."

    /// Ours beside the published figures; the title says whether the order is reproduced.
    let table (comparison: Comparison) =
        let mean values =
            let centre, sd = Statistics.meanAndSd values
            let scale = Metric.scale comparison.Metric
            TableCell.Mean(centre / scale, sd / scale, values.Length, scale > 1.0, 0)

        let rank =
            match comparison.Correlation with
            | Some correlation -> $": rank correlation {fixed2 correlation}"
            | None -> ""

        {
            Title = $"{comparison.Metric.Name} beside {comparison.Published.Source}{rank}"
            Columns =
                comparison.Published.Axes
                @ [
                    $"ours: {Metric.heading comparison.Metric}"
                    $"published: {comparison.Published.Measure}"
                ]
            Rows =
                [
                    for coordinates, values, number in comparison.Pairs ->
                        [ for coordinate in coordinates -> TableCell.Text(string coordinate) ]
                        @ [
                            mean values
                            TableCell.Text(number.ToString("0.0##", CultureInfo.InvariantCulture))
                        ]
                ]
        }
