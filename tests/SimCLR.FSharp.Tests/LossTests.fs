module SimCLR.Tests.LossTests

open System
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
    Samples.withFolder (fun folder ->
        let executor =
            { Executor.local with
                Device = Cpu
                Store = Store.ofFolder folder
                Observer = Observer.silent
            }

        let losses =
            [
                for loss in all do
                    let outcome = executor |> Execution.run (Run.withLoss loss Samples.tiny)
                    Assert.True(Double.IsFinite outcome.FinalLoss, string loss)
                    outcome.FinalLoss
            ]

        // A loss that was lowered to another one would repeat its value.
        Assert.Equal(all.Length, (List.distinct losses).Length))

[<Fact>]
let ``A temperature is set where there is one`` () =
    for loss in all do
        match Loss.temperature loss with
        | Some _ -> Assert.Equal(Some 0.3, loss |> Loss.withTemperature 0.3 |> Loss.temperature)
        | None ->
            let error =
                Assert.ThrowsAny<ArgumentException>(fun () -> Loss.withTemperature 0.3 loss |> ignore)

            Assert.Contains("margin", error.Message)

[<Fact>]
let ``Only the paper's two have a semi-hard form`` () =
    let error =
        Assert.ThrowsAny<ArgumentException>(fun () -> Loss.semiHard (Loss.ntXent 0.5) |> ignore)

    Assert.Contains("NtLogistic and MarginTriplet", error.Message)
