module SimCLR.Tests.SamplingTests

open System
open System.Globalization
open SimCLR
open Xunit

let private rate =
    Axis.logUniform "rate" 0.001 1.0 (LearningRate.Linear >> Run.withLearningRate)

let private temperature = Axis.uniform "temperature" 0.05 1.0 Run.withTemperature
let private warmup = Axis.uniformInt "warmup" 1 8 (float >> Run.withWarmupEpochs)
let private batch = Axis.logUniformInt "batch" 16 512 Run.withBatchSize

let private head =
    Axis.choiceBy "head" Run.withHead [ "none", Head.none; "linear", Head.linear; "non-linear", Head.nonLinear ]

let private axes = [ rate; temperature; warmup; batch; head ]
let private n, t = AxisValue.Number, AxisValue.Text

[<Fact>]
let The_numbers_are_those_of_another_program () =
    // Python: int.from_bytes(hashlib.sha256(f"simclr sample\n{seed}\n{number}\n{name}".encode()).digest()[:8], "little") >> 11, over 2^53.
    Assert.Equal(0.7972097895408107, Sampling.uniform 7 0 "rate")
    Assert.Equal(0.8952994546729086, Sampling.uniform -3 12 "Größe")

[<Fact>]
let The_points_are_those_of_another_program () =
    Assert.Equal<AxisValue list list>(
        [
            [ n 0.2464; n 0.5828; n 6.0; n 34.0; t "none" ]
            [ n 0.06957; n 0.1581; n 5.0; n 74.0; t "none" ]
            [ n 0.111; n 0.5047; n 7.0; n 43.0; t "non-linear" ]
            [ n 0.05199; n 0.1438; n 2.0; n 31.0; t "linear" ]
        ],
        Sampling.points 4 7 axes
    )

[<Fact>]
let A_sample_has_every_run_at_every_point () =
    let sampled =
        Grid.from Run.shapes
        |> Grid.sample 4 7 [ temperature; head ]
        |> Grid.seeds [ 0; 1 ]

    Assert.Equal<string list>([ "temperature"; "head"; "seed" ], sampled.Axes)
    Assert.Equal("temperature 0.5828, head none, seed 0", Grid.label sampled.Cells.Head)
    Assert.Equal(Run.shapes |> Run.withTemperature 0.5828 |> Run.withHead Head.none, sampled.Cells.Head.Run)
    Assert.Equal(8, Grid.size sampled)
    Assert.Equal<string list>([], Grid.problems sampled)

[<Fact>]
let The_first_cells_of_a_larger_sample_are_the_smaller_sample () =
    let cells count =
        (Grid.from Run.shapes |> Grid.sample count 3 axes).Cells

    Assert.Equal<Cell list>(cells 5, cells 40 |> List.truncate 5)
    Assert.NotEqual<Cell list>(cells 5, (Grid.from Run.shapes |> Grid.sample 5 4 axes).Cells)

[<Fact>]
let A_sample_is_the_same_in_every_language () =
    let culture = CultureInfo.CurrentCulture
    let here = Sampling.points 20 -1 axes
    let other = culture.Clone() :?> CultureInfo
    other.NumberFormat.NumberDecimalSeparator <- ","
    other.NumberFormat.NegativeSign <- "−"

    try
        CultureInfo.CurrentCulture <- other
        Assert.Equal<AxisValue list list>(here, Sampling.points 20 -1 axes)
    finally
        CultureInfo.CurrentCulture <- culture

[<Fact>]
let No_point_is_drawn_twice () =
    let small =
        [
            Axis.uniformInt "epochs" 1 3 Run.shortened
            Axis.choice "batch" Run.withBatchSize [ 32; 64 ]
        ]

    Assert.Equal<AxisValue list list>(
        [
            for epochs in 1.0 .. 3.0 do
                for batch in [ 32.0; 64.0 ] -> [ n epochs; n batch ]
        ],
        Sampling.points 6 0 small |> List.sort
    )

    let error =
        Assert.ThrowsAny<ArgumentException>(fun () -> Sampling.points 7 0 small |> ignore)

    Assert.Contains("7 cells are asked for", error.Message)
    Assert.Contains("none but the 6 that are known", error.Message)
    Assert.Contains("widen the axes: epochs, batch", error.Message)

    let none =
        Assert.ThrowsAny<ArgumentException>(fun () -> Sampling.points 0 0 small |> ignore)

    Assert.Contains("0 cells are asked for; ask for 1 or more", none.Message)

[<Fact>]
let Numbers_are_spread_evenly_and_read_well () =
    let count = 2000

    let numbers axis =
        [
            for number in 0 .. count - 1 do
                match Sampling.point 11 number [ axis ] with
                | [ AxisValue.Number x ] -> x
                | other -> failwith $"{other}"
        ]

    let share fits values =
        float (values |> List.filter fits |> List.length) / float count

    let rates = numbers rate
    Assert.All(rates, fun x -> Assert.InRange(x, 0.001, 1.0))
    Assert.All(rates, fun x -> Assert.Equal(x, Double.Parse(x.ToString "G4")))

    // Four standard deviations of a share over 2,000 draws are 0.045 at most.
    for decade in [ 0.001; 0.01; 0.1 ] do
        Assert.Equal(1.0 / 3.0, rates |> share (fun x -> x >= decade && x < 10.0 * decade), 0.045)

    for quarter in 0..3 do
        let low = 0.05 + 0.95 * float quarter / 4.0
        Assert.Equal(0.25, numbers temperature |> share (fun x -> x >= low && x < low + 0.95 / 4.0), 0.045)

    for whole in 1..8 do
        Assert.Equal(0.125, numbers warmup |> share ((=) (float whole)), 0.045)
