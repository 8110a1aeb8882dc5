module SimCLR.Tests.ParzenTests

open SimCLR
open Xunit

let private n, t = AxisValue.Number, AxisValue.Text

let private unit = (Axis.uniform "x" 0.0 1.0 (fun _ run -> run)).Distribution

[<Fact>]
let The_density_is_that_computed_by_hand () =
    let density values x = snd (Parzen.model unit values) (n x)

    // One normal at 0.5 with deviation 0.5, cut off at 0 and 1, where it is cut at one deviation: its density at its centre is
    // 0.3989423 / 0.5 / 0.6826895 = 1.168737; half of it and half an even density.
    Assert.Equal((1.0 + 1.168737) / 2.0, density [ n 0.5 ] 0.5, 1e-6)

    // Normals at 0.2 and 0.4: the farther neighbours are 0.2 and 0.6 away, but a width is a third at least.
    // At 0.3, with z = 0.3 and 1/6: phi(0.3) = 0.381388, Phi(2.4) - Phi(-0.6) = 0.991802 - 0.274253; phi(1/6) = 0.393439,
    // Phi(1) - Phi(-2/3) = 0.841345 - 0.252493.
    let first = 0.381388 * 3.0 / (0.991802 - 0.274253)
    let second = 0.393439 / 0.6 / (0.841345 - 0.252493)
    Assert.Equal((1.0 + first + second) / 3.0, density [ n 0.4; n 0.2 ] 0.3, 1e-5)

[<Fact>]
let Densities_integrate_to_one_and_draws_follow_them () =
    let values = [ n 0.03; n 0.1; n 0.12; n 0.7 ]
    let draw, density = Parzen.model unit values
    let middles = [ for i in 0..999 -> (float i + 0.5) / 1000.0 ]
    Assert.Equal(1.0, middles |> List.averageBy (n >> density), 1e-5)

    let drawn =
        [
            for i in 0..99 do
                for j in 0..99 do
                    match draw ((float i + 0.5) / 100.0) ((float j + 0.5) / 100.0) with
                    | AxisValue.Number x -> x
                    | other -> failwith $"{other}"
        ]

    for upTo in [ 0.1; 0.25; 0.5; 0.8 ] do
        let expected =
            middles |> List.averageBy (fun x -> if x < upTo then density (n x) else 0.0)

        let actual = drawn |> List.averageBy (fun x -> if x < upTo then 1.0 else 0.0)
        Assert.Equal(expected, actual, 0.01)

[<Fact>]
let Words_are_as_likely_as_they_were_frequent_and_once_more () =
    let words = [ t "a"; t "b"; t "c" ]
    let draw, density = Parzen.model (Distribution.Choice words) [ t "b"; t "b"; t "c" ]
    // (0 + 1) / 6, (2 + 1) / 6, (1 + 1) / 6.
    Assert.Equal<float list>([ 1.0 / 6.0; 0.5; 1.0 / 3.0 ], words |> List.map density)

    Assert.Equal<AxisValue list>(
        [ t "a"; t "a"; t "b"; t "b"; t "c"; t "c" ],
        [
            for part in [ 0.0; 0.16; 0.17; 0.66; 0.67; 0.9999999999999999 ] -> draw 0.0 part
        ]
    )

let private axes =
    [
        Axis.logUniform "rate" 1e-4 10.0 (fun _ run -> run)
        Axis.uniform "temperature" 0.0 1.0 (fun _ run -> run)
        Axis.uniformInt "depth" 1 9 (fun _ run -> run)
        Axis.choice "kind" (fun _ run -> run) [ "a"; "b"; "c"; "d" ]
    ]

/// Highest, 0, at rate 0.03, temperature 0.2, depth 3, kind "c".
let private objective point =
    match point with
    | [ AxisValue.Number rate; AxisValue.Number temperature; AxisValue.Number depth; AxisValue.Text kind ] ->
        let square x = x * x

        -square(log10 (rate / 0.03))
        - 4.0 * square (temperature - 0.2)
        - 0.05 * square (depth - 3.0)
        - (if kind = "c" then 0.0 else 0.5)
    | other -> failwith $"{other}"

let private scored points =
    [ for point in points -> point, objective point ]

let private searched count seed =
    let rec go known =
        if List.length known >= count then
            known
        else
            go (known @ scored [ Parzen.next seed axes known ])

    go (scored (Sampling.points 10 seed axes))

[<Fact>]
let It_finds_better_points_than_chance () =
    let best = List.map snd >> List.max

    let outcomes =
        [
            for seed in 0..19 -> best (searched 50 seed), best (scored (Sampling.points 50 seed axes))
        ]

    let better = outcomes |> List.filter (fun (ours, random) -> ours > random)
    Assert.True(better.Length >= 16, $"better with {better.Length} of 20 seeds: {outcomes}")

    let loss side =
        outcomes |> List.averageBy (side >> abs)

    Assert.True(loss fst < 0.5 * loss snd, $"{loss fst} against {loss snd}")

[<Fact>]
let It_tries_nothing_twice_and_the_same_again_when_asked_again () =
    let points = searched 40 5 |> List.map fst
    Assert.Equal(40, points |> List.distinct |> List.length)
    Assert.Equal<AxisValue list list>(points, searched 40 5 |> List.map fst)

    let small = [ Axis.uniformInt "depth" 1 4 (fun _ run -> run) ]
    let known = [ for depth in [ 1.0; 2.0; 4.0 ] -> [ n depth ], depth ]
    Assert.Equal<AxisValue list>([ n 3.0 ], Parzen.next 0 small known)

[<Fact>]
let A_failed_point_is_worse_than_all_others () =
    let known =
        [
            for i in 0..19 ->
                let x = float i / 20.0
                [ n x ], (if x > 0.5 then -infinity else 1.0 - x)
        ]

    let axes = [ Axis.uniform "x" 0.0 1.0 (fun _ run -> run) ]

    for seed in 0..9 do
        match Parzen.next seed axes known with
        | [ AxisValue.Number x ] -> Assert.True(x < 0.5, $"{x}")
        | other -> Assert.Fail $"{other}"
