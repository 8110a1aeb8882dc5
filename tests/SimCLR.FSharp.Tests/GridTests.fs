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
    |> Grid.vary "temperature" Run.temperature temperatures
    |> Grid.seeds [ 0; 1 ]

[<Fact>]
let The_size_is_the_product_of_the_axes () =
    let values =
        Gen.nonEmptyListOf (Gen.choose (2, 1000))
        |> Gen.map (List.distinct >> List.truncate 5)

    forAll (Gen.three values) (fun (batches, epochs, seeds) ->
        let grid =
            Grid.from Run.shapes
            |> Grid.vary "batch" Run.batchSize batches
            |> Grid.vary "epochs" Run.epochs epochs
            |> Grid.seeds seeds

        Grid.size grid = batches.Length * epochs.Length * seeds.Length
        && grid.Axes = [ "batch"; "epochs"; "seed" ]
        && List.distinct (Grid.runs grid) = Grid.runs grid)

[<Fact>]
let Every_cell_has_the_run_that_its_coordinates_say () =
    for cell in grid.Cells do
        match cell.Coordinates with
        | [ "temperature", AxisValue.Number t; "seed", AxisValue.Number seed ] ->
            Assert.Equal(Run.shapes |> Run.temperature t |> Run.seed (int64 seed), cell.Run)
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
                Axis.over "temperature" Run.temperature temperatures
                Axis.over Grid.SeedAxis Run.seed [ 0L; 1L ]
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
                Axis.over "batch" Run.batchSize [ 64; 128 ]
                Axis.over "temperature" Run.temperature [ 0.5; 0.1 ]
            ]

    Assert.Equal<string list>([ "batch"; "temperature" ], zipped.Axes)

    Assert.Equal<Run list>(
        [
            Run.shapes |> Run.batchSize 64 |> Run.temperature 0.5
            Run.shapes |> Run.batchSize 128 |> Run.temperature 0.1
        ],
        Grid.runs zipped
    )

[<Fact>]
let Where_keeps_exactly_what_fits () =
    forAll (Gen.choose (0, 600)) (fun limit ->
        let grid =
            Grid.from Run.shapes |> Grid.vary "batch" Run.batchSize [ 64; 128; 256; 512 ]

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
        |> Grid.vary "temperature" Run.temperature temperatures

    let both = Grid.union grid turned
    Assert.Equal(grid, both)

let private refused (expected: string) (make: unit -> Grid) =
    let error = Assert.Throws<ArgumentException>(fun () -> make () |> ignore)
    Assert.Contains(expected, error.Message)

[<Fact>]
let Axes_that_make_no_sense_are_refused () =
    refused "'t' has no values" (fun () -> grid |> Grid.vary "t" Run.temperature [])
    refused "'temperature' already" (fun () -> grid |> Grid.vary "temperature" Run.temperature [ 1.0 ])
    refused "0.1 2 times" (fun () -> Grid.from Run.shapes |> Grid.vary "t" Run.temperature [ 0.1; 0.5; 0.1 ])

    refused "'a' has 2, 'b' has 1" (fun () ->
        Grid.from Run.shapes
        |> Grid.zip [ Axis.over "a" Run.batchSize [ 1; 2 ]; Axis.over "b" Run.epochs [ 1 ] ])

    refused "same name" (fun () ->
        Grid.from Run.shapes
        |> Grid.zip [ Axis.over "a" Run.batchSize [ 1 ]; Axis.over "a" Run.epochs [ 1 ] ])

    refused "same axes" (fun () -> Grid.union grid (Grid.from Run.shapes))

    refused "different runs at temperature 0.05, seed 0" (fun () ->
        let other =
            Grid.from (Run.shapes |> Run.epochs 3)
            |> Grid.vary "temperature" Run.temperature temperatures
            |> Grid.seeds [ 0 ]

        Grid.union grid other)

[<Fact>]
let Values_that_are_no_numbers_print_well () =
    let texts (grid: Grid) =
        [ for cell in grid.Cells -> cell.Coordinates |> List.map (snd >> string) ]

    Assert.Equal<string list list>(
        [ [ "Encoder.SmallConv [ 8; 16 ]" ] ],
        Grid.from Run.shapes
        |> Grid.vary "encoder" Run.encoder [ Encoder.SmallConv [ 8; 16 ] ]
        |> texts
    )

    Assert.Equal<string list list>(
        [ [ "none" ]; [ "linear" ] ],
        Grid.from Run.shapes
        |> Grid.varyBy "head" Run.head [ "none", Head.none; "linear", Head.linear ]
        |> texts
    )

[<Fact>]
let All_problems_are_told_with_their_coordinates () =
    let bad =
        Grid.from Run.shapes
        |> Grid.vary "temperature" Run.temperature [ -1.0; 0.5 ]
        |> Grid.vary "batch" Run.batchSize [ 1; 64 ]

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
