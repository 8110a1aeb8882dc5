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
                SelectiveKernel = None
            }

    Assert.Equal(expected, Encoder.resNet 50 |> Encoder.withWidth 2.0 |> Encoder.withStem Stem.ImageNet)

[<Fact>]
let A_width_that_leaves_no_channel_is_a_problem () =
    let thin =
        Run.shapes |> Run.withEncoder (Encoder.smallConv |> Encoder.withWidth 0.001)

    Assert.Equal(Error 3, Run.validate thin |> Result.mapError List.length)

[<Fact>]
let Width_gives_a_transformer_whole_heads () =
    Assert.Equal(Encoder.vitSmall 16 224, Encoder.vitTiny 16 224 |> Encoder.withWidth 2.0)

    match Encoder.vitTiny 4 32 |> Encoder.withWidth 0.1 with
    | Encoder.ViT v -> Assert.Equal((1, 64), (v.Heads, v.Dim))
    | other -> Assert.Fail $"{other}"

let private problems encoder =
    match Run.validate (Run.shapes |> Run.withEncoder encoder) with
    | Ok _ -> []
    | Error wrong -> wrong

[<Fact>]
let Transformers_that_fit_the_images_are_valid () =
    Assert.Equal<string list>([], problems (Encoder.vitTiny 4 32))
    Assert.Equal<string list>([], problems (Encoder.vitSmall 16 224 |> Encoder.withImageSize 32))

[<Fact>]
let A_transformer_for_other_images_is_a_problem_with_its_remedy () =
    let line = Assert.Single(problems (Encoder.vitTiny 16 224))
    Assert.Contains("Encoder.ImageSize is 224", line)
    Assert.Contains("Encoder.withImageSize 32", line)

[<Fact>]
let A_patch_that_does_not_divide_the_image_is_a_problem () =
    Assert.Contains("Encoder.Patch is 5", Assert.Single(problems (Encoder.vitTiny 5 32)))

[<Fact>]
let Selective_kernels_without_bottlenecks_are_a_problem () =
    Assert.Equal<string list>([], problems (Encoder.resNet 50 |> Encoder.withSelectiveKernel))

    Assert.Contains("depth 18 has none", Assert.Single(problems (Encoder.resNet 18 |> Encoder.withSelectiveKernel)))

[<Fact>]
let Scripts_name_encoders () =
    let named (name: string) =
        (Sweep.fromArgs "test" [ "--encoder"; name ]).Baseline.Encoder

    Assert.Equal(Encoder.smallConv, named "small")
    Assert.Equal(Encoder.resNet 34, named "resnet34")
    Assert.Equal(Encoder.resNet 50 |> Encoder.withSelectiveKernel, named "resnet50-sk")
    Assert.Equal(Encoder.vitTiny 4 32, named "vit-ti")
    Assert.Equal(Encoder.vitSmall 8 32, named "ViT-S/8")

/// A run of a second or two on 16-pixel images.
let private tiny encoder =
    { Run.shapes with
        Images =
            {
                Source = ImageSource.Shapes { Train = 40; Test = 20; Size = 16 }
                TrainLimit = None
            }
        ViewA = View.crop 16 >-> View.flip
        ViewB = View.crop 16 >-> View.flip
        Encoder = encoder
        Schedule = Schedule.cosine 0.0
        BatchSize = 10
        Epochs = 1
    }

[<Fact>]
let Every_kind_of_encoder_trains () =
    let encoders =
        [
            Encoder.resNet 18 |> Encoder.withWidth 0.125
            Encoder.resNet 50 |> Encoder.withWidth 0.125 |> Encoder.withSelectiveKernel
            Encoder.ViT
                {
                    Patch = 4
                    ImageSize = 16
                    Dim = 24
                    Depth = 2
                    Heads = 3
                    FrozenPatches = false
                }
        ]

    Samples.withFolder (fun folder ->
        for encoder in encoders do
            let outcome =
                { Executor.local with
                    Device = Cpu
                    Store = Store.ofFolder folder
                    Observer = Observer.silent
                }
                |> Execution.run (tiny encoder)

            Assert.Equal(4L, outcome.Steps)
            Assert.True(System.Double.IsFinite outcome.FinalLoss, $"{encoder}"))
