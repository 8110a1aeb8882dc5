/// A worker's messages among the lines that its script prints.
[<Xunit.Collection "alone">]
module SimCLR.Tests.RelayTests

open System
open System.IO
open SimCLR
open SimCLR.Tests
open Xunit

/// The messages that events become.
let private relayed events =
    let before = Console.Out
    use text = new StringWriter()
    Console.SetOut text

    try
        printf "half a line of the script "
        List.iter (Relay.observer ()) events
    finally
        Console.SetOut before

    text.ToString().Split '\n' |> Seq.choose Relay.tryRead |> List.ofSeq

[<Fact>]
let What_a_worker_does_is_read_as_it_was_sent () =
    let cell =
        (Grid.from Run.cifar10 |> Grid.vary "temperature" Run.withTemperature [ 0.1 ]).Cells.Head

    let stage: Stage =
        {
            Of = "linear SGD"
            Point =
                { (Samples.outcome 0.5).Curve.Head with
                    Figures = Map [ "loss", nan ]
                }
            TotalSteps = 5_000_000_000L
            Remaining = TimeSpan.FromSeconds 1.5
        }

    let failure =
        {
            Reason = "libtorch failed"
            Detail = "\"quoted\"\nin two lines"
        }

    let messages =
        relayed
            [
                Event.Noted "ä word"
                Event.Began(3, 7, cell)
                Event.Stepped(cell.Run, stage)
                Event.Measured(cell.Run, (Samples.outcome 0.5).Figures)
                Event.Interrupted(cell, Some 390L)
                Event.Waiting 2
                Event.Began(3, 7, cell)
                Event.Ended
                    {
                        Cell = cell
                        Result = Error failure
                        Stored = false
                    }
            ]

    Assert.Equal<string list>(
        [
            Relay.Message.Noted "ä word"
            Relay.Message.Began(3, 7, cell)
            Relay.Message.Stepped stage
            Relay.Message.Measured (Samples.outcome 0.5).Figures
            Relay.Message.Interrupted(Some 390L)
            Relay.Message.Began(3, 7, cell)
            Relay.Message.Ended(Some failure)
        ]
        |> List.map (sprintf "%A"),
        messages |> List.map (sprintf "%A")
    )

[<Fact>]
let What_a_script_prints_is_no_message () =
    Assert.Equal(None, Relay.tryRead "simclr {\"Noted\":\"x\"}")
    Assert.Equal(None, Relay.tryRead "\u0001simclr half")
