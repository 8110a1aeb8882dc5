/// Mistakes of other toolkits that a recipe can make; those of the components are in tests/SimCLR.Core.Tests/Mistakes.
module SimCLR.Tests.RecipeMistakesTests

open SimCLR
open Xunit

let rec private steps view =
    match view with
    | View.Sequence views -> List.collect steps views
    | step -> [ step ]

/// The runs that scripts begin with; recipes of other toolkits keep the choices of their sources.
let private small =
    [
        "Run.shapes", Run.shapes
        "Run.cifar10", Run.cifar10
        "paperCifar10", Recipe.paperCifar10
        "googleReference", Recipe.googleReference
        for preset in [ Preset.Standard; Preset.Smoke; Preset.Cpu; Preset.Gpu; Preset.Paper ] do
            $"preset {Preset.name preset}", Preset.run preset (Some Images.cifar10)
    ]

[<Fact>]
let ``Runs on 32-pixel images have neither blur nor strength 1`` () =
    let full = steps (View.colorJitter 1.0) |> List.exactlyOne

    for name, run in small do
        for step in steps run.ViewA @ steps run.ViewB do
            match step, full with
            | View.Blur _, _ -> Assert.Fail $"{name} blurs"
            | View.ColorJitter jitter, View.ColorJitter full ->
                Assert.True(jitter.Brightness < full.Brightness && jitter.Hue < full.Hue, $"{name} is at full strength")
            | _ -> ()

[<Fact>]
let ``Runs on 32-pixel images have the stem for small images`` () =
    for name, run in small do
        match run.Encoder with
        | Encoder.ResNet settings -> Assert.True((settings.Stem = Stem.Cifar), $"{name} has the ImageNet stem")
        | _ -> ()
