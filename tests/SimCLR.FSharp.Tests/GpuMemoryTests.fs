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
    // 2 views · 256 · 11.114e6 numbers · 2 of 2 bytes; 2 · 256 · 3 · 224² · 4 bytes of views; 4096 · 3 · 256² bytes; 16 bytes for each of 24 million weights.
    Assert.Equal(22.761 + 0.308 + 0.805 + 0.384, gb 256 run, 2)
    Assert.Equal(gb 256 run + 22.761 + 0.308, gb 512 run, 2)
    Assert.Equal(gb 256 run + 22.761, gb 256 (Run.withPrecision Precision.Float32 run), 2)
    Assert.Equal(None, GpuMemory.ofRun (run |> Run.withImages (Images.folder None "/of-unknown-size")))

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
