module SimCLR.Tests.SweepArgumentsTests

open System
open Argu
open SimCLR
open SimCLR.Tests.Samples
open Xunit

let private baseline arguments =
    SweepArguments.parse "test" arguments
    |> SweepArguments.baseline Preset.Standard (fun _ _ -> tiny)

/// The grid that a script makes of the baseline, with what the arguments add.
let private grid script arguments =
    let arguments = SweepArguments.parse "test" arguments

    let standard _ images =
        images |> Option.fold (fun run images -> Run.withImages images run) tiny

    let run = SweepArguments.baseline Preset.Standard standard arguments

    Grid.from run
    |> script
    |> SweepArguments.apply Preset.Standard standard arguments run

let private refused action =
    Assert.ThrowsAny<ArgumentException>(fun () -> action () |> ignore).Message

let private temperatures =
    Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ] >> Grid.seeds [ 0; 1 ]

[<Fact>]
let A_field_is_set_by_its_path_in_every_run () =
    let run =
        baseline [ "--set"; "Optimizer.WeightDecay=1e-5"; "--set"; "Evaluation.L2=[1e-3,1e-2]" ]

    Assert.Equal(Optimizer.withWeightDecay 1e-5 tiny.Optimizer, run.Optimizer)
    Assert.Equal<float list>([ 1e-3; 1e-2 ], run.Evaluation.L2)

    let grid = grid temperatures [ "--set"; "Epochs=3" ]
    Assert.All(Grid.runs grid, fun run -> Assert.Equal(3, run.Epochs))

[<Fact>]
let A_varied_path_is_an_axis_of_the_scripts_grid_before_the_seeds () =
    let grid =
        grid temperatures [ "--vary"; "Optimizer.Momentum=0,0.9"; "--vary"; "Evaluation.L2=[1],[2,3]" ]

    Assert.Equal<string list>([ "temperature"; "Momentum"; "L2"; "seed" ], grid.Axes)

    Assert.Equal(16, Grid.size grid)

    for cell in grid.Cells do
        let coordinates = Map cell.Coordinates
        let leaves = Map(Run.paths cell.Run)
        Assert.Equal(leaves["Optimizer.Momentum"], string coordinates["Momentum"])
        Assert.Equal(leaves["Loss.Temperature"], string coordinates["temperature"])

[<Fact>]
let An_axis_has_the_whole_path_where_its_last_part_names_several_fields () =
    Assert.Equal<string list>([ "ViewA[0].Area" ], (grid id [ "--vary"; "ViewA[0].Area=[0.1,1],[0.5,1]" ]).Axes)
    Assert.Equal<string list>([ "Encoder[0]" ], (grid id [ "--vary"; "Encoder[0]=4,8" ]).Axes)
    Assert.Equal<string list>([ "Temperature" ], (grid id [ "--vary"; "Loss.Temperature=0.1,0.2" ]).Axes)

[<Fact>]
let A_set_field_that_the_script_varies_is_refused_with_the_name_of_its_axis () =
    Assert.Equal(
        "--set Loss.Temperature=0.3 has no effect: the script's axis 'temperature' sets Loss.Temperature itself. Leave it out, or change the script.",
        refused (fun () -> grid temperatures [ "--set"; "Loss.Temperature=0.3" ])
    )

    Assert.Contains("'seed'", refused (fun () -> grid temperatures [ "--set"; "Seed=7" ]))

[<Fact>]
let A_varied_field_that_the_script_varies_is_refused_with_the_name_of_its_axis () =
    let said =
        refused (fun () -> grid temperatures [ "--vary"; "Loss.Temperature=0.3,0.4" ])

    Assert.Contains("--vary Loss.Temperature contradicts the script's axis 'temperature'", said)

[<Fact>]
let A_varied_field_that_the_script_has_on_an_axis_of_one_value_is_refused_too () =
    let one values =
        Grid.vary "temperature" Run.withTemperature values >> Grid.seeds [ 0; 1 ]

    let arguments = [ "--vary"; "Loss.Temperature=0.3,0.4" ]

    // Another value than the baseline's, and the very same.
    for value in [ 0.1; (Loss.temperature tiny.Loss).Value ] do
        Assert.Contains(
            "--vary Loss.Temperature contradicts the script's axis 'temperature', which has one value",
            refused (fun () -> grid (one [ value ]) arguments)
        )

    // An axis of one value that is of something else is in nobody's way.
    let other = Grid.vary "batch" Run.withBatchSize [ tiny.BatchSize ]
    Assert.Equal<string list>([ "batch"; "Temperature" ], (grid other arguments).Axes)

[<Fact>]
let An_argument_that_a_script_ignores_is_refused () =
    // A grid that does not start from the sweep's baseline.
    let own _ =
        Grid.from { tiny with Seed = 0L } |> Grid.seeds [ 0; 1; 2; 3 ]

    Assert.Equal(
        "--limit 20 has no effect: the script sets Images.TrainLimit itself. Leave it out, or change the script.",
        refused (fun () -> grid own [ "--limit"; "20" ])
    )

    Assert.Contains("--epochs 7 has no effect", refused (fun () -> grid own [ "--epochs"; "7" ]))
    Assert.Contains("--data cifar10 has no effect", refused (fun () -> grid own [ "--data"; "cifar10" ]))

    Assert.Contains(
        "--seeds 1 has no effect: the script has the seeds 0, 1, 2, 3",
        refused (fun () -> grid own [ "--seeds"; "1" ])
    )

    Assert.Equal(4, Grid.size (grid own [ "--seeds"; "4" ]))
    // Some of the grid's runs have it.
    let some =
        Grid.vary "limit" (fun limit run -> Run.withImages (Images.limit limit run.Images) run) [ 20; 30 ]

    Assert.Equal(2, Grid.size (grid some [ "--limit"; "20" ]))

[<Fact>]
let Two_arguments_for_one_field_are_refused () =
    Assert.Contains("set the same", refused (fun () -> baseline [ "--set"; "Epochs=3"; "--set"; "Epochs=4" ]))
    Assert.Contains("--epochs 4", refused (fun () -> baseline [ "--set"; "Epochs=3"; "--epochs"; "4" ]))
    Assert.Contains("set the same", refused (fun () -> grid id [ "--set"; "Epochs=3"; "--vary"; "Epochs=4,5" ]))

[<Fact>]
let A_path_that_is_not_there_is_told_with_near_names () =
    Assert.Contains(
        "Did you mean Optimizer.WeightDecay?",
        refused (fun () -> baseline [ "--set"; "Optimizer.WeigthDecay=0" ])
    )

    Assert.Contains("Loss.Temperature", refused (fun () -> grid id [ "--vary"; "Loss.Temprature=0.1" ]))
    Assert.Contains("write PATH=VALUE", refused (fun () -> baseline [ "--set"; "Epochs" ]))

[<Fact>]
let A_wrong_value_of_all_runs_is_told_once_with_its_argument () =
    let said =
        refused (fun () -> grid temperatures [ "--encoder"; "resnet18"; "--width"; "-1" ])

    let line = Assert.Single(said.Split Environment.NewLine)
    Assert.StartsWith("--width -1: Encoder.Width is -1", line)

    let said =
        refused (fun () -> grid temperatures [ "--vary"; "Optimizer.Momentum=0.9,2" ])

    Assert.StartsWith(
        "--vary Optimizer.Momentum=0.9,2: Optimizer.Momentum is 2",
        Assert.Single(said.Split Environment.NewLine)
    )

[<Fact>]
let A_decimal_comma_is_refused_with_a_hint () =
    Assert.Equal(
        "--width is '0,25', which is no number: write 0.25.",
        refused (fun () -> baseline [ "--width"; "0,25" ])
    )

    Assert.Equal(Encoder.withWidth 0.25 tiny.Encoder, (baseline [ "--width"; "0.25" ]).Encoder)

[<Fact>]
let An_unknown_argument_is_told_in_one_line_with_near_names () =
    Assert.Equal(
        "unrecognized argument: '--widht'. Did you mean --width? --help lists what there is.",
        refused (fun () -> baseline [ "--widht"; "1" ])
    )

    Assert.Equal(
        "parameter '--epochs' must be followed by <int>, but was '1.5'. --help lists what there is.",
        refused (fun () -> baseline [ "--epochs"; "1.5" ])
    )

[<Fact>]
let Help_lists_the_paths_that_can_be_set () =
    let help =
        Assert.Throws<ArguParseException>(fun () -> baseline [ "--help" ] |> ignore).Message

    for path in
        [
            "Optimizer.WeightDecay"
            "Loss.Temperature"
            "ViewA[0].Area"
            "Evaluation.KnnK"
        ] do
        Assert.Contains(path, help)

[<Fact>]
let ``Sides of images without a folder of images are no arguments`` () =
    for arguments in [ [ "--size"; "64" ]; [ "--whole" ] ] do
        Assert.Contains(
            $"{arguments.Head} has no effect without --data",
            refused (fun () -> SweepArguments.parse "test" arguments)
        )

    SweepArguments.parse "test" [ "--data"; "folder:images"; "--size"; "64"; "--whole" ]
    |> ignore
