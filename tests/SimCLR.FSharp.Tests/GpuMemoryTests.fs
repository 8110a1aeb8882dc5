module SimCLR.Tests.GpuMemoryTests

open SimCLR
open Xunit

let private activations side encoder =
    GpuMemory.activations side encoder
    |> Option.defaultValue nan
    |> fun count -> count / 1e6

// Radosavovic et al. 2020 (2003.13678) and timm's table of activations: 2.5, 3.7, 11.1, 16.2 and 22.6 million; here 22.55.
[<Fact>]
let Activations_of_ResNets_are_those_that_are_published () =
    for depth, millions in [ 18, 2.48; 34, 3.74; 50, 11.11; 101, 16.23; 152, 22.55 ] do
        let encoder = Encoder.resNet depth |> Encoder.withStem Stem.ImageNet
        Assert.Equal(millions, activations 224 encoder, 2)

[<Fact>]
let Activations_of_a_plain_network_are_those_counted_by_hand () =
    // 16² · 8 + 8² · 4.
    Assert.Equal(0.002304, activations 32 (Encoder.SmallConv [ 8; 4 ]), 6)

[<Fact>]
let Memory_grows_with_part_batch_and_precision () =
    let run = Recipe.paperImageNet
    let gb part run = (GpuMemory.ofPart part run).Value / 1e9
    // 2 views · 256 · 11.114e6 numbers · 2 of 2 bytes; 2 · 256 · 3 · 224² · 4 bytes of views; 4096 · 3 · 256² bytes; 16 bytes for each of 24 million weights
    // and of the head's 2048 · 2048 + 2048 · 128.
    Assert.Equal(22.761 + 0.308 + 0.805 + 0.384 + 0.071, gb 256 run, 2)
    Assert.Equal(gb 256 run + 22.761 + 0.308, gb 512 run, 2)
    Assert.Equal(gb 256 run + 22.761, gb 256 (Run.withPrecision Precision.Float32 run), 2)
    Assert.Equal(None, GpuMemory.ofRun (run |> Run.withImages (Images.folder None "/of-unknown-size")))

[<Fact>]
let Further_views_and_what_a_method_keeps_beside_are_counted () =
    let gb run = (GpuMemory.ofPart 256 run).Value / 1e9
    let run = Recipe.paperImageNet |> Run.withMethod (Method.swav 3000)
    let pair = gb run
    // A crop of 96 pixels has (96 / 224)² of the numbers, all its sides being divisible alike.
    let crops = gb (run |> Run.withMultiCrop 6 96 0.14)
    Assert.Equal(3.0 * (22.761 + 0.308) * (96.0 / 224.0) ** 2.0, crops - pair, 1)
    let simClr = gb Recipe.paperImageNet
    // 16 bytes for each of 3000 · 128 prototypes.
    Assert.Equal(0.00614, pair - simClr, 4)

    let beside method =
        gb (Recipe.paperImageNet |> Run.withMethod method) - simClr

    let networks = 4.0 * (24e6 + 2048.0 * 2048.0 + 2048.0 * 128.0) / 1e9
    Assert.Equal(networks + 4.0 * 65536.0 * 128.0 / 1e9, beside (Method.moCo 65536), 4)
    // A predictor from 128 to 4096 and back.
    Assert.Equal(networks + 16.0 * 2.0 * 128.0 * 4096.0 / 1e9, beside Method.byol, 4)
    Assert.Equal(networks + 20.0 * 65536.0 * 128.0 / 1e9, beside (Method.dino 65536), 3)
    Assert.Equal(0.0, beside Method.barlowTwins, 6)

    // 4096 images, 4097 prototypes each.
    Assert.Equal(
        4.0 * 4096.0 * 4097.0 * 128.0 / 1e9,
        beside (Method.instanceDiscrimination |> Method.withNoise 4096)
        - beside Method.instanceDiscrimination,
        3
    )

    let bank =
        Run.cifar10
        |> Run.withMethod Method.instanceDiscrimination
        |> WeightCount.ofMethod 11e6

    Assert.Equal((0.0, 50_000.0 * 128.0), bank)

[<Fact>]
let A_run_is_cut_into_halves_until_it_fits () =
    let run = Recipe.paperImageNet

    let parts gib =
        (GpuMemory.fit gib run).MicroBatches |> Option.map _.Size

    Assert.Equal<int option list>([ None; Some 1024; Some 512; Some 128 ], List.map parts [ 450.0; 120.0; 74.5; 22.0 ])
    // Nothing else changes.
    Assert.Equal(
        run,
        { GpuMemory.fit 74.5 run with
            MicroBatches = None
        }
    )
