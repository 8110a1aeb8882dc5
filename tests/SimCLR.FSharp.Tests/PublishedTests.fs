module SimCLR.Tests.PublishedTests

open System
open SimCLR
open SimCLR.Tests
open Xunit

let private n x = AxisValue.Number x
let private t x = AxisValue.Text x

let private value coordinates (published: Published) =
    published.Values |> List.find (fst >> (=) coordinates) |> snd

[<Fact>]
let The_tables_have_the_papers_figures () =
    Assert.Equal(64.5, Published.table1 |> value [ t "1+blur" ])
    Assert.Equal(25.6, Published.table3 |> value [ t "rotation"; t "g(h)" ])
    Assert.Equal(57.9, Published.table4 |> value [ t "NT-Logistic, semi-hard" ])
    Assert.Equal(60.7, Published.table5Top1 |> value [ t "yes"; n 0.5 ])
    Assert.Equal(57.0, Published.table5Top1 |> value [ t "no"; n 100.0 ])
    Assert.Equal(8.2, Published.table5Entropy |> value [ t "yes"; n 0.5 ])
    Assert.Equal(91.7, Published.table5Contrastive |> value [ t "no"; n 10.0 ])
    Assert.Equal(76.5, Published.table6 |> value [ n 4.0 ])
    Assert.Equal(91.2, Published.table7 |> value [ n 2.0; t "10%" ])
    Assert.Equal(25.4, Published.tableB4 |> value [ t "supervised"; t "1%" ])
    Assert.Equal(68.2, Published.tableB1Linear |> value [ n 4096.0; n 400.0 ])
    Assert.Equal(62.8, Published.tableB1SquareRoot |> value [ n 256.0; n 100.0 ])
    Assert.Equal(80.5, Published.tableB5 |> value [ t "VOC2007"; t "linear" ])
    Assert.Equal(24, Published.tableB5.Values.Length)
    Assert.Equal(49, Published.figure5.Values.Length)

[<Fact>]
let Figure_5s_rows_have_the_printed_means () =
    for operation, printed in List.zip Published.operations [ 39.2; 29.4; 25.7; 18.8; 15.5; 14.5; 13.8 ] do
        let row =
            (Published.figure5 |> Published.at "first" (t operation)).Values |> List.map snd

        Assert.Equal(printed, List.average row, 0.1)

[<Fact>]
let Equal_numbers_share_their_mean_rank () =
    Assert.Equal<float list>([ 3.5; 1.0; 3.5; 2.0 ], Comparison.ranks [ 7.0; 1.0; 7.0; 2.0 ])

[<Fact>]
let Rank_correlation_is_that_computed_by_hand () =
    // Differences of rank 1, 0, 1, 0: 1 - 6 · 2 / (4 · 15) = 0.8.
    Assert.Equal(
        0.8,
        Comparison.spearman [ 10.0; 30.0; 20.0; 40.0 ] [ 2.0; 3.0; 1.0; 4.0 ]
        |> Option.get
        |> fun r -> Math.Round(r, 12)
    )

    Assert.Equal(-1.0, Comparison.spearman [ 1.0; 2.0; 3.0 ] [ 0.3; 0.2; 0.1 ] |> Option.get, 12)
    // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 · 5).
    Assert.Equal(4.5 / sqrt 22.5, Comparison.spearman [ 1.0; 5.0; 5.0; 9.0 ] [ 1.0; 2.0; 3.0; 4.0 ] |> Option.get, 12)
    Assert.Equal(None, Comparison.spearman [ 1.0; 2.0 ] [ 1.0; 2.0 ])
    Assert.Equal(None, Comparison.spearman [ 1.0; 1.0; 1.0 ] [ 1.0; 2.0; 3.0 ])

let private temperatures = [ 0.05; 0.1; 0.5; 1.0 ]

let private sweep (top1: float -> float) =
    Grid.from Run.shapes
    |> Grid.vary "temperature" Run.temperature temperatures
    |> Grid.seeds [ 0; 1 ]
    |> Samples.results (fun run -> Some(top1 (Loss.temperature run.Loss |> Option.get) + 0.01 * float run.Seed))

let private table5 = Published.table5Top1 |> Published.at "normalized" (t "yes")

let private top1 numbers temperature =
    List.zip temperatures numbers |> List.find (fst >> (=) temperature) |> snd

[<Fact>]
let Ours_stand_beside_the_published_figures () =
    // The order of Table 5: 0.1 > 0.5 > 0.05 > 1.
    let comparison =
        sweep (top1 [ 0.3; 0.6; 0.4; 0.2 ])
        |> Comparison.means Outcome.linearTop1 table5

    Assert.Equal(Some 1.0, comparison.Correlation |> Option.map (fun r -> Math.Round(r, 12)))
    // One of the 4! orders.
    Assert.Equal(1.0 / 24.0, Option.get comparison.Chance, 12)
    let text = Table.toText (Comparison.table comparison)
    Assert.Contains("linear top-1 beside Table 5, normalized yes: rank correlation 1.00", text)
    Assert.Contains("60.5 ± 0.7", text)
    Assert.Contains("64.4", text)

    Assert.StartsWith(
        "The order of Table 5, normalized yes (linear top-1) is reproduced: rank correlation 1.00 over 4 settings",
        Comparison.verdict comparison
    )

[<Fact>]
let An_order_that_is_not_reproduced_is_said () =
    // 0.1 > 0.05 > 0.5 > 1: two neighbours are changed, correlation 0.8; 4 of 24 orders come as close.
    let comparison =
        sweep (top1 [ 0.5; 0.6; 0.4; 0.2 ])
        |> Comparison.means Outcome.linearTop1 table5

    let verdict = Comparison.verdict comparison
    Assert.Equal(0.8, Option.get comparison.Correlation, 12)
    Assert.Equal(4.0 / 24.0, Option.get comparison.Chance, 12)
    Assert.Contains("is not reproduced: rank correlation 0.80 over 4 settings", verdict)
    Assert.Contains("Ours: 0.1 > 0.05 > 0.5 > 1. Published: 0.1 > 0.5 > 0.05 > 1.", verdict)

[<Fact>]
let An_order_that_chance_seldom_gives_is_mostly_reproduced () =
    // Seven settings with two neighbours exchanged: at most 7 of 5,040 orders come as close.
    let strengths = [ for i in 1.0 .. 7.0 -> i ]

    let published =
        {
            Published.Source = "A table"
            Published.Measure = "%"
            Published.Axes = [ "temperature" ]
            Published.Values = [ for x in strengths -> [ n x ], x ]
        }

    let results =
        Grid.from Run.shapes
        |> Grid.vary "temperature" Run.temperature strengths
        |> Samples.results (fun run ->
            match Loss.temperature run.Loss with
            | Some 1.0 -> Some 0.2
            | Some 2.0 -> Some 0.1
            | other -> other |> Option.map (fun x -> x / 10.0))

    let comparison = results |> Comparison.means Outcome.linearTop1 published
    Assert.Equal(7.0 / 5040.0, Option.get comparison.Chance, 12)
    Assert.StartsWith("The order of A table (linear top-1) is mostly reproduced", Comparison.verdict comparison)

[<Fact>]
let Settings_that_were_not_run_are_left_out () =
    let results =
        Grid.from Run.shapes
        |> Grid.vary "temperature" Run.temperature [ 0.1; 0.2; 0.5 ]
        |> Samples.results (fun _ -> Some 0.5)

    let comparison = results |> Comparison.means Outcome.linearTop1 table5
    Assert.Equal(2, comparison.Pairs.Length)
    Assert.Contains("cannot be compared", Comparison.verdict comparison)

[<Fact>]
let The_best_of_a_search_is_the_best_mean () =
    let results =
        Grid.from Run.shapes
        |> Grid.vary "temperature" Run.temperature temperatures
        |> Grid.vary "rate" (LearningRate.Linear >> Run.learningRate) [ 0.1; 0.4 ]
        |> Grid.seeds [ 0; 1 ]
        |> Samples.results (fun run ->
            match run.LearningRate, run.Seed with
            | LearningRate.Linear 0.1, 0L -> Some 0.9
            | LearningRate.Linear 0.1, _ -> Some 0.1
            | _ -> Some 0.6)

    let comparison = results |> Comparison.best "rate" Outcome.linearTop1 table5

    for _, values, _ in comparison.Pairs do
        Assert.Equal<float list>([ 60.0; 60.0 ], values)

[<Fact>]
let An_axis_that_the_sweep_lacks_is_named () =
    let error =
        Assert.Throws<ArgumentException>(fun () ->
            sweep (fun _ -> 0.5)
            |> Comparison.means Outcome.linearTop1 Published.table5Top1
            |> ignore)

    Assert.Contains("'normalized'", error.Message)
    Assert.Contains("temperature, seed", error.Message)

    let error =
        Assert.Throws<ArgumentException>(fun () -> Published.table4 |> Published.at "batch" (n 1.0) |> ignore)

    Assert.Contains("no axis 'batch'", error.Message)

[<Fact>]
let A_small_sweep_may_stand_for_the_papers_batches () =
    let small = Published.tableB1Linear |> Published.scaled "batch" 0.25
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
                                |> Result.map (fun outcome ->
                                    { outcome with
                                        Measured =
                                            [ "retained rotation from h", 0.7; "retained rotation from g(h)", 0.3 ]
                                    })
                        }
                ]
        }

    let place representation =
        [ t "rotation"; t representation ], Outcome.measured $"retained rotation from {representation}"

    let comparison =
        results
        |> Comparison.measures "accuracy" [ place "h"; place "g(h)"; place "nothing" ] Published.table3

    Assert.Equal<(AxisValue list * float list * float) list>(
        [
            [ t "rotation"; t "h" ], [ 70.0; 70.0 ], 67.6
            [ t "rotation"; t "g(h)" ], [ 30.0; 30.0 ], 25.6
        ],
        comparison.Pairs
    )
