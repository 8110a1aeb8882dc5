module SimCLR.Tests.LossTests

open System
open System.IO
open SimCLR
open Xunit

let private all =
    [
        Loss.ntXent 0.5
        Loss.ntLogistic 0.5
        Loss.ntLogistic 0.5 |> Loss.semiHard
        Loss.marginTriplet 0.4
        Loss.marginTriplet 0.4 |> Loss.semiHard
        Loss.dcl 0.1
        Loss.debiased 0.5 0.1
        Loss.hardNegative 0.5 1.0 0.1
        Loss.supCon 0.1
    ]

[<Fact>]
let ``Every loss can train`` () =
    let folder = Directory.CreateTempSubdirectory "simclr-losses-"

    try
        let tiny =
            { Run.shapes with
                Images =
                    {
                        Source = ImageSource.Shapes { Train = 40; Test = 20; Size = 16 }
                        TrainLimit = None
                    }
                ViewA = View.crop 16
                ViewB = View.crop 16
                Encoder = Encoder.SmallConv [ 8 ]
                Schedule = Schedule.cosine 0.0
                BatchSize = 10
                Epochs = 2
            }

        let executor =
            { Executor.local with
                Device = Cpu
                Store = Store.at folder.FullName
                Progress = Progress.silent
            }

        let losses =
            [
                for loss in all do
                    let outcome = executor |> Executor.run (Run.loss loss tiny)
                    Assert.True(Double.IsFinite outcome.FinalLoss, string loss)
                    outcome.FinalLoss
            ]

        // A loss that was lowered to another one would repeat its value.
        Assert.Equal(all.Length, (List.distinct losses).Length)
    finally
        folder.Delete true

[<Fact>]
let ``A temperature is set where there is one`` () =
    for loss in all do
        match Loss.temperature loss with
        | Some _ -> Assert.Equal(Some 0.3, loss |> Loss.withTemperature 0.3 |> Loss.temperature)
        | None ->
            let error =
                Assert.Throws<ArgumentException>(fun () -> Loss.withTemperature 0.3 loss |> ignore)

            Assert.Contains("margin", error.Message)

[<Fact>]
let ``Only the paper's two have a semi-hard form`` () =
    let error =
        Assert.Throws<ArgumentException>(fun () -> Loss.semiHard (Loss.ntXent 0.5) |> ignore)

    Assert.Contains("NtLogistic and MarginTriplet", error.Message)
