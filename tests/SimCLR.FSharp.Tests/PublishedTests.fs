module SimCLR.Tests.PublishedTests

open System
open SimCLR
open SimCLR.Tests
open Xunit

let private n x = AxisValue.Number x
let private t x = AxisValue.Text x

let private value coordinates (published: Published) =
    (published.Values |> List.find (fst >> (=) coordinates) |> snd).Value

[<Fact>]
let The_tables_have_the_papers_figures () =
    Assert.Equal(64.5, Paper.table1 |> value [ t "1+blur" ])
    Assert.Equal(25.6, Paper.table3 |> value [ t "rotation"; t "g(h)" ])
    Assert.Equal(57.9, Paper.table4 |> value [ t "NT-Logistic, semi-hard" ])
    Assert.Equal(60.7, Paper.table5Top1 |> value [ t "yes"; n 0.5 ])
    Assert.Equal(57.0, Paper.table5Top1 |> value [ t "no"; n 100.0 ])
    Assert.Equal(8.2, Paper.table5Entropy |> value [ t "yes"; n 0.5 ])
    Assert.Equal(91.7, Paper.table5Contrastive |> value [ t "no"; n 10.0 ])
    Assert.Equal(76.5, Paper.table6 |> value [ n 4.0 ])
    Assert.Equal(91.2, Paper.table7 |> value [ n 2.0; t "10%" ])
    Assert.Equal(25.4, Paper.tableB4 |> value [ t "supervised"; t "1%" ])
    Assert.Equal(68.2, Paper.tableB1Linear |> value [ n 4096.0; n 400.0 ])
    Assert.Equal(62.8, Paper.tableB1SquareRoot |> value [ n 256.0; n 100.0 ])
    Assert.Equal(80.5, Paper.tableB5 |> value [ t "VOC2007"; t "linear" ])
    Assert.Equal(24, Paper.tableB5.Values.Length)
    Assert.Equal(49, Paper.figure5.Values.Length)

[<Fact>]
let Figure_5s_rows_have_the_printed_means () =
    for operation, printed in List.zip Paper.operations [ 39.2; 29.4; 25.7; 18.8; 15.5; 14.5; 13.8 ] do
        let row =
            (Paper.figure5 |> Published.slice "first" (t operation)).Values
            |> List.map (fun (_, number) -> number.Value)

        Assert.Equal(printed, List.average row, 0.1)

[<Fact>]
let Figure_5_is_marked_as_read_off_a_picture () =
    Assert.Contains("read off a picture", Paper.figure5.Remark)

    Assert.All(Paper.figure5.Values, fun (_, number) -> Assert.Equal($"about {number.Value:F1}", string number))

[<Fact>]
let Figure_8_has_the_printed_bounds_and_no_numbers () =
    Assert.Equal<(AxisValue list * string) list>(
        [
            [ t "none" ], "below -10.0"
            [ t "linear" ], "about -3.0"
            [ t "non-linear" ], "0.0"
        ],
        [ for place, number in Paper.figure8.Values -> place, string number ]
    )

// 48.3 - 25.4 and 65.6 - 56.4 of Table B.4.
[<Fact>]
let What_pretraining_adds_is_a_difference_of_two_rows () =
    let gain = Paper.tableB4 |> Published.difference "width" (n 1.0) (t "supervised")

    Assert.Equal<string list>([ "labels" ], gain.Axes)
    Assert.Equal("Table B.4, width 1 less supervised", gain.Source)

    Assert.Equal<(AxisValue list * float) list>(
        [ [ t "1%" ], 22.9; [ t "10%" ], 9.2 ],
        [ for place, number in gain.Values -> place, number.Value ]
    )

let private temperatures = [ 0.05; 0.1; 0.5; 1.0 ]

let private sweep (top1: float -> float) =
    Grid.from Run.shapes
    |> Grid.vary "temperature" Run.withTemperature temperatures
    |> Grid.seeds [ 0; 1 ]
    |> Samples.results (fun run -> Some(top1 (Loss.temperature run.Loss |> Option.get) + 0.01 * float run.Seed))

let private table5 = Paper.table5Top1 |> Published.slice "normalized" (t "yes")

let private top1 numbers temperature =
    List.zip temperatures numbers |> List.find (fst >> (=) temperature) |> snd

[<Fact>]
let Ours_stand_beside_the_published_figures () =
    // The order of Table 5: 0.1 > 0.5 > 0.05 > 1.
    let comparison =
        sweep (top1 [ 0.3; 0.6; 0.4; 0.2 ]) |> Comparison.means Metric.linearTop1 table5

    Assert.Equal(Some 1.0, comparison.Correlation |> Option.map (fun r -> Math.Round(r, 12)))
    // One of the 4! orders.
    Assert.Equal(1.0 / 24.0, (Option.get comparison.Chance).Share, 12)
    let text = Table.toText (Comparison.table comparison)
    Assert.Contains("linear top-1 beside Table 5, normalized yes: rank correlation 1.00", text)
    Assert.Contains("60.5 ± 0.7", text)
    Assert.Contains("64.4", text)

    Assert.StartsWith("Table 5, normalized yes (linear top-1): agrees.", Comparison.verdict comparison)

/// The order of Table 5 with two neighbours exchanged, 0.1 > 0.05 > 0.5 > 1: correlation 0.8; 4 of 24 orders come as close.
let private exchanged = top1 [ 0.5; 0.6; 0.4; 0.2 ]

[<Fact>]
let A_verdict_says_which_difference_decided_and_what_chance_gives () =
    // Both seeds have the same differences, so that the interval is as narrow as can be.
    let comparison = sweep exchanged |> Comparison.means Metric.linearTop1 table5
    let verdict = Comparison.verdict comparison
    Assert.Equal(0.8, Option.get comparison.Correlation, 12)
    Assert.Contains(": contradicts. 0.5 less 0.05 is -10.00 ± 0.00 points (99.2 % interval over 2 seeds).", verdict)
    Assert.Contains("Rank correlation 0.80 over 4 settings", verdict)
    Assert.Contains("chance alone comes as close in 4 of 24 orders of the labels, 16.7 %", verdict)
    Assert.Contains("Ours: 0.1 > 0.05 > 0.5 > 1. Published: 0.1 > 0.5 > 0.05 > 1.", verdict)

[<Fact>]
let A_verdict_stands_under_its_table () =
    let comparison = sweep exchanged |> Comparison.means Metric.linearTop1 table5
    let table = Comparison.table comparison
    Assert.Contains(Comparison.verdict comparison, table.Notes)
    Assert.EndsWith(Comparison.verdict comparison, Table.toText table)

[<Fact>]
let One_seed_leaves_every_order_undecided () =
    for order in [ exchanged; top1 [ 0.3; 0.6; 0.4; 0.2 ] ] do
        let verdict =
            sweep order
            |> Results.where (fun cell -> cell.Run.Seed = 0L)
            |> Comparison.means Metric.linearTop1 table5
            |> Comparison.verdict

        Assert.Contains(": undecided. ", verdict)
        Assert.Contains("and one seed has no interval", verdict)

[<Fact>]
let Of_three_settings_it_is_said_that_their_order_is_one_of_six () =
    let verdict =
        sweep (top1 [ 0.3; 0.6; 0.4; 0.2 ])
        |> Results.where (fun cell -> Loss.temperature cell.Run.Loss <> Some 1.0)
        |> Comparison.means Metric.linearTop1 table5
        |> Comparison.verdict

    Assert.Contains("chance alone comes as close in 1 of 6 orders of the labels, 16.7 %", verdict)
    Assert.Contains("even the very order is 1 of 6", verdict)

[<Fact>]
let Figures_that_mean_nothing_have_no_verdict () =
    let comparison =
        sweep exchanged
        |> Comparison.means Metric.linearTop1 table5
        |> Comparison.unjudged "figures of the smoke preset mean nothing"

    Assert.Equal(
        "Table 5, normalized yes (linear top-1): no verdict: figures of the smoke preset mean nothing.",
        Comparison.verdict comparison
    )

    Assert.Equal("linear top-1 beside Table 5, normalized yes", (Comparison.table comparison).Title)

[<Fact>]
let What_must_be_known_of_published_numbers_stands_under_the_table () =
    let operations = [ "crop", Run.shapes.ViewA; "cutout", View.cutout 0.5 ]

    let table =
        Grid.from Run.shapes
        |> Grid.varyBy "first" (fun view run -> { run with ViewA = view }) operations
        |> Grid.varyBy "second" (fun view run -> { run with ViewB = view }) operations
        |> Samples.results (fun _ -> Some 0.5)
        |> Comparison.means Metric.linearTop1 Paper.figure5
        |> Comparison.table

    Assert.Contains(Paper.figure5.Remark, table.Notes)
    Assert.Contains("about 33.1", Table.toText table)

[<Fact>]
let Settings_that_were_not_run_are_left_out () =
    let results =
        Grid.from Run.shapes
        |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.2; 0.5 ]
        |> Samples.results (fun _ -> Some 0.5)

    let comparison = results |> Comparison.means Metric.linearTop1 table5
    Assert.Equal(2, comparison.Settings.Length)
    Assert.Equal(None, comparison.Correlation)
    Assert.Contains(": undecided. 0.1 less 0.5 is 0.00 points", Comparison.verdict comparison)

/// Two rates: on test images 0.4 is better, 60 to 50 %; on validation images 0.1, by its mean, or none has a figure.
let private searched isValidated =
    Grid.from Run.shapes
    |> Grid.vary "temperature" Run.withTemperature temperatures
    |> Grid.vary "rate" (LearningRate.Linear >> Run.withLearningRate) [ 0.1; 0.4 ]
    |> Grid.seeds [ 0; 1 ]
    |> Samples.results (fun run ->
        match run.LearningRate, run.Seed with
        | LearningRate.Linear 0.1, 0L -> Some 0.9
        | LearningRate.Linear 0.1, _ -> Some 0.1
        | _ -> Some 0.6)
    |> Samples.validated (fun run ->
        if not isValidated then nan
        elif run.LearningRate = LearningRate.Linear 0.1 then 70.0
        else 65.0)

[<Fact>]
let The_best_of_a_search_is_chosen_on_validation_images () =
    let comparison = searched true |> Comparison.best "rate" Metric.linearTop1 table5

    Assert.Equal(4, comparison.Settings.Length)

    for setting in comparison.Settings do
        Assert.Equal<float list>([ 90.0; 10.0 ], setting.BySeed |> Map.toList |> List.map snd)

    Assert.Contains("best on validation images", (Comparison.table comparison).Notes |> String.concat " ")

[<Fact>]
let A_search_without_validation_figures_is_not_decided_by_test_images () =
    let comparison = searched false |> Comparison.best "rate" Metric.linearTop1 table5

    Assert.Empty comparison.Settings
    let notes = (Comparison.table comparison).Notes |> String.concat " "
    Assert.Contains("Nothing is chosen: 2 of 2 settings have no validation accuracy", notes)

[<Fact>]
let An_axis_that_the_sweep_lacks_is_named () =
    let error =
        Assert.ThrowsAny<ArgumentException>(fun () ->
            sweep (fun _ -> 0.5)
            |> Comparison.means Metric.linearTop1 Paper.table5Top1
            |> ignore)

    Assert.Contains("'normalized'", error.Message)
    Assert.Contains("temperature, seed", error.Message)

    let error =
        Assert.ThrowsAny<ArgumentException>(fun () -> Paper.table4 |> Published.slice "batch" (n 1.0) |> ignore)

    Assert.Contains("no axis 'batch'", error.Message)

[<Fact>]
let A_small_sweep_may_stand_for_the_papers_batches () =
    let small = Paper.tableB1Linear |> Published.scaled "batch" 0.25
    Assert.Equal(60.7, small |> value [ n 128.0; n 100.0 ])
    Assert.Contains("batch times 0.25", small.Source)

[<Fact>]
let A_table_of_what_was_measured_takes_a_metric_per_place () =
    let results =
        Grid.from Run.shapes
        |> Grid.seeds [ 0; 1 ]
        |> Samples.results (fun _ -> Some 0.5)

    let results =
        { results with
            Cells =
                [
                    for cell in results.Cells ->
                        { cell with
                            Result =
                                cell.Result
                                |> Result.map (
                                    Samples.withMeasured
                                        [
                                            Samples.share "retained" "rotation from h" 0.7
                                            Samples.share "retained" "rotation from g(h)" 0.3
                                        ]
                                )
                        }
                ]
        }

    let place representation =
        [ t "rotation"; t representation ], Metric.measured Measurement.retention $"rotation from {representation}"

    let comparison =
        results
        |> Comparison.measures
            "accuracy"
            [
                place "h"
                place "g(h)"
                // Of no published place.
                [ t "rotation"; t "nothing" ], Metric.linearTop1
            ]
            Paper.table3

    Assert.Equal<(AxisValue list * float * float) list>(
        [ [ t "rotation"; t "h" ], 70.0, 67.6; [ t "rotation"; t "g(h)" ], 30.0, 25.6 ],
        [
            for setting in comparison.Settings ->
                setting.Coordinates, Math.Round(setting.Ours.Mean, 10), setting.Published.Value
        ]
    )
