module SimCLR.Tests.TableTests

open SimCLR
open SimCLR.Tests
open Xunit

/// Accuracies by temperature and seed: 0.1 has 0.60, 0.62, 0.67; 0.5 has 0.50 and two failures; 1 has failures only.
let private results =
    Grid.from Run.shapes
    |> Grid.vary "tau" Run.withTemperature [ 0.1; 0.5; 1.0 ]
    |> Grid.seeds [ 0; 1; 2 ]
    |> Samples.results (fun run ->
        match Option.get (Loss.temperature run.Loss), run.Seed with
        | 0.1, 0L -> Some 0.60
        | 0.1, 1L -> Some 0.62
        | 0.1, _ -> Some 0.67
        | 0.5, 0L -> Some 0.50
        | _ -> None)

let private table =
    Table.summary "tau" [ Metric.linearTop1; Metric.finalLoss ] results

// By hand: the mean of 60, 62, 67 is 63; deviations -3, -1, 4; squares 9 + 1 + 16 = 26; √(26 / 2) = 3.605551.
[<Fact>]
let Mean_and_sample_deviation_are_those_computed_by_hand () =
    match table.Rows[0][1] with
    | TableCell.Mean(mean, sd, count, digits, failures) ->
        Assert.Equal(63.0, mean, 12)
        Assert.Equal(3.605551275463989, sd.Value, 10)
        Assert.Equal((3, 1, 0), (count, digits, failures))
    | other -> Assert.Fail $"{other}"

[<Fact>]
let One_value_has_no_deviation () =
    match table.Rows[1][1] with
    | TableCell.Mean(mean, sd, count, _, failures) -> Assert.Equal((50.0, None, 1, 2), (mean, sd, count, failures))
    | other -> Assert.Fail $"{other}"

[<Fact>]
let A_value_whose_runs_all_failed_says_why () =
    Assert.Equal(TableCell.Failed "training failed", table.Rows[2][1])

let private lines (expected: string list) (actual: string) =
    Assert.Equal<string list>(expected, actual.Split '\n' |> List.ofArray)

[<Fact>]
let As_text () =
    Table.toText table
    |> lines
        [
            "By tau"
            "tau          linear top-1 (%)                final loss"
            "───────────────────────────────────────────────────────"
            "0.1                63.0 ± 3.6               0.33 ± 0.00"
            "0.5           50.0 (2 failed)           0.33 (2 failed)"
            "1     failed: training failed   failed: training failed"
            "a ± b: mean and sample deviation over seeds."
        ]

[<Fact>]
let As_Markdown () =
    Table.toMarkdown table
    |> lines
        [
            "| tau | linear top-1 (%) | final loss |"
            "|---|---:|---:|"
            "| 0.1 | 63.0 ± 3.6 | 0.33 ± 0.00 |"
            "| 0.5 | 50.0 (2 failed) | 0.33 (2 failed) |"
            "| 1 | failed: training failed | failed: training failed |"
            ""
            "a ± b: mean and sample deviation over seeds."
        ]

[<Fact>]
let As_comma_separated_values () =
    Table.toCsv table
    |> lines
        [
            "tau,linear top-1 (%),linear top-1 (%) sd,linear top-1 (%) n,linear top-1 (%) remark,"
            + "final loss,final loss sd,final loss n,final loss remark"
            "0.1,63,3.60555127546,3,,0.333333333333,0,3,"
            "0.5,50,,1,2 failed,0.333333333333,,1,2 failed"
            "1,,,,failed: training failed,,,,failed: training failed"
        ]

[<Fact>]
let As_LaTeX () =
    Table.toLatex table
    |> lines
        [
            @"\begin{tabular}{lrr}"
            @"\toprule"
            @"tau & linear top-1 (\%) & final loss \\"
            @"\midrule"
            @"0.1 & $63.0 \pm 3.6$ & $0.33 \pm 0.00$ \\"
            @"0.5 & $50.0$ (2 failed) & $0.33$ (2 failed) \\"
            @"1 & failed: training failed & failed: training failed \\"
            @"\bottomrule"
            @"\end{tabular}"
            "% a ± b: mean and sample deviation over seeds."
        ]

[<Fact>]
let Special_characters_are_escaped () =
    let table =
        {
            Title = "t"
            Columns = [ "a|b"; "50%_x^2~\\{}" ]
            Rows = [ [ TableCell.Text "say \"hi\", you"; TableCell.Text "p|q" ] ]
            Notes = []
        }

    Assert.Contains(@"| a\|b |", Table.toMarkdown table)
    Assert.Contains("\"say \"\"hi\"\", you\",p|q", Table.toCsv table)
    Assert.Contains(@"50\%\_x\textasciicircum{}2\textasciitilde{}\textbackslash{}\{\}", Table.toLatex table)

[<Fact>]
let A_pivot_has_a_row_and_a_column_per_value_and_means_over_the_rest () =
    let results =
        Grid.from Run.shapes
        |> Grid.vary "tau" Run.withTemperature [ 0.1; 0.5 ]
        |> Grid.vary "batch" Run.withBatchSize [ 64; 128 ]
        |> Grid.seeds [ 0; 1 ]
        |> Grid.where (fun run -> not (run.BatchSize = 128 && Loss.temperature run.Loss = Some 0.5))
        // 0.1 and 64: 64 + 0, 64 + 2; and so on.
        |> Samples.results (fun run ->
            Some(
                (float run.BatchSize / 2.0
                 + 2.0 * float run.Seed
                 + 10.0 * Option.get (Loss.temperature run.Loss))
                / 100.0
            ))

    Table.pivot "tau" "batch" Metric.linearTop1 results
    |> Table.toMarkdown
    |> lines
        [
            "| tau | batch 64 | batch 128 |"
            "|---|---:|---:|"
            "| 0.1 | 34.0 ± 1.4 | 66.0 ± 1.4 |"
            "| 0.5 | 38.0 ± 1.4 |  |"
            ""
            "a ± b: mean and sample deviation over seeds."
        ]

/// Temperatures and batches with two seeds: the means are 35, 67 and 39 %.
let private crossed =
    Grid.from Run.shapes
    |> Grid.vary "tau" Run.withTemperature [ 0.1; 0.5 ]
    |> Grid.vary "batch" Run.withBatchSize [ 64; 128 ]
    |> Grid.seeds [ 0; 1 ]
    |> Grid.where (fun run -> not (run.BatchSize = 128 && Loss.temperature run.Loss = Some 0.5))
    |> Samples.results (fun run ->
        match Loss.temperature run.Loss, run.BatchSize with
        | Some 0.1, 64 -> Some(0.34 + 0.02 * float run.Seed)
        | Some 0.1, _ -> Some(0.66 + 0.02 * float run.Seed)
        | _ -> Some(0.38 + 0.02 * float run.Seed))

// Of 35 and 67: 51. The deviation of 38 and 40 is √2.
[<Fact>]
let A_mean_over_settings_has_a_range_and_one_over_seeds_a_deviation_in_every_form () =
    let table = Table.summary "tau" [ Metric.linearTop1 ] crossed

    Table.toMarkdown table
    |> lines
        [
            "| tau | linear top-1 (%) |"
            "|---|---:|"
            "| 0.1 | 51.0 (35.0 to 67.0) |"
            "| 0.5 | 39.0 ± 1.4 |"
            ""
            "a (b to c): mean over settings, the smallest and the largest of their means."
            ""
            "a ± b: mean and sample deviation over seeds."
        ]

    Assert.Contains("0.1   51.0 (35.0 to 67.0)", Table.toText table)
    Assert.Contains(@"0.1 & 51.0 (35.0 to 67.0) \\", Table.toLatex table)
    Assert.Contains(@"0.5 & $39.0 \pm 1.4$ \\", Table.toLatex table)

    let name = "linear top-1 (%)"

    Table.toCsv table
    |> lines
        [
            $"tau,{name},{name} sd,{name} smallest,{name} largest,{name} n,{name} settings"
            "0.1,51,,35,67,,2"
            "0.5,39,1.41421356237,,,2,"
        ]

// 83.15 is 83.150000000000006 as a float, and 0.8315 is 0.83150000000000002 but times 100 is 83.149999999999991.
[<Fact>]
let The_same_mean_is_written_alike_however_it_was_summed () =
    Assert.Equal<string list>(
        [ "83.2"; "83.2"; "83.2"; "-83.2"; "0.1" ],
        [
            for x in [ 83.15; 100.0 * 0.8315; (83.1 + 83.2) / 2.0; -83.15; 0.05 ] -> Statistics.text 1 x
        ]
    )

    Assert.Equal("NaN", Statistics.text 1 nan)

    let results =
        Grid.from Run.shapes
        |> Grid.seeds [ 0; 1 ]
        |> Samples.results (fun run -> Some(if run.Seed = 0L then 0.831 else 0.832))

    let spread = (Results.spread Metric.linearTop1 results).Value
    Assert.StartsWith("83.2 ± ", TableCell.text (TableCell.ofSpread Metric.linearTop1 0 spread))
    Assert.StartsWith("83.2 ± ", TableCell.text (TableCell.ofInterval Metric.linearTop1 spread))

[<Fact>]
let Large_numbers_have_no_decimals () =
    let table = Table.summary "tau" [ Metric.imagesPerSecond ] results
    Assert.Equal("4200 ± 0", Table.cellText (table.Rows[0][1]))

[<Fact>]
let An_unknown_axis_is_named_with_those_there_are () =
    let error =
        Assert.ThrowsAny<System.ArgumentException>(fun () -> Table.summary "temperature" [] results |> ignore)

    Assert.Contains("'temperature'", error.Message)
    Assert.Contains("tau, seed", error.Message)

[<Fact>]
let A_ranking_has_the_best_validation_accuracy_first_with_its_coordinates_and_the_test_beside_it () =
    let results =
        Grid.from Run.shapes
        |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.2; 0.5 ]
        |> Grid.vary "batch" Run.withBatchSize [ 64 ]
        |> Grid.seeds [ 0; 1 ]
        |> Samples.results (fun run ->
            if Loss.temperature run.Loss = Some 0.5 then
                None
            else
                Some 0.5)
        |> Samples.validated (fun run -> if Loss.temperature run.Loss = Some 0.2 then 60.0 else 55.0)

    let table = Table.ranking [ Metric.knnTop1 ] results

    Assert.Equal<string list>(
        [
            "rank"
            "temperature"
            "linear top-1, validation (%)"
            "linear top-1 (%)"
            "k-NN top-1 (%)"
        ],
        table.Columns
    )

    Assert.Equal<string list list>(
        [
            [ "1"; "0.2"; "60.0 ± 0.0"; "50.0 ± 0.0"; "45.0 ± 0.0" ]
            [ "2"; "0.1"; "55.0 ± 0.0"; "50.0 ± 0.0"; "45.0 ± 0.0" ]
            [
                "3"
                "0.5"
                "failed: training failed"
                "failed: training failed"
                "failed: training failed"
            ]
        ],
        [ for row in table.Rows -> List.map Table.cellText row ]
    )
