module SimCLR.Tests.EncoderTests

open SimCLR
open Xunit

[<Fact>]
let Width_multiplies_the_channels_of_a_small_network () =
    Assert.Equal(Encoder.SmallConv [ 16; 32; 64 ], Encoder.smallConv |> Encoder.withWidth 0.5)

[<Fact>]
let Width_and_stem_of_a_ResNet_are_set () =
    let expected =
        Encoder.ResNet
            {
                Depth = 50
                Width = 2.0
                Stem = Stem.ImageNet
                ZeroInitResidual = true
            }

    Assert.Equal(expected, Encoder.resNet 50 |> Encoder.withWidth 2.0 |> Encoder.withStem Stem.ImageNet)

[<Fact>]
let A_width_that_leaves_no_channel_is_a_problem () =
    let thin = Run.shapes |> Run.encoder (Encoder.smallConv |> Encoder.withWidth 0.001)

    Assert.Equal(Error 3, Run.validate thin |> Result.mapError List.length)
