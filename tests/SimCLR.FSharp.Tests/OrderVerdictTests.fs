module SimCLR.Tests.OrderVerdictTests

open SimCLR
open Xunit

/// A setting: its name, ours of seeds 0, 1, 2 and so on, the published number.
let private setting name (ours: float list) published =
    [ AxisValue.Text name ], Map [ for seed, x in List.indexed ours -> int64 seed, x ], published

let private names (by: DecidingDifference) = string by.Higher[0], string by.Lower[0]

// Differences 4, 5, 6: mean 5, deviation 1, half width 4.302653 / √3 = 2.484138.
[<Fact>]
let A_difference_whose_interval_is_above_0_agrees () =
    match OrderVerdict.ofSettings [ setting "a" [ 10.0; 10.0; 10.0 ] 2.0; setting "b" [ 6.0; 5.0; 4.0 ] 1.0 ] with
    | OrderVerdict.Agrees by ->
        Assert.Equal(("a", "b"), names by)
        Assert.Equal((5.0, 3, 0.95), (by.Mean, by.Seeds, by.Level))
        Assert.Equal(2.484138, by.HalfWidth.Value, 5)
    | other -> Assert.Fail $"{other}"

// Differences 1, 2, 3: 2 ± 2.48.
[<Fact>]
let A_difference_whose_interval_holds_0_is_undecided () =
    match OrderVerdict.ofSettings [ setting "a" [ 10.0; 10.0; 10.0 ] 2.0; setting "b" [ 9.0; 8.0; 7.0 ] 1.0 ] with
    | OrderVerdict.Undecided by -> Assert.Equal((2.0, 3), (by.Mean, by.Seeds))
    | other -> Assert.Fail $"{other}"

[<Fact>]
let A_difference_whose_interval_is_below_0_contradicts () =
    match OrderVerdict.ofSettings [ setting "a" [ 6.0; 5.0; 4.0 ] 2.0; setting "b" [ 10.0; 10.0; 10.0 ] 1.0 ] with
    | OrderVerdict.Contradicts by ->
        Assert.Equal(("a", "b"), names by)
        Assert.Equal(-5.0, by.Mean)
    | other -> Assert.Fail $"{other}"

[<Fact>]
let One_seed_decides_nothing_however_large_the_difference () =
    for a, b in [ 90.0, 10.0; 10.0, 90.0 ] do
        match OrderVerdict.ofSettings [ setting "a" [ a ] 2.0; setting "b" [ b ] 1.0 ] with
        | OrderVerdict.Undecided by -> Assert.Equal((a - b, 1, None), (by.Mean, by.Seeds, by.HalfWidth))
        | other -> Assert.Fail $"{other}"

// Both scatter by 10 from seed to seed, and their difference by nothing but 4, 5, 6.
[<Fact>]
let Differences_are_paired_by_seed () =
    let a = [ 20.0; 30.0; 40.0 ]
    let b = [ 16.0; 25.0; 34.0 ]

    match OrderVerdict.ofSettings [ setting "a" a 2.0; setting "b" b 1.0 ] with
    | OrderVerdict.Agrees by -> Assert.Equal(2.484138, by.HalfWidth.Value, 5)
    | other -> Assert.Fail $"{other}"

[<Fact>]
let Settings_without_a_common_seed_are_undecided () =
    let late = [ AxisValue.Text "b" ], Map [ 7L, 1.0; 8L, 1.0 ], 1.0

    match OrderVerdict.ofSettings [ setting "a" [ 5.0; 5.0 ] 2.0; late ] with
    | OrderVerdict.Undecided by -> Assert.Equal((0, None), (by.Seeds, by.HalfWidth))
    | other -> Assert.Fail $"{other}"

// Of three settings three differences could contradict: 1 - 0.05 / 3. Student's quantile of two degrees of freedom is level · √(2 / (1 - level²)):
// 7.6488 there, and half widths 7.6488 / √3 = 4.4161 in place of 2.4841.
[<Fact>]
let Among_several_differences_one_must_be_further_below_0_to_contradict () =
    let judge x =
        OrderVerdict.ofSettings
            [
                setting "a" [ 50.0; 50.0; 50.0 ] 3.0
                setting "b" [ x - 1.0; x; x + 1.0 ] 2.0
                setting "c" [ 10.0; 10.0; 10.0 ] 1.0
            ]

    match judge 6.0 with
    | OrderVerdict.Undecided by ->
        Assert.Equal(("b", "c"), names by)
        Assert.Equal(-4.0, by.Mean)
        Assert.Equal(4.4161, by.HalfWidth.Value, 3)
        Assert.Equal(1.0 - 0.05 / 3.0, by.Level, 12)
    | other -> Assert.Fail $"{other}"

    match judge 5.0 with
    | OrderVerdict.Contradicts by -> Assert.Equal((-5.0, 3), (by.Mean, by.Seeds))
    | other -> Assert.Fail $"{other}"

// b less c is 20 ± 2.48, a less b 5 ± 2.48.
[<Fact>]
let The_weakest_difference_decides_that_all_agree () =
    let settings =
        [
            setting "c" [ 10.0; 10.0; 10.0 ] 1.0
            setting "b" [ 29.0; 30.0; 31.0 ] 2.0
            setting "a" [ 35.0; 35.0; 35.0 ] 3.0
        ]

    match OrderVerdict.ofSettings settings with
    | OrderVerdict.Agrees by -> Assert.Equal(("a", "b"), names by)
    | other -> Assert.Fail $"{other}"

[<Fact>]
let Equal_published_numbers_claim_no_difference () =
    match OrderVerdict.ofSettings [ setting "a" [ 1.0; 1.0 ] 5.0; setting "b" [ 9.0; 9.0 ] 5.0 ] with
    | OrderVerdict.Unjudged reason -> Assert.Contains("2 of its settings were run, or all are alike", reason)
    | other -> Assert.Fail $"{other}"
