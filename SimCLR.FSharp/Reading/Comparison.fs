namespace SimCLR

open System.Globalization

/// A setting of which there are figures of ours and a published one.
[<RequireQualifiedAccess>]
type ComparedSetting =
    {
        /// On the axes of the published figures.
        Coordinates: AxisValue list
        /// Ours, as they are shown: over seeds, or over what else was varied.
        Ours: Spread
        /// Ours by seed, means over what else was varied.
        BySeed: Map<int64, float>
        Published: PublishedNumber
    }

/// A sweep's figures beside published ones.
[<RequireQualifiedAccess>]
type Comparison =
    {
        Published: Published
        Metric: Metric
        Settings: ComparedSetting list
        /// Spearman's rank correlation of our means with the published numbers; None below three settings or where one side is constant.
        Correlation: float option
        /// How often chance correlates as highly, where there is a correlation.
        Chance: Chance option
        Verdict: OrderVerdict
        /// What else must be known, in sentences.
        Remarks: string list
    }

/// Joins a sweep's results to published figures. A small run cannot reach a paper's numbers; what it can show is their order.
[<RequireQualifiedAccess>]
module Comparison =

    let private make (published: Published) metric remarks (settings: ComparedSetting list) =
        let ours = [ for setting in settings -> setting.Ours.Mean ]
        let theirs = [ for setting in settings -> setting.Published.Value ]

        {
            Comparison.Published = published
            Comparison.Metric = metric
            Comparison.Settings = settings
            Comparison.Correlation = RankCorrelation.spearman ours theirs
            Comparison.Chance =
                RankCorrelation.chance
                    [
                        for setting in settings -> setting.Coordinates, setting.Ours.Mean, setting.Published.Value
                    ]
            Comparison.Verdict =
                OrderVerdict.ofSettings
                    [
                        for setting in settings -> setting.Coordinates, setting.BySeed, setting.Published.Value
                    ]
            Comparison.Remarks = [ published.Remark; yield! remarks ] |> List.filter ((<>) "")
        }

    /// What some results say of a metric at a published place; none where they do not have it.
    let private setting coordinates metric number results =
        [
            match Results.spread metric results with
            | Some spread ->
                {
                    ComparedSetting.Coordinates = coordinates
                    ComparedSetting.Ours = spread
                    ComparedSetting.BySeed = Results.bySeed metric results
                    ComparedSetting.Published = number
                }
            | None -> ()
        ]

    /// The results at each published place that was run.
    let private joined (published: Published) (results: Results) =
        for axis in published.Axes do
            if not (List.contains axis results.Axes) then
                let names = String.concat ", " results.Axes

                wrongValue
                    $"{published.Source} has an axis '{axis}', but the sweep has: {names}. Fix it with Published.slice, or vary it."

        let groups =
            results.Cells
            |> List.groupBy (fun cell -> published.Axes |> List.map (fun axis -> Results.coordinate axis cell.Cell))

        [
            for coordinates, number in published.Values do
                match groups |> List.tryFind (fst >> (=) coordinates) with
                | Some(_, cells) -> coordinates, number, { results with Cells = cells }
                | None -> ()
        ]

    /// Our means over all other axes, such as seeds, beside the published numbers.
    let means (metric: Metric) (published: Published) (results: Results) =
        joined published results
        |> List.collect (fun (coordinates, number, group) -> setting coordinates metric number group)
        |> make published metric []

    /// The same with the value of another axis that is best on validation images at each coordinate, where the published number is the best of a
    /// search too. Where nothing can be chosen, the coordinate is left out, and a remark says why.
    let best searched (metric: Metric) (published: Published) (results: Results) =
        let choices =
            [
                for coordinates, number, group in joined published results ->
                    coordinates,
                    number,
                    group
                    |> Results.best
                    |> Result.map (fun (place, _) ->
                        let value = place |> List.find (fst >> (=) searched) |> snd
                        Results.slice searched value group)
            ]

        let remarks =
            $"Of {searched}, what is best on validation images was taken for each setting; the figures are of test images."
            :: [
                for _, _, choice in choices do
                    match choice with
                    | Error reason -> reason
                    | Ok _ -> ()
            ]
            |> List.distinct

        choices
        |> List.collect (fun (coordinates, number, choice) ->
            match choice with
            | Ok group -> setting coordinates metric number group
            | Error _ -> [])
        |> make published metric remarks

    /// The same for a table whose coordinates are what was measured, each a metric of its own: their means over all runs.
    let measures name (places: (AxisValue list * Metric) list) (published: Published) (results: Results) =
        [
            for coordinates, number in published.Values do
                match places |> List.tryFind (fst >> (=) coordinates) with
                | Some(_, metric) -> yield! setting coordinates metric number results
                | None -> ()
        ]
        |> make published (Metric.share name) []

    /// Without a verdict, for that reason: where figures mean nothing.
    let unjudged reason (comparison: Comparison) =
        { comparison with
            Verdict = OrderVerdict.Unjudged reason
        }

    let private place (coordinates: AxisValue list) =
        coordinates |> List.map string |> String.concat ", "

    let private order (numbers: (AxisValue list * float) list) =
        numbers
        |> List.groupBy snd
        |> List.sortByDescending fst
        |> List.map (snd >> List.map (fst >> place) >> String.concat " = ")
        |> String.concat " > "

    /// Both orders, or of many settings the highest.
    let private orders (comparison: Comparison) =
        let ours =
            [ for setting in comparison.Settings -> setting.Coordinates, setting.Ours.Mean ]

        let theirs =
            [
                for setting in comparison.Settings -> setting.Coordinates, setting.Published.Value
            ]

        if ours.Length <= 8 then
            $" Ours: {order ours}. Published: {order theirs}."
        else
            let highest = List.maxBy snd >> fst >> place
            $" Highest of ours: {highest ours}; published: {highest theirs}."

    let private count (n: int) =
        n.ToString("N0", CultureInfo.InvariantCulture)

    let private chance (chance: Chance) =
        let share = $"{Statistics.text 1 (100.0 * chance.Share)} %%"

        if chance.Drawn then
            $"labels permuted at random come as close in {share} of {count chance.Orders} draws"
        else
            let few =
                if chance.Orders < 20 then
                    $"; of so few settings even the very order is 1 of {chance.Orders}"
                else
                    ""

            $"chance alone comes as close in {count chance.Hits} of {count chance.Orders} orders of the labels, {share}{few}"

    let private correlation (comparison: Comparison) =
        match comparison.Correlation, comparison.Chance with
        | Some correlation, Some odds ->
            $" Rank correlation {Statistics.text 2 correlation} over {comparison.Settings.Length} settings ({chance odds})."
        | _ -> ""

    /// A deciding difference in words.
    let private decided (comparison: Comparison) (by: DecidingDifference) =
        let unit =
            if comparison.Metric.Unit = "%" then
                "points"
            else
                comparison.Metric.Unit

        let number = Statistics.text 2
        let pair = $"{place by.Higher} less {place by.Lower}"

        match by.HalfWidth with
        | Some width ->
            $"{pair} is {number by.Mean} ± {number width} {unit} ({Statistics.text 1 (100.0 * by.Level)} %% interval over {by.Seeds} seeds)"
                .Replace("  ", " ")
        | None when by.Seeds = 0 -> $"{pair} has no seed in common"
        | None ->
            $"{pair} is {number by.Mean} {unit}".TrimEnd()
            + ", and one seed has no interval"

    /// Whether our figures agree with the published order, contradict it, or leave it undecided; which difference decided; how often chance
    /// does as well; and both orders.
    let verdict (comparison: Comparison) =
        let source = $"{comparison.Published.Source} ({comparison.Metric.Name})"
        let decided = decided comparison

        match comparison.Verdict with
        | OrderVerdict.Unjudged reason -> $"{source}: no verdict: {reason}."
        | OrderVerdict.Agrees by ->
            $"{source}: agrees. The weakest difference decides: {decided by}."
            + correlation comparison
            + orders comparison
        | OrderVerdict.Undecided by ->
            $"{source}: undecided. {decided by}."
            + correlation comparison
            + orders comparison
        | OrderVerdict.Contradicts by ->
            $"{source}: contradicts. {decided by}."
            + correlation comparison
            + orders comparison

    /// Ours beside the published figures; verdict and remarks stand under it.
    let table (comparison: Comparison) =
        let rank =
            match comparison.Verdict, comparison.Correlation with
            | OrderVerdict.Unjudged _, _
            | _, None -> ""
            | _, Some correlation -> $": rank correlation {Statistics.text 2 correlation}"

        Table.make
            $"{comparison.Metric.Name} beside {comparison.Published.Source}{rank}"
            (comparison.Published.Axes
             @ [
                 $"ours: {Metric.heading comparison.Metric}"
                 $"published: {comparison.Published.Measure}"
             ])
            [
                for setting in comparison.Settings ->
                    [ for coordinate in setting.Coordinates -> TableCell.Text(string coordinate) ]
                    @ [
                        TableCell.ofSpread comparison.Metric 0 setting.Ours
                        TableCell.Text(string setting.Published)
                    ]
            ]
        |> Table.noting (verdict comparison :: comparison.Remarks)
