module SimCLR.Tests.GridTests

open System
open FsCheck
open FsCheck.FSharp
open SimCLR
open SimCLR.Tests.Generators
open Xunit

let private temperatures = [ 0.05; 0.1; 0.5 ]

let private grid =
    Grid.from Run.shapes
    |> Grid.vary "temperature" Run.withTemperature temperatures
    |> Grid.seeds [ 0; 1 ]

[<Fact>]
let The_size_is_the_product_of_the_axes () =
    let values =
        Gen.nonEmptyListOf (Gen.choose (2, 1000))
        |> Gen.map (List.distinct >> List.truncate 5)

    forAll (Gen.three values) (fun (batches, epochs, seeds) ->
        let grid =
            Grid.from Run.shapes
            |> Grid.vary "batch" Run.withBatchSize batches
            |> Grid.vary "epochs" Run.shortened epochs
            |> Grid.seeds seeds

        Grid.size grid = batches.Length * epochs.Length * seeds.Length
        && grid.Axes = [ "batch"; "epochs"; "seed" ]
        && List.distinct (Grid.runs grid) = Grid.runs grid)

[<Fact>]
let Every_cell_has_the_run_that_its_coordinates_say () =
    for cell in grid.Cells do
        match cell.Coordinates with
        | [ "temperature", AxisValue.Number t; "seed", AxisValue.Number seed ] ->
            Assert.Equal(Run.shapes |> Run.withTemperature t |> Run.withSeed (int64 seed), cell.Run)
        | other -> Assert.Fail $"{other}"

[<Fact>]
let The_last_axis_varies_fastest () =
    Assert.Equal<string list>(
        [
            "temperature 0.05, seed 0"
            "temperature 0.05, seed 1"
            "temperature 0.1, seed 0"
        ],
        grid.Cells |> List.truncate 3 |> List.map Grid.label
    )

[<Fact>]
let Cross_is_one_axis_after_the_other () =
    let crossed =
        Grid.from Run.shapes
        |> Grid.cross
            [
                Axis.over "temperature" Run.withTemperature temperatures
                Axis.over Grid.SeedAxis Run.withSeed [ 0L; 1L ]
            ]

    Assert.Equal(grid, crossed)

[<Fact>]
let Cross_of_no_axis_changes_nothing () = Assert.Equal(grid, Grid.cross [] grid)

[<Fact>]
let Zip_takes_values_together () =
    let zipped =
        Grid.from Run.shapes
        |> Grid.zip
            [
                Axis.over "batch" Run.withBatchSize [ 64; 128 ]
                Axis.over "temperature" Run.withTemperature [ 0.5; 0.1 ]
            ]

    Assert.Equal<string list>([ "batch"; "temperature" ], zipped.Axes)

    Assert.Equal<Run list>(
        [
            Run.shapes |> Run.withBatchSize 64 |> Run.withTemperature 0.5
            Run.shapes |> Run.withBatchSize 128 |> Run.withTemperature 0.1
        ],
        Grid.runs zipped
    )

[<Fact>]
let Zip_repeats_a_value_where_another_axis_differs () =
    let zipped =
        Grid.from Run.shapes
        |> Grid.zip
            [
                Axis.labelled "head" Run.withHead [ "linear", Head.linear; "linear", Head.linear; "none", Head.none ]
                Axis.over "batch" Run.withBatchSize [ 64; 128; 64 ]
            ]

    Assert.Equal<string list>(
        [ "head linear, batch 64"; "head linear, batch 128"; "head none, batch 64" ],
        zipped.Cells |> List.map Grid.label
    )

    Assert.Equal<string list>([], Grid.problems zipped)

let private heads =
    Grid.from Run.shapes
    |> Grid.varyBy "head" Run.withHead [ "none", Head.none; "linear", Head.linear ]
    |> Grid.varyWhere (fun run -> run.Head.Depth > 0) "output" Run.withHeadOutput [ 32; 64 ]

[<Fact>]
let VaryWhere_leaves_what_does_not_fit_as_it_is_and_once () =
    Assert.Equal<string list>(
        [ "head none, output –"; "head linear, output 32"; "head linear, output 64" ],
        heads.Cells |> List.map Grid.label
    )

    Assert.Equal(Run.shapes |> Run.withHead Head.none, heads.Cells.Head.Run)
    Assert.Equal(AxisValue.None, heads.Cells.Head.Coordinates |> List.last |> snd)
    Assert.Equal<string list>([], Grid.problems heads)

[<Fact>]
let VaryWhere_says_what_a_setter_refuses_of_some_runs () =
    let losses =
        Grid.from Run.shapes
        |> Grid.varyBy "loss" Run.withLoss [ "margin", Loss.marginTriplet 0.4; "NT-Xent", Loss.ntXent 0.5 ]

    Assert.ThrowsAny<ArgumentException>(fun () ->
        losses |> Grid.vary "temperature" Run.withTemperature [ 0.1 ] |> ignore)
    |> ignore

    let hasTemperature run = (Loss.temperature run.Loss).IsSome

    Assert.Equal<string list>(
        [
            "loss margin, temperature –"
            "loss NT-Xent, temperature low"
            "loss NT-Xent, temperature 1"
        ],
        [
            yield!
                (losses
                 |> Grid.varyByWhere hasTemperature "temperature" Run.withTemperature [ "low", 0.1; "1", 1.0 ])
                    .Cells
        ]
        |> List.map Grid.label
    )

[<Fact>]
let An_axis_that_fits_nowhere_is_a_problem () =
    let wrong =
        Grid.from Run.shapes
        |> Grid.varyWhere (fun run -> run.Head.Depth > 2) "output" Run.withHeadOutput [ 32 ]
        |> Grid.problems

    Assert.Equal<string list>(
        [
            "Axis 'output' fits none of the runs; leave it out, or see what Grid.varyWhere asks of them."
        ],
        wrong
    )

[<Fact>]
let Values_of_an_axis_are_ordered_numbers_first_and_none_last () =
    let n, t = AxisValue.Number, AxisValue.Text

    Assert.Equal<AxisValue list>(
        [ n 2.0; n 10.0; t "a"; t "b"; AxisValue.None ],
        List.sort [ t "b"; AxisValue.None; n 10.0; t "a"; n 2.0 ]
    )

let private ofResNets depth run =
    { run with
        Encoder =
            match run.Encoder with
            | Encoder.ResNet r -> Encoder.ResNet { r with Depth = depth }
            | other -> other
    }

[<Fact>]
let An_axis_without_effect_is_a_problem_that_names_the_values () =
    let encoders =
        Grid.from Run.shapes
        |> Grid.varyBy "encoder" Run.withEncoder [ "small", Encoder.smallConv; "resnet", Encoder.resNet 18 ]

    let problems = encoders |> Grid.vary "depth" ofResNets [ 18; 34; 50 ]

    Assert.Equal<string list>(
        [
            "Axis 'depth' changes nothing between 18, 34 and 50 at encoder small, seed 0, the first of 2 such places: they are the same run. "
            + "Vary it only where it has an effect, with Grid.varyWhere."
        ],
        problems |> Grid.seeds [ 0; 1 ] |> Grid.problems
    )

    let isResNet run = run.Encoder.IsResNet

    Assert.Equal<string list>(
        [],
        encoders
        |> Grid.varyWhere isResNet "depth" ofResNets [ 18; 34; 50 ]
        |> Grid.seeds [ 0; 1 ]
        |> Grid.problems
    )

[<Fact>]
let An_axis_that_a_later_one_overwrites_is_a_problem () =
    Assert.Equal<string list>(
        [
            "Axis 'batch' changes nothing between 32 and 64 at size 100: they are the same run. "
            + "Vary it only where it has an effect, with Grid.varyWhere."
        ],
        Grid.from Run.shapes
        |> Grid.vary "batch" Run.withBatchSize [ 32; 64 ]
        |> Grid.vary "size" Run.withBatchSize [ 100 ]
        |> Grid.problems
    )

[<Fact>]
let A_run_at_two_places_of_two_axes_is_a_problem () =
    let times factor run =
        run |> Run.withBatchSize (run.BatchSize * factor)

    let wrong =
        Grid.from (Run.shapes |> Run.withBatchSize 16)
        |> Grid.vary "first" times [ 2; 3 ]
        |> Grid.vary "second" times [ 2; 3 ]
        |> Grid.problems

    Assert.Equal<string list>(
        [
            "The same run is at first 2, second 3 and at first 3, second 2; make one axis of those that differ, so that it has one place."
        ],
        wrong
    )

[<Fact>]
let A_union_of_other_axes_has_no_value_where_an_axis_is_missing () =
    let baseline = Run.shapes

    let both =
        Grid.union
            (Grid.from baseline |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ])
            (Grid.from baseline |> Grid.vary "batch" Run.withBatchSize [ 64; 128 ])

    Assert.Equal<string list>([ "temperature"; "batch" ], both.Axes)

    Assert.Equal<string list>(
        [
            "temperature 0.1, batch –"
            "temperature 0.5, batch –"
            "temperature –, batch 64"
            "temperature –, batch 128"
        ],
        both.Cells |> List.map Grid.label
    )

    // The baseline, temperature 0.5 and batch 128, belongs to both lines.
    Assert.Equal(3, Grid.runs both |> List.distinct |> List.length)
    Assert.Equal<string list>([], Grid.problems both)

[<Fact>]
let Where_keeps_exactly_what_fits () =
    forAll (Gen.choose (0, 600)) (fun limit ->
        let grid =
            Grid.from Run.shapes
            |> Grid.vary "batch" Run.withBatchSize [ 64; 128; 256; 512 ]

        let fits run = run.BatchSize <= limit
        let kept = Grid.where fits grid
        let dropped = Grid.where (fits >> not) grid

        Grid.runs kept |> List.forall fits
        && Grid.size kept + Grid.size dropped = Grid.size grid
        && Grid.union kept dropped =
            { grid with
                Cells = kept.Cells @ dropped.Cells
            })

[<Fact>]
let A_union_with_itself_changes_nothing () =
    Assert.Equal(grid, Grid.union grid grid)

[<Fact>]
let A_union_orders_coordinates_as_the_first_grid_does () =
    let turned =
        Grid.from Run.shapes
        |> Grid.seeds [ 0; 1 ]
        |> Grid.vary "temperature" Run.withTemperature temperatures

    let both = Grid.union grid turned
    Assert.Equal(grid, both)

let private refused (expected: string) (make: unit -> Grid) =
    let error = Assert.ThrowsAny<ArgumentException>(fun () -> make () |> ignore)
    Assert.Contains(expected, error.Message)

[<Fact>]
let Axes_that_make_no_sense_are_refused () =
    refused "'t' has no values" (fun () -> grid |> Grid.vary "t" Run.withTemperature [])
    refused "'temperature' already" (fun () -> grid |> Grid.vary "temperature" Run.withTemperature [ 1.0 ])
    refused "0.1 2 times" (fun () -> Grid.from Run.shapes |> Grid.vary "t" Run.withTemperature [ 0.1; 0.5; 0.1 ])

    refused "'a' has 2, 'b' has 1" (fun () ->
        Grid.from Run.shapes
        |> Grid.zip [ Axis.over "a" Run.withBatchSize [ 1; 2 ]; Axis.over "b" Run.shortened [ 1 ] ])

    refused "same name" (fun () ->
        Grid.from Run.shapes
        |> Grid.zip [ Axis.over "a" Run.withBatchSize [ 1 ]; Axis.over "a" Run.shortened [ 1 ] ])

    refused "no axes to zip" (fun () -> Grid.from Run.shapes |> Grid.zip [])

    refused "'b' has the value" (fun () -> Grid.from Run.shapes |> Grid.vary "b" Run.withBatchSize [ 64; 64 ])

    refused "a 1, b 2 2 times" (fun () ->
        Grid.from Run.shapes
        |> Grid.zip
            [
                Axis.over "a" Run.withBatchSize [ 1; 1 ]
                Axis.over "b" Run.shortened [ 2; 2 ]
            ])

    refused "different runs at temperature 0.05, seed 0" (fun () ->
        let other =
            Grid.from (Run.shapes |> Run.shortened 3)
            |> Grid.vary "temperature" Run.withTemperature temperatures
            |> Grid.seeds [ 0 ]

        Grid.union grid other)

[<Fact>]
let Values_that_are_no_numbers_print_well () =
    let texts (grid: Grid) =
        [ for cell in grid.Cells -> cell.Coordinates |> List.map (snd >> string) ]

    Assert.Equal<string list list>(
        [ [ "Encoder.SmallConv [ 8; 16 ]" ] ],
        Grid.from Run.shapes
        |> Grid.vary "encoder" Run.withEncoder [ Encoder.SmallConv [ 8; 16 ] ]
        |> texts
    )

    Assert.Equal<string list list>(
        [ [ "none" ]; [ "linear" ] ],
        Grid.from Run.shapes
        |> Grid.varyBy "head" Run.withHead [ "none", Head.none; "linear", Head.linear ]
        |> texts
    )

[<Fact>]
let All_problems_are_told_with_their_coordinates () =
    let bad =
        Grid.from Run.shapes
        |> Grid.vary "temperature" Run.withTemperature [ -1.0; 0.5 ]
        |> Grid.vary "batch" Run.withBatchSize [ 1; 64 ]

    match Grid.validate bad with
    | Ok _ -> Assert.Fail "Nothing was found."
    | Error wrong ->
        let starts = [ for line in wrong -> line.Substring(0, line.IndexOf ':') ]

        Assert.Equal<string list>(
            [
                "temperature -1, batch 1"
                "temperature -1, batch 1"
                "temperature -1, batch 64"
                "temperature 0.5, batch 1"
            ],
            starts
        )

[<Fact>]
let A_grid_without_runs_is_a_problem () =
    Assert.True((grid |> Grid.where (fun _ -> false) |> Grid.validate).IsError)
    Assert.Equal(Ok grid, Grid.validate grid)
