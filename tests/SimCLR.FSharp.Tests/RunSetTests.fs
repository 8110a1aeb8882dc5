module SimCLR.Tests.RunSetTests

open FsCheck.FSharp
open SimCLR
open SimCLR.Tests.Generators
open Xunit

let private set path value run =
    match Run.set path value run with
    | Ok run -> run
    | Error why -> failwith why

let private refused path value run =
    match Run.set path value run with
    | Error why -> why
    | Ok _ -> failwith $"{path}={value} was taken"

[<Fact>]
let A_number_at_a_path_is_replaced_and_nothing_else () =
    let changed = Run.shapes |> set "Optimizer.WeightDecay" "1e-5"

    Assert.Equal(
        { Run.shapes with
            Optimizer = Run.shapes.Optimizer |> Optimizer.withWeightDecay 1e-5
        },
        changed
    )

[<Fact>]
let A_path_goes_through_cases_lists_and_options () =
    let run =
        { Run.cifar10 with
            MicroBatches = Some { Size = 64; FreezeBatchNorm = false }
        }

    Assert.Equal(Run.withTemperature 0.1 run, run |> set "Loss.Temperature" "0.1")

    Assert.Equal(
        Some { Size = 32; FreezeBatchNorm = true },
        (run |> set "MicroBatches.Size" "32" |> set "MicroBatches.FreezeBatchNorm" "true").MicroBatches
    )

    Assert.Equal(
        Encoder.SmallConv [ 32; 7; 128 ],
        ({ run with
            Encoder = Encoder.SmallConv [ 32; 64; 128 ]
         }
         |> set "Encoder[1]" "7")
            .Encoder
    )

    Assert.Equal(
        View.Sequence [ View.Flip 0.5; View.Grayscale 0.3 ],
        ({ run with
            ViewA = View.Sequence [ View.Flip 0.5; View.Grayscale 0.2 ]
         }
         |> set "ViewA[1]" "0.3")
            .ViewA
    )

[<Fact>]
let A_pair_and_a_list_are_given_as_JSON () =
    let run =
        { Run.shapes with
            ViewA = View.Sequence [ View.crop 32 ]
        }

    Assert.Equal(
        View.Sequence [ View.crop 32 |> View.withArea 0.5 0.75 ],
        (run |> set "ViewA[0].Area" "[0.5, 0.75]").ViewA
    )

    Assert.Equal<float list>([ 0.25; 1.0 ], (run |> set "Evaluation.L2" "[0.25,1]").Evaluation.L2)

[<Fact>]
let An_option_is_ended_by_none_and_begun_by_its_value () =
    let run =
        { Run.shapes with
            Head = { Run.shapes.Head with Hidden = Some 7 }
        }

    Assert.Equal(None, (run |> set "Head.Hidden" "none").Head.Hidden)
    Assert.Equal(Some 9, (run |> set "Head.Hidden" "none" |> set "Head.Hidden" "9").Head.Hidden)

    Assert.Equal(
        Some { Size = 16; FreezeBatchNorm = false },
        (run |> set "MicroBatches" """{"Size": 16}""").MicroBatches
    )

[<Fact>]
let A_choice_is_named_and_one_with_values_is_JSON_or_its_number () =
    Assert.Equal(Decay.Constant, (Run.shapes |> set "Schedule.Decay" "Constant").Schedule.Decay)
    Assert.Equal(Precision.BFloat16, (Run.shapes |> set "Precision" "BFloat16").Precision)
    Assert.Equal(LearningRate.Linear 0.3, (Run.shapes |> set "LearningRate" "0.3").LearningRate)
    Assert.Equal(LearningRate.SquareRoot 0.3, (Run.shapes |> set "LearningRate.SquareRoot" "0.3").LearningRate)
    Assert.Equal(Loss.dcl 0.2, (Run.shapes |> set "Loss.Dcl" "0.2").Loss)
    Assert.Equal(Loss.dcl 0.2, (Run.shapes |> set "Loss" """{"Dcl": 0.2}""").Loss)
    Assert.Equal(Images.cifar10, (Run.shapes |> set "Images.Source" "Cifar10").Images)

[<Fact>]
let A_field_that_is_not_there_is_told_with_near_names_and_those_that_are_there () =
    Assert.Equal(
        "There is no 'WeigthDecay' in Optimizer, which has Momentum, WeightDecay, Nesterov. Did you mean Optimizer.WeightDecay?",
        refused "Optimizer.WeigthDecay" "1" Run.shapes
    )

    Assert.Contains("Did you mean Loss.Temperature", refused "Temperature" "0.1" Run.shapes)
    Assert.Equal("There is no '[9]' in Encoder, which has [0], [1], [2].", refused "Encoder[9]" "8" Run.shapes)
    Assert.Equal("Epochs has no fields, and so no 'Count'.", refused "Epochs.Count" "8" Run.shapes)

    Assert.Equal(
        "MicroBatches is none and has no field 'Size'; give it whole, as JSON.",
        refused "MicroBatches.Size" "8" Run.shapes
    )

[<Fact>]
let A_value_that_does_not_fit_is_told_with_what_it_must_be () =
    Assert.Equal("Epochs is '1.5'; it must be a whole number.", refused "Epochs" "1.5" Run.shapes)

    Assert.Equal(
        "Loss.Temperature is '0,5'; it must be a number, such as 0.25 or 1e-4 (the decimal sign is a point: 0.5).",
        refused "Loss.Temperature" "0,5" Run.shapes
    )

    Assert.Equal("Loss.Normalize is 'yes'; it must be true or false.", refused "Loss.Normalize" "yes" Run.shapes)

    Assert.Equal(
        "Precision is 'Half'; it must be one of Auto, Float32, BFloat16, Tf32, Ieee.",
        refused "Precision" "Half" Run.shapes
    )

    Assert.Contains("""it must be JSON, such as {"Linear":0.2}""", refused "LearningRate" "fast" Run.shapes)
    Assert.Contains("needs its values", refused "Loss" "NtLogistic" Run.shapes)

    Assert.Contains(
        "there is no field",
        refused "Head" """{"Depth":2,"Output":64,"BatchNorm":true,"Dept":2}""" Run.shapes
    )

    Assert.Contains("none, or a whole number", refused "Head.Hidden" "few" Run.shapes)

[<Fact>]
let Every_leaf_of_a_run_stands_at_its_path () =
    let leaves = Map(Run.paths Run.shapes)
    Assert.Equal("NtXent", leaves["Loss"])
    Assert.Equal("0.5", leaves["Loss.Temperature"])
    Assert.Equal("Linear", leaves["LearningRate"])
    Assert.Equal("0.2", leaves["LearningRate.Linear"])
    Assert.Equal("[0.2,1]", leaves["ViewA[0].Area"])
    Assert.Equal("none", leaves["MicroBatches"])
    Assert.Equal("[]", leaves["Evaluation.Measurements"])
    Assert.Equal("0", leaves["Seed"])
    Assert.Equal(leaves.Count, (Run.paths Run.shapes).Length)

[<Fact>]
let Every_leaf_set_to_what_it_is_leaves_any_run_as_it_is () =
    forAll run (fun run ->
        let paths = Run.paths run

        List.length (List.distinctBy fst paths) = paths.Length
        && paths |> List.forall (fun (path, value) -> Run.set path value run = Ok run))

[<Fact>]
let What_a_diff_prints_of_leaves_is_a_path_that_can_be_set () =
    forAll (Gen.zip run run) (fun (a, b) ->
        Run.diff a b
        |> List.forall (fun (path, _, _) ->
            match Run.set path "\u0001" a with
            | Ok _ -> true
            | Error why -> why.StartsWith path))

[<Fact>]
let Setting_all_leaves_of_the_same_shape_makes_the_other_run () =
    // Two runs of the same cases: what differs is set, and nothing else is needed.
    forAll (Gen.zip run (Gen.choose (1, 1000))) (fun (a, number) ->
        let b =
            { a with
                Epochs = number
                Seed = int64 number
                BatchSize = number + 1
                Schedule =
                    { a.Schedule with
                        WarmupEpochs = float number / 7.0
                    }
            }

        let moved =
            (a, Run.paths b) ||> List.fold (fun run (path, value) -> set path value run)

        moved = b)
