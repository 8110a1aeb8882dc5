module SimCLR.Tests.TableTests

open SimCLR
open SimCLR.Tests
open Xunit

/// Accuracies by temperature and seed: 0.1 has 0.60, 0.62, 0.67; 0.5 has 0.50 and two failures; 1 has failures only.
let private results =
    Grid.from Run.shapes
    |> Grid.vary "tau" Run.temperature [ 0.1; 0.5; 1.0 ]
    |> Grid.seeds [ 0; 1; 2 ]
    |> Samples.results (fun run ->
        match Option.get (Loss.temperature run.Loss), run.Seed with
        | 0.1, 0L -> Some 0.60
        | 0.1, 1L -> Some 0.62
        | 0.1, _ -> Some 0.67
        | 0.5, 0L -> Some 0.50
        | _ -> None)

let private table =
    Table.summary "tau" [ Outcome.linearTop1; Outcome.finalLoss ] results

// By hand: the mean of 60, 62, 67 is 63; deviations -3, -1, 4; squares 9 + 1 + 16 = 26; √(26 / 2) = 3.605551.
[<Fact>]
let Mean_and_sample_deviation_are_those_computed_by_hand () =
    match table.Rows[0][1] with
    | TableCell.Mean(mean, sd, count, percent, failures) ->
        Assert.Equal(0.63, mean, 12)
        Assert.Equal(0.03605551275463989, sd, 12)
        Assert.Equal((3, true, 0), (count, percent, failures))
    | other -> Assert.Fail $"{other}"

[<Fact>]
let One_value_has_no_deviation () =
    match table.Rows[1][1] with
    | TableCell.Mean(mean, sd, count, _, failures) -> Assert.Equal((0.5, 0.0, 1, 2), (mean, sd, count, failures))
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
        ]

[<Fact>]
let As_comma_separated_values () =
    Table.toCsv table
    |> lines
        [
            "tau,linear top-1 (%),linear top-1 (%) sd,linear top-1 (%) n,final loss,final loss sd,final loss n"
            "0.1,63,3.60555127546,3,0.333333333333,0,3"
            "0.5,50,0,1,0.333333333333,0,1"
            "1,failed: training failed,,0,failed: training failed,,0"
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
        ]

[<Fact>]
let Special_characters_are_escaped () =
    let table =
        {
            Title = "t"
            Columns = [ "a|b"; "50%_x^2~\\{}" ]
            Rows = [ [ TableCell.Text "say \"hi\", you"; TableCell.Text "p|q" ] ]
        }

    Assert.Contains(@"| a\|b |", Table.toMarkdown table)
    Assert.Contains("\"say \"\"hi\"\", you\",p|q", Table.toCsv table)
    Assert.Contains(@"50\%\_x\textasciicircum{}2\textasciitilde{}\textbackslash{}\{\}", Table.toLatex table)

[<Fact>]
let A_pivot_has_a_row_and_a_column_per_value_and_means_over_the_rest () =
    let results =
        Grid.from Run.shapes
        |> Grid.vary "tau" Run.temperature [ 0.1; 0.5 ]
        |> Grid.vary "batch" Run.batchSize [ 64; 128 ]
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

    Table.pivot "tau" "batch" Outcome.linearTop1 results
    |> Table.toMarkdown
    |> lines
        [
            "| tau | batch 64 | batch 128 |"
            "|---|---:|---:|"
            "| 0.1 | 34.0 ± 1.4 | 66.0 ± 1.4 |"
            "| 0.5 | 38.0 ± 1.4 |  |"
        ]

[<Fact>]
let Large_numbers_have_no_decimals () =
    let table = Table.summary "tau" [ Outcome.imagesPerSecond ] results
    Assert.Equal("4200 ± 0", Table.cellText (table.Rows[0][1]))

[<Fact>]
let An_unknown_axis_is_named_with_those_there_are () =
    let error =
        Assert.Throws<System.ArgumentException>(fun () -> Table.summary "temperature" [] results |> ignore)

    Assert.Contains("'temperature'", error.Message)
    Assert.Contains("tau, seed", error.Message)
