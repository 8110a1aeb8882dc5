/// The charts of a sweep's report.
module internal SimCLR.ReportPlots

open System

/// What runs are compared by: linear probe and k-NN, or, of images without labels, RankMe.
let leading results =
    let has (metric: Metric) =
        Results.outcomes results
        |> List.exists (fun (_, outcome) -> Double.IsFinite(metric.Get outcome))

    if has Metric.rankMe && not (has Metric.linearTop1) then
        [ Metric.rankMe ]
    else
        [ Metric.linearTop1; Metric.knnTop1 ]

let private title (metric: Metric) =
    if metric.Name = Metric.linearTop1.Name then
        "Linear probe"
    else
        metric.Name

/// What a reader of a paper looks for: along one axis accuracies and the contrastive task, of two axes or more a heat map, lines and
/// every run's path; and how the runs learnt.
let ofResults results =
    let by = String.concat " and "

    let leading = leading results
    let first = leading.Head

    /// Lines of more values than there are colours tell nothing.
    let isFew axis =
        (ChartStyle.valuesOf axis results).Length <= ChartStyle.colours

    let hasMethods =
        Results.outcomes results
        |> List.distinctBy (fun (cell, _) -> Method.name cell.Run.Method)
        |> List.length
        |> (<) 1

    let learning axis =
        [
            "Loss while training", Plot.curves axis results

            // Losses of methods cannot be compared; this all of them have.
            if hasMethods then
                "Effective rank while training", Plot.monitored Core.Methods.Health.Rank axis results

            for figure in Results.monitored results do
                $"{figure} while training", Plot.monitored figure axis results
        ]

    if (Results.outcomes results).IsEmpty then
        []
    else
        match Results.varied results with
        | axes when Results.isSampled results ->
            [
                "Every run", Plot.parallelCoordinates axes [ Results.chooser; Metric.linearTop1 ] results

                for axis in axes do
                    $"Linear probe by {axis}",
                    Plot.scatter axis "top-1 (%)" [ Results.chooser; Metric.linearTop1 ] results

                yield! learning axes.Head
            ]
        | [] -> learning Grid.SeedAxis
        | [ axis ] ->
            [
                if first.Name = Metric.linearTop1.Name then
                    $"Accuracy by {axis}", Plot.accuracies axis results
                else
                    $"{first.Name} by {axis}", Plot.metric axis first results

                // Methods without negatives have none.
                if not (Results.values Metric.contrastiveTop1 results).IsEmpty then
                    $"Contrastive accuracy by {axis}", Plot.metric axis Metric.contrastiveTop1 results

                yield! learning axis
            ]
        | rows :: columns :: _ as axes ->
            [
                $"{title first} by {by [ rows; columns ]}", Plot.heatMap rows columns first results

                match [ columns; rows ] |> List.filter (fun axis -> Plot.isNumeric axis results) with
                | x :: _ when isFew (if x = rows then columns else rows) ->
                    let other = if x = rows then columns else rows
                    $"{title first} by {x}", Plot.lineBy other x first results
                | _ -> ()

                yield! learning rows
                "Every run", Plot.parallelCoordinates axes leading results
            ]
