module SimCLR.Tests.AxisTests

open System
open SimCLR
open Xunit

let private refused (expected: string) (make: unit -> RandomAxis) =
    let error = Assert.ThrowsAny<ArgumentException>(fun () -> make () |> ignore)
    Assert.Contains(expected, error.Message)

[<Fact>]
let Ranges_that_make_no_sense_are_refused () =
    refused "'t' goes from 1 to 0.5" (fun () -> Axis.uniform "t" 1.0 0.5 Run.withTemperature)
    refused "'t' goes from 1 to 1" (fun () -> Axis.logUniform "t" 1.0 1.0 Run.withTemperature)
    refused "'t' goes from NaN" (fun () -> Axis.uniform "t" nan 1.0 Run.withTemperature)
    refused "logarithmic from 0; begin above 0" (fun () -> Axis.logUniform "t" 0.0 1.0 Run.withTemperature)
    refused "logarithmic from 0" (fun () -> Axis.logUniformInt "batch" 0 64 Run.withBatchSize)
    refused "'head' needs one value or more" (fun () -> Axis.choice "head" Run.withHead [])
    refused "each once" (fun () -> Axis.choiceBy "head" Run.withHead [ "a", Head.none; "a", Head.linear ])

[<Fact>]
let A_random_axis_sets_what_its_value_says () =
    let runs =
        [
            (Axis.uniform "t" 0.1 1.0 Run.withTemperature).Set(AxisValue.Number 0.3)
            (Axis.logUniformInt "batch" 16 512 Run.withBatchSize).Set(AxisValue.Number 33.0)
            (Axis.choiceBy "head" Run.withHead [ "none", Head.none; "linear", Head.linear ])
                .Set(AxisValue.Text "linear")
            (Axis.choice "size" Run.withBatchSize [ 16; 64 ]).Set(AxisValue.Number 64.0)
        ]
        |> List.map (fun set -> set Run.shapes)

    Assert.Equal<Run list>(
        [
            Run.shapes |> Run.withTemperature 0.3
            Run.shapes |> Run.withBatchSize 33
            Run.shapes |> Run.withHead Head.linear
            Run.shapes |> Run.withBatchSize 64
        ],
        runs
    )

let private range low high isLogarithmic isWhole =
    {
        Low = low
        High = high
        IsLogarithmic = isLogarithmic
        IsWhole = isWhole
    }

[<Fact>]
let A_range_is_even_or_even_in_its_logarithm () =
    Assert.Equal(3.0, NumberRange.ofUnit 0.5 (range 2.0 4.0 false false))
    Assert.Equal(0.01, NumberRange.ofUnit 0.5 (range 1e-4 1.0 true false))
    // e to the power of 0.3 · ln 1000 is 7.9433.
    Assert.Equal(7.943, NumberRange.ofUnit 0.3 (range 1.0 1000.0 true false))

    // Whole numbers have equal parts of the range: 1, 2, 3 a third each.
    Assert.Equal<float list>(
        [ 1.0; 1.0; 2.0; 2.0; 3.0; 3.0 ],
        [
            for part in [ 0.0; 0.33; 0.34; 0.66; 0.67; 0.9999 ] -> NumberRange.ofUnit part (range 1.0 3.0 false true)
        ]
    )

[<Fact>]
let A_number_rounded_to_four_digits_stays_in_its_range () =
    let narrow = range 0.123444 0.123456 false false
    Assert.Equal(0.123444, NumberRange.ofUnit 0.0 narrow)
    Assert.Equal(0.123456, NumberRange.ofUnit 0.9999 (range 0.1 0.123456 false false) |> max 0.123456)

[<Fact>]
let The_place_of_a_number_in_its_range_is_found_again () =
    for range in [ range 2.0 4.0 false false; range 1e-4 10.0 true false ] do
        for part in [ 0.0; 0.1; 0.5; 0.99 ] do
            Assert.Equal(part, NumberRange.toUnit (NumberRange.ofUnit part range) range, 1e-3)
