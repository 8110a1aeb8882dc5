/// The model of what several GPUs come to (./simclr bench ranks --model), by hand.
module SimCLR.Tests.ScalingModelTests

open System
open SimCLR.Benchmarks
open Xunit

let private near (expected: float) (actual: float) = Assert.Equal(expected, actual, 1e-12)

/// A second for a message, and a second for a byte.
let private slow = Link(1.0, 1.0)

[<Fact>]
let ``A ring passes a part on in every turn`` () =
    // 4 ranks, 8 bytes: 6 turns of 1 s latency and 2 bytes each.
    near (6.0 * (1.0 + 2.0)) (slow.AllReduce(8.0, 4))
    // 3 turns with the 5 bytes of a neighbour.
    near (3.0 * (1.0 + 5.0)) (slow.AllGather(5.0, 4))
    near 0.0 (slow.AllReduce(8.0, 1))
    near 0.0 (slow.AllGather(8.0, 1))

[<Fact>]
let ``Between machines each GPU has a part of the bytes and of the network`` () =
    let cluster = Cluster(Link(0.0, 100.0), 4, Link(0.0, 8.0))
    // Within a machine of 4: 2 * 3/4 * 16 / 100. Between 3 machines: 4 bytes for each GPU at 2 bytes/s, 2 * 2/3 * 4 / 2.
    near (0.24 + 8.0 / 3.0) (cluster.AllReduce(16.0, 12))
    near 0.24 (cluster.AllReduce(16.0, 4))
    // From 2 other machines 16 bytes each at 2 bytes/s; within, 3 times the 48 bytes of a neighbour.
    near (16.0 + 1.44) (cluster.AllGather(16.0, 12))

    Assert.Throws<ArgumentException>(fun () -> cluster.AllReduce(1.0, 6) |> ignore)
    |> ignore

[<Fact>]
let ``Every exchange of a step is counted`` () =
    let exchange = StepExchange(100L, [| 3L; 5L |], 8, 16)
    let sums, gathers = ResizeArray(), ResizeArray()

    let seconds =
        exchange.Seconds(
            2,
            (fun bytes ->
                sums.Add bytes
                1.0),
            (fun bytes ->
                gathers.Add bytes
                10.0)
        )

    Assert.Equal<float>([ 400.0; 24.0; 40.0 ], sums)
    // 4 labels; 4 rows of 16 numbers, which two views have; 2 C + 1 numbers of each norm.
    Assert.Equal<float>([ 32.0; 256.0; 28.0; 44.0 ], gathers)
    near (3.0 + 10.0 * (1.0 + 2.0 + 2.0)) seconds

[<Fact>]
let ``Efficiency falls with what is exchanged and with what every rank computes alike`` () =
    let model exchange loss =
        ScalingModel(exchange, Cluster(slow, 8, slow), 1.0, loss)

    let nothing = StepExchange(0L, [||], 80, 0)
    let free = Cluster(Link(0.0, infinity), 8, Link(0.0, infinity))
    near 1.0 (ScalingModel(nothing, free, 1.0, 0.0).Efficiency 8)
    // 80 s by one GPU, of which 8 by every one alike: 72 / 8 + 8 by eight.
    near (80.0 / (8.0 * 17.0)) (ScalingModel(nothing, free, 1.0, 8.0).Efficiency 8)
    near 1.0 ((model nothing 0.0).Efficiency 1)

    Assert.True(
        (model (StepExchange(1000L, [||], 80, 0)) 0.0).Efficiency 8 <
            (model (StepExchange(100L, [||], 80, 0)) 0.0).Efficiency 8
    )
