module SimCLR.Tests.ResultsTests

open SimCLR
open SimCLR.Tests
open Xunit

/// Accuracies in percent by temperature and batch, seeds 0, 1, 2; that of 0.5, 128, seed 1 has failed.
let private table =
    Map
        [
            (0.1, 64), [ 60.0; 62.0; 67.0 ]
            (0.1, 128), [ 50.0; 51.0; 52.0 ]
            (0.5, 64), [ 61.0; 64.0; 66.0 ]
            (0.5, 128), [ 55.0; nan; 54.0 ]
        ]

let private results =
    Grid.from Run.shapes
    |> Grid.vary "tau" Run.withTemperature [ 0.1; 0.5 ]
    |> Grid.vary "batch" Run.withBatchSize [ 64; 128 ]
    |> Grid.vary "depth" Run.withHeadDepth [ 2 ]
    |> Grid.seeds [ 0; 1; 2 ]
    |> Samples.results (fun run ->
        let value =
            table[(Option.get (Loss.temperature run.Loss), run.BatchSize)][int run.Seed]

        if System.Double.IsNaN value then
            None
        else
            Some(value / 100.0))

let private n x = AxisValue.Number x

// By hand: 60, 62, 67 have the mean 63, squares 9 + 1 + 16 and the deviation √13; t of 2 degrees of freedom at 97.5 % is 4.302653 (any
// table): 4.302653 · √13 / √3 = 8.956686.
[<Fact>]
let An_interval_is_the_one_computed_by_hand () =
    let estimate = Statistics.estimate [ 60.0; 62.0; 67.0 ]
    Assert.Equal(63.0, estimate.Mean, 12)
    Assert.Equal(3.605551275463989, estimate.Sd.Value, 12)
    Assert.Equal(8.956686, estimate.HalfWidth.Value, 5)

// t at 97.5 %: 12.7062 for 1 degree of freedom, 2.2622 for 9.
[<Fact>]
let Two_and_ten_numbers_take_the_quantiles_of_the_printed_tables () =
    Assert.Equal(12.7062, (Statistics.estimate [ 0.0; 2.0 ]).HalfWidth.Value, 4)
    // Of -1 and 1, five times each, the deviation is √(10 / 9).
    let ten = List.replicate 5 [ -1.0; 1.0 ] |> List.concat
    Assert.Equal(2.2622 * sqrt (10.0 / 9.0) / sqrt 10.0, (Statistics.estimate ten).HalfWidth.Value, 4)

[<Fact>]
let One_number_has_neither_deviation_nor_interval () =
    Assert.Equal(
        {
            Mean = 5.0
            Sd = None
            Count = 1
            HalfWidth = None
        },
        Statistics.estimate [ 5.0 ]
    )

[<Fact>]
let An_axis_of_one_value_is_not_varied_and_seeds_are_none () =
    Assert.Equal<string list>([ "tau"; "batch" ], Results.varied results)
    Assert.Equal<string list>([ "batch" ], results |> Results.slice "tau" (n 0.1) |> Results.varied)

[<Fact>]
let Groups_are_in_the_order_of_the_grid () =
    let groups = results |> Results.groupBy "batch"
    Assert.Equal<AxisValue list>([ n 64.0; n 128.0 ], List.map fst groups)
    let _, second = groups[1]

    Assert.Equal<float list>(
        [ 50.0; 51.0; 52.0; 55.0; 54.0 ],
        second |> Results.values Metric.linearTop1 |> List.map (fun x -> round x)
    )

let private isLow (run: Run) = Loss.temperature run.Loss = Some 0.1

[<Fact>]
let The_best_setting_is_that_of_the_highest_mean_on_validation_images () =
    // On test images 0.5 with 64 is best, 63.67; on validation images 0.1 with 64 has the mean 70, though 0.5 with 64 has the highest run, 90.
    let results =
        results
        |> Samples.validated (fun run ->
            match isLow run, run.BatchSize, run.Seed with
            | true, 64, _ -> 70.0
            | false, 64, 0L -> 90.0
            | _ -> 40.0)

    match Results.best results with
    | Ok(place, runs) ->
        Assert.Equal<(string * AxisValue) list>([ "tau", n 0.1; "batch", n 64.0; "depth", n 2.0 ], place)
        Assert.Equal(3, runs.Cells.Length)
        Assert.Equal(63.0, (Results.spread Metric.linearTop1 runs).Value.Mean, 10)
    | Error reason -> Assert.Fail reason

[<Fact>]
let Each_value_of_an_axis_has_its_best_setting () =
    Assert.Equal<(AxisValue * AxisValue) list>(
        [ n 64.0, n 0.5; n 128.0, n 0.5 ],
        [
            for value, choice in Results.bestBy "batch" results do
                match choice with
                | Ok(place, _) -> value, List.head place |> snd
                | Error _ -> ()
        ]
    )

[<Fact>]
let Test_accuracies_alone_choose_nothing_and_words_say_so () =
    let some = results |> Samples.validated (fun run -> if isLow run then nan else 50.0)

    match Results.best some with
    | Error reason ->
        Assert.StartsWith("Nothing is chosen: 2 of 4 settings have no validation accuracy", reason)
        Assert.Contains("version 0.1", reason)
    | Ok(place, _) -> Assert.Fail $"{place}"

    let text = Table.best "tau" Metric.linearTop1 some |> Table.toMarkdown
    Assert.Contains("| 0.1 | – | – | – | – |", text)
    Assert.Contains("tau 0.1: Nothing is chosen: 2 of 2 settings have no validation accuracy", text)
    Assert.Contains("| 0.5 | 64 | 2 | 50.0 ± 0.0 | 63.7 ± 2.5 |", text)

[<Fact>]
let Nothing_is_best_where_all_have_failed () =
    let failed =
        results
        |> Results.where (fun cell -> cell.Run.BatchSize = 128 && cell.Run.Seed = 1L)

    Assert.Equal(1, (Results.outcomes failed).Length)

    match failed |> Results.slice "tau" (n 0.5) |> Results.best with
    | Error reason -> Assert.Equal("Nothing is chosen: no run has a linear probe.", reason)
    | Ok(place, _) -> Assert.Fail $"{place}"

// 0.1 has the means 63 and 51: 57, and no deviation over the batches. 0.5 with 64 has seeds only.
[<Fact>]
let A_mean_over_another_axis_has_a_range_and_no_deviation () =
    match results |> Results.slice "tau" (n 0.1) |> Results.spread Metric.linearTop1 with
    | Some(Spread.Settings(mean, smallest, largest, count)) ->
        Assert.Equal((57.0, 51.0, 63.0, 2), (round mean, round smallest, round largest, count))
    | other -> Assert.Fail $"{other}"

    match
        results
        |> Results.slice "tau" (n 0.5)
        |> Results.slice "batch" (n 64.0)
        |> Results.spread Metric.linearTop1
    with
    | Some(Spread.Seeds estimate) -> Assert.Equal(3, estimate.Count)
    | other -> Assert.Fail $"{other}"

// Seed 0: (61 + 55) / 2; seed 2: (66 + 54) / 2; seed 1 has no value at 128.
[<Fact>]
let A_seed_that_lacks_a_setting_has_no_mean_over_settings () =
    let bySeed =
        results |> Results.slice "tau" (n 0.5) |> Results.bySeed Metric.linearTop1

    Assert.Equal<(int64 * float) list>(
        [ 0L, 58.0; 2L, 60.0 ],
        [ for KeyValue(seed, x) in bySeed -> seed, System.Math.Round(x, 10) ]
    )

// With 64: 61 - 60, 64 - 62, 66 - 67, mean 2/3; with 128: 55 - 50 and 54 - 52, mean 7/2, for the pair of seed 1 lacks one.
[<Fact>]
let Differences_are_of_runs_that_agree_in_all_else () =
    match results |> Results.differences "tau" (n 0.1) (n 0.5) Metric.linearTop1 with
    | Some(Spread.Settings(mean, smallest, largest, 2)) ->
        Assert.Equal(2.0 / 3.0, smallest, 10)
        Assert.Equal(3.5, largest, 10)
        Assert.Equal(12.5 / 6.0, mean, 10)
    | other -> Assert.Fail $"{other}"

// Of 1, 2, -1: mean 2/3, deviation √(7/3) = 1.5275, half width 4.302653 · 1.5275 / √3 = 3.7946.
[<Fact>]
let Paired_differences_have_a_table () =
    let table =
        results
        |> Results.slice "batch" (n 64.0)
        |> Table.differences "tau" Metric.linearTop1

    Assert.Equal("linear top-1, paired differences from tau 0.1", table.Title)

    Assert.Equal<string list>(
        [ "0.5"; "0.67 ± 3.79"; "1.53"; "3" ],
        table.Rows |> List.exactlyOne |> List.map Table.cellText
    )

[<Fact>]
let Intervals_have_a_table_in_every_form () =
    let table =
        results
        |> Results.slice "batch" (n 64.0)
        |> Table.intervals "tau" [ Metric.linearTop1 ]

    // 61, 64, 66: mean 63.67, deviation 2.5166, half width 6.2516.
    Assert.Contains("| 0.1 | 63.0 ± 9.0 |", Table.toMarkdown table)
    Assert.Contains("| 0.5 | 63.7 ± 6.3 |", Table.toMarkdown table)
    Assert.Contains("95 % confidence interval over seeds.", Table.toMarkdown table)
    Assert.Contains(@"0.1 & $63.0 \pm 9.0$ \\", Table.toLatex table)
    let csv = (Table.toCsv table).Split '\n'
    Assert.Equal("tau,linear top-1 (%),linear top-1 (%) half width,linear top-1 (%) n", csv[0])
    Assert.StartsWith("0.1,63,8.9566", csv[1])
    Assert.EndsWith(",3", csv[1])

[<Fact>]
let One_seed_has_a_mean_without_an_interval () =
    let table =
        results
        |> Results.where (fun cell -> cell.Run.Seed = 0L && cell.Run.BatchSize = 64)
        |> Table.intervals "tau" [ Metric.linearTop1 ]

    Assert.Contains("| 0.1 | 60.0 |", Table.toMarkdown table)
    Assert.DoesNotContain("±", Table.toMarkdown table)
    Assert.Contains("tau,linear top-1 (%),linear top-1 (%) n\n0.1,60,1", Table.toCsv table)

[<Fact>]
let The_best_of_each_group_has_a_table_with_validation_and_test () =
    // The sample outcomes have a point more on validation images.
    Table.best "batch" Metric.linearTop1 results
    |> Table.toMarkdown
    |> fun text ->
        Assert.Equal<string list>(
            [
                "| batch | tau | depth | linear top-1, validation (%) | linear top-1 (%) |"
                "|---|---:|---:|---:|---:|"
                "| 64 | 0.5 | 2 | 64.7 ± 2.5 | 63.7 ± 2.5 |"
                "| 128 | 0.5 | 2 | 55.5 ± 0.7 (1 failed) | 54.5 ± 0.7 (1 failed) |"
                ""
                "a ± b: mean and sample deviation over seeds."
            ],
            List.ofArray (text.Split '\n')
        )

[<Fact>]
let Points_of_a_random_search_are_told_from_a_grid () =
    let sampled =
        Grid.from Run.shapes
        |> Grid.sample
            20
            0
            [
                Axis.logUniform "rate" 0.01 2.0 (LearningRate.Linear >> Run.withLearningRate)
                Axis.logUniform "temperature" 0.05 1.0 Run.withTemperature
                Axis.choiceBy "head" Run.withHead [ "linear", Head.linear; "non-linear", Head.nonLinear ]
            ]
        |> Grid.seeds [ 0; 1 ]

    let crossed =
        Grid.from Run.shapes
        |> Grid.varyBy "head" Run.withHead [ "none", Head.none; "linear", Head.linear; "non-linear", Head.nonLinear ]
        |> Grid.varyWhere (fun run -> run.Head.Depth > 0) "output" Run.withHeadOutput [ 32; 128; 512 ]

    let isSampled grid =
        grid |> Samples.results (fun _ -> Some 0.5) |> Results.isSampled

    Assert.True(isSampled sampled)
    Assert.False(isSampled crossed)

    Assert.False(
        isSampled (
            Grid.from Run.shapes
            |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.2; 0.5 ]
        )
    )

[<Fact>]
let Results_of_a_store_have_the_fields_in_which_its_runs_differ_as_axes () =
    Samples.withFolder (fun folder ->
        let store = Store.ofFolder folder

        let grid =
            Grid.from Run.shapes
            |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ]
            |> Grid.varyBy
                "crop"
                Run.withViews
                [ "half", Run.shapes.ViewA |> View.withArea 0.5 1.0; "fifth", Run.shapes.ViewA ]
            |> Grid.seeds [ 0; 1 ]

        for run in Grid.runs grid do
            Samples.save run (Samples.plainOutcome 0.5) store

        let results = Results.ofStore failwith store
        Assert.Equal<string list>([ "ViewA[0].Area"; "Loss.Temperature"; "seed" ], results.Axes)
        Assert.Equal(8, (Results.outcomes results).Length)
        // What reads results reads these.
        Assert.Equal(2, (Table.summary "Loss.Temperature" [ Metric.linearTop1 ] results).Rows.Length))

[<Fact>]
let Results_and_outcomes_print_without_their_curves () =
    let results =
        Grid.from Run.shapes
        |> Grid.vary "temperature" Run.withTemperature [ for i in 1..30 -> 0.1 * float i ]
        |> Samples.results (fun _ -> Some 0.5)

    let text = $"%A{results}"
    Assert.StartsWith("30 runs over temperature", text)
    Assert.Contains("temperature 0.1: linear 50.0 %, validation 51.0 %, k-NN 45.0 %", text)
    Assert.EndsWith("and 10 more", text)
    Assert.Equal(22, text.Split('\n').Length)
    let outcome = $"%A{Samples.outcome 0.5}"
    Assert.DoesNotContain("\n", outcome)
    Assert.DoesNotContain("LearningRate", outcome)
    Assert.Contains("linear top-1 50.0 %", outcome)
