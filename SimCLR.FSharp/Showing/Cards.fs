/// The numbers that a report begins with.
module internal SimCLR.Cards

open Giraffe.ViewEngine

/// What the report is about in a few numbers: what pretraining gained, at the setting that is best on validation images, or, where
/// none can be chosen, over all settings.
let view results =
    let chosen, whose, remark =
        match Results.best results with
        | Ok(place, runs) ->
            let validation = TableCell.text (Table.summarize Results.chooser runs)

            let place =
                place |> List.map (fun (axis, value) -> $"{axis} {value}") |> String.concat ", "

            runs,
            (if place = "" then
                 $"validation: {validation} %%"
             else
                 $"{place}; chosen on validation: {validation} %%"),
            []
        | Error reason -> results, "all settings", [ Page.note reason ]

    let card metric (prefix: string) unit label =
        [
            match Results.spread metric chosen with
            | Some spread ->
                let sign = if spread.Mean > 0.0 then prefix else ""

                div
                    [ _class "card" ]
                    [
                        b [] [ str (sign + TableCell.text (TableCell.ofSpread metric 0 spread) + unit) ]
                        span [] [ str label ]
                    ]
            | None -> ()
        ]

    match
        [
            yield! card Metric.linearGain "+" "" "points gained by pretraining"
            yield! card Metric.linearTop1 "" " %" $"linear probe on test images ({whose})"
            yield! card Metric.linearTop1Untrained "" " %" "the same encoder, untrained"
            yield! card Metric.imagesPerSecond "" "" "images per second"
        ]
    with
    | [] -> []
    | cards -> div [ _class "cards" ] cards :: remark
