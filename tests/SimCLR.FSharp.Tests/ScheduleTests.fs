/// The course of learning rates, from its value to the steps of trainings.
module SimCLR.Tests.ScheduleTests

open System
open System.Collections.Concurrent
open SimCLR
open SimCLR.Tests.Samples
open Xunit

/// The rates of the steps of a run at the peak of 1e-3, four steps for each epoch; of the measurement of that label, or of the training.
let private rates label run =
    let seen = ConcurrentQueue()

    Samples.withFolder (fun folder ->
        let watching =
            { executor folder with
                Observer =
                    function
                    | Event.Stepped(_, stage) when stage.Of = label -> seen.Enqueue(stage.Point.LearningRate / 1e-3)
                    | _ -> ()
            }

        watching |> Execution.run run |> ignore)

    List.ofSeq seen

let private pretraining decay =
    { tiny with
        LearningRate = LearningRate.Fixed 1e-3
        Schedule = Schedule.after 0.5 decay
    }
    |> Run.withEpochs 3
    |> rates ""

let private assertEqual (expected: float list) (actual: float list) =
    Assert.Equal(expected.Length, actual.Length)

    for x, y in List.zip expected actual do
        Assert.Equal(x, y, 1e-12)

[<Fact>]
let ``A pretraining takes the rates of its schedule, step by step`` () =
    // Two steps of warmup, then ten.
    let after rest = 0.0 :: 0.5 :: rest
    assertEqual (after [ for i in 0..9 -> 1.0 - float i / 10.0 ]) (pretraining Decay.linear)
    assertEqual (after [ for i in 0..9 -> (1.0 - float i / 10.0) ** 2.0 ]) (pretraining (Decay.power 2.0))

    assertEqual
        (after [ 1.0; 1.0; 1.0; 1.0; 1.0; 1.0; 0.1; 0.1; 0.01; 0.01 ])
        (pretraining (Decay.steps 0.1 [ 0.6; 0.8 ]))

    // Four steps constant, of one epoch; then down over six.
    assertEqual
        (after ([ 1.0; 1.0; 1.0; 1.0 ] @ [ for i in 0..5 -> 1.0 - float i / 6.0 ]))
        (pretraining (Decay.Constant |> Decay.followedBy Decay.linear (Length.Epochs 1.0)))

    assertEqual
        (after (
            [ 1.0; 1.0 ]
            @ [
                for _ in 1..2 do
                    1.0
                    0.75
                    0.5
                    0.25
            ]
        ))
        (pretraining (
            Decay.Constant
            |> Decay.followedBy (Decay.linear |> Decay.repeated 2) (Length.Steps 2)
        ))

[<Fact>]
let ``A classifier takes the rates of its schedule`` () =
    let tuned decay =
        let training =
            { classifier with
                LearningRate = LearningRate.Fixed 1e-3
                Decay = decay
            }

        let measurement =
            Measurement.FineTune
                {
                    Labels = 1.0
                    FromHeadLayer = 0
                    Training = training
                }

        tiny |> measuring [ measurement ] |> rates (Measurement.label measurement)

    // Eight steps, two epochs.
    assertEqual [ for i in 0..7 -> 0.5 * (1.0 + cos (Math.PI * float i / 8.0)) ] (tuned Decay.Cosine)

    assertEqual
        [ 0.0; 0.25; 0.5; 0.75; 1.0; 0.75; 0.5; 0.25 ]
        (tuned (Decay.linear |> Decay.afterWarmup (Length.Epochs 1.0)))

[<Fact>]
let ``The former schedules are what they were, in JSON and hash`` () =
    Assert.Contains("\"Decay\": \"Cosine\"", Run.toJson tiny)

    let tuned decay =
        tiny |> measuring [ Measurement.LinearSgd { classifier with Decay = decay } ]
    // Once: that of the pretraining.
    let named (json: string) = json.Split("\"Decay\"").Length - 1
    Assert.Equal(1, named (Run.toJson (tuned Decay.Cosine)))
    Assert.Equal(2, named (Run.toJson (tuned Decay.Constant)))
    Assert.NotEqual<string>(Run.hash (tuned Decay.Cosine), Run.hash (tuned Decay.Constant))

[<Fact>]
let ``A schedule is read and set by its path, and varies as all else does`` () =
    let run = tiny |> Run.withDecay (Decay.steps 0.1 [ 0.5 ])
    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Contains(("Schedule.Decay", "Steps"), Run.paths run)
    Assert.Contains(("Schedule.Decay[0].Factor", "0.1"), Run.paths run)

    match Run.set "Schedule.Decay" "{ \"Linear\": { \"from\": 1, \"until\": 0.1 } }" tiny with
    | Ok changed -> Assert.Equal(Decay.Linear(1.0, 0.1), changed.Schedule.Decay)
    | Error why -> Assert.Fail why

[<Fact>]
let ``What is wrong with a schedule is said`` () =
    let wrong =
        [
            "Schedule.Decay.until is -0.5", Decay.Linear(1.0, -0.5)
            "Schedule.Decay.exponent is 0", Decay.power 0.0
            "has no milestone", Decay.Steps []
            "not in order", Decay.steps 0.1 [ 0.8; 0.6 ]
            "Schedule.Decay.length.Share is 1.5", Decay.Constant |> Decay.followedBy Decay.linear (Length.Share 1.5)
            "Schedule.Decay.times is 0", Decay.Cosine |> Decay.repeated 0
            "counts out 3 epochs, but there are 2", Decay.Constant |> Decay.followedBy Decay.linear (Length.Epochs 3.0)
            "epochs, shares and steps together",
            Decay.Steps
                [
                    {
                        Milestone.At = Length.Steps 3
                        Factor = 0.5
                    }
                    {
                        Milestone.At = Length.Share 0.9
                        Factor = 0.1
                    }
                ]
        ]

    for expected, decay in wrong do
        Assert.Contains(expected, Assert.Single(Run.problems (tiny |> Run.withDecay decay)))

    let training =
        { classifier with
            Decay = Decay.power -1.0
        }

    let problem =
        Assert.Single(Run.problems (tiny |> measuring [ Measurement.LinearSgd training ]))

    Assert.Contains("LinearSgd.Decay.exponent is -1", problem)
