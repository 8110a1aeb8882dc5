module SimCLR.Tests.RankCorrelationTests

open System
open SimCLR
open Xunit

let private n x = AxisValue.Number x
let private t x = AxisValue.Text x

[<Fact>]
let Rank_correlation_is_that_computed_by_hand () =
    let spearman ours theirs =
        RankCorrelation.spearman ours theirs |> Option.get

    // Differences of rank 1, 0, 1, 0: 1 - 6 · 2 / (4 · 15) = 0.8.
    Assert.Equal(0.8, spearman [ 10.0; 30.0; 20.0; 40.0 ] [ 2.0; 3.0; 1.0; 4.0 ], 12)
    Assert.Equal(-1.0, spearman [ 1.0; 2.0; 3.0 ] [ 0.3; 0.2; 0.1 ], 12)

[<Fact>]
let Equal_numbers_share_their_mean_rank () =
    // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 · 5).
    Assert.Equal(
        4.5 / sqrt 22.5,
        RankCorrelation.spearman [ 1.0; 5.0; 5.0; 9.0 ] [ 1.0; 2.0; 3.0; 4.0 ]
        |> Option.get,
        12
    )

[<Fact>]
let Two_settings_or_equal_numbers_have_no_rank_correlation () =
    Assert.Equal(None, RankCorrelation.spearman [ 1.0; 2.0 ] [ 1.0; 2.0 ])
    Assert.Equal(None, RankCorrelation.spearman [ 1.0; 1.0; 1.0 ] [ 1.0; 2.0; 3.0 ])
    Assert.Equal(None, RankCorrelation.chance [ for i in 1.0 .. 3.0 -> [ n i ], 1.0, i ])

let private square labels (ours: float list list) (theirs: float list list) =
    [
        for i, row in List.indexed labels do
            for j, column in List.indexed labels -> [ t row; t column ], ours[i][j], theirs[i][j]
    ]

/// experiments/cifar10-composition/table.md.
let private composition =
    [
        [ 40.1; 40.8; 43.7; 40.9; 40.2; 40.2; 39.4 ]
        [ 40.1; 40.4; 39.7; 41.9; 40.2; 40.5; 39.3 ]
        [ 43.7; 38.9; 32.8; 42.0; 37.6; 35.2; 40.1 ]
        [ 41.5; 40.4; 40.7; 39.2; 37.6; 40.3; 39.9 ]
        [ 41.3; 39.8; 37.0; 39.1; 36.9; 36.9; 37.8 ]
        [ 40.4; 40.8; 34.9; 41.1; 38.6; 39.2; 38.5 ]
        [ 39.0; 40.0; 40.4; 39.0; 38.9; 38.3; 39.2 ]
    ]

let private figure5 =
    Paper.figure5.Values
    |> List.map (fun (_, number) -> number.Value)
    |> List.chunkBySize 7

// 81 of 5,040, by a program of its own; permuting the 49 cells would give less than 0.1 %.
[<Fact>]
let Figure_5_is_judged_by_permuting_its_operations_on_rows_and_columns_together () =
    let cells = square Paper.operations composition figure5

    Assert.Equal(
        Some
            {
                Hits = 81
                Orders = 5040
                Drawn = false
            },
        RankCorrelation.chance cells
    )

    Assert.Equal(0.016, (RankCorrelation.chance cells).Value.Share, 3)
    let _, ours, theirs = List.unzip3 cells
    Assert.Equal(0.587, RankCorrelation.spearman ours theirs |> Option.get, 3)

[<Fact>]
let Without_crop_Figure_5_correlates_at_0_37_as_chance_does_in_15_percent () =
    let isCrop (place, _, _) = List.contains (t "crop") place

    let cells =
        square Paper.operations composition figure5 |> List.filter (isCrop >> not)

    // By the same program.
    let chance = (RankCorrelation.chance cells).Value
    Assert.Equal((108, 720), (chance.Hits, chance.Orders))
    let _, ours, theirs = List.unzip3 cells
    Assert.Equal(0.37, RankCorrelation.spearman ours theirs |> Option.get, 2)

[<Fact>]
let Three_settings_in_order_come_by_chance_in_one_of_six_cases () =
    let chance = RankCorrelation.chance [ for i in 1.0 .. 3.0 -> [ n i ], i, 10.0 * i ]
    Assert.Equal((1, 6), (chance.Value.Hits, chance.Value.Orders))
    Assert.Equal(1.0 / 6.0, chance.Value.Share, 12)

// Rows of 2, columns of 3 other labels: 2! · 3! orders. The sum of rows and columns in order fits only as it stands.
[<Fact>]
let Rows_and_columns_of_other_labels_are_permuted_each_by_itself () =
    let cells =
        [
            for i in 0.0 .. 1.0 do
                for j in 0.0 .. 2.0 -> [ n i; n j ], 3.0 * i + j, 100.0 * (3.0 * i + j)
        ]

    let chance = (RankCorrelation.chance cells).Value
    Assert.Equal((1, 12), (chance.Hits, chance.Orders))

// Numbers that are equal by chance, such as a width and a depth of 1 and 2, are no common labels: 3! · 3! orders and not 3!.
[<Fact>]
let Equal_numbers_on_two_axes_are_not_the_same_labels () =
    let cells =
        [
            for i in 0.0 .. 2.0 do
                for j in 0.0 .. 2.0 -> [ n i; n j ], 3.0 * i + j, 3.0 * i + j
        ]

    Assert.Equal(36, (RankCorrelation.chance cells).Value.Orders)

// Table 5: each temperature was run with one normalization only, so that there is one axis of six labels. The two equal numbers of theirs make
// two orders of ours fit as well as the best.
[<Fact>]
let An_axis_that_another_determines_is_not_permuted () =
    let theirs = Paper.table5Entropy.Values
    let ours = [ 1.0; 4.5; 8.2; 8.3; 0.5; 0.4 ]

    let chance =
        RankCorrelation.chance [ for (place, number), x in List.zip theirs ours -> place, x, number.Value ]

    Assert.Equal((2, 720), (chance.Value.Hits, chance.Value.Orders))

// Without the cell (b, c) an order may move none of its labels to another place: a stays where it is, with two left to b and c.
[<Fact>]
let Orders_keep_missing_cells_missing () =
    let labels = [ "a"; "b"; "c" ]
    let numbers = [ [ 9.0; 8.0; 7.0 ]; [ 6.0; 5.0; 4.0 ]; [ 3.0; 2.0; 1.0 ] ]

    let cells =
        square labels numbers numbers
        |> List.filter (fun (place, _, _) -> place <> [ t "b"; t "c" ])

    Assert.Equal(1, (RankCorrelation.chance cells).Value.Orders)

    let both = cells |> List.filter (fun (place, _, _) -> place <> [ t "c"; t "b" ])

    Assert.Equal(2, (RankCorrelation.chance both).Value.Orders)

[<Fact>]
let More_than_fifty_thousand_orders_are_drawn_from_alike_each_time () =
    let chance noise =
        (RankCorrelation.chance [ for i in 1.0 .. 9.0 -> [ n i ], i + noise * (i % 3.0), i ]).Value

    let perfect = chance 0.0
    Assert.True perfect.Drawn
    Assert.Equal(20000, perfect.Orders)
    // Of 362,880 orders one is as close; the observed one is counted with those that were drawn.
    Assert.InRange(perfect.Share, 1.0 / 20001.0, 3.0 / 20001.0)
    Assert.Equal(chance 3.0, chance 3.0)
