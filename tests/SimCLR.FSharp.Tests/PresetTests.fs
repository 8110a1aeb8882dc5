module SimCLR.Tests.PresetTests

open SimCLR
open Xunit

let private all = [ Preset.Standard; Preset.Smoke; Preset.Cpu; Preset.Paper ]

let private images =
    [
        None
        Some Images.shapes
        Some Images.cifar10
        Some Images.cifar100
        Some Images.fashionMnist
        Some(Images.folder None "/data")
        Some(Images.folder (Some 64) "/data" |> Images.limit 20000)
    ]

[<Fact>]
let Every_preset_can_start_on_every_data_set () =
    for preset in all do
        for images in images do
            let run = Preset.run preset images
            let grown = run |> Run.withBatchSize (min run.BatchSize 500)
            Assert.Equal<string list>([], Run.problems grown)

[<Fact>]
let Unasked_a_script_runs_what_it_always_has () =
    Assert.Equal(Run.shapes, Preset.run Preset.Standard None)
    Assert.Equal(Run.cifar10, Preset.run Preset.Standard (Some Images.cifar10))

[<Fact>]
let The_paper_preset_is_the_papers_recipe () =
    Assert.Equal(Recipe.paperImageNet, Preset.run Preset.Paper None)
    Assert.Equal(Recipe.paperCifar10, Preset.run Preset.Paper (Some Images.cifar10))

    let folder = Preset.run Preset.Paper (Some(Images.folder None "/imagenet"))
    Assert.Equal(Recipe.paperImageNet |> Run.withImages (Images.folder (Some 256) "/imagenet"), folder)

[<Fact>]
let The_smaller_presets_cost_less () =
    /// Views that the encoder sees.
    let cost preset =
        let run = Preset.run preset None
        let count = Images.knownCount run.Images |> Option.defaultValue 1281167
        2 * count * run.Epochs

    Assert.Equal(2048, cost Preset.Smoke)
    Assert.Equal(80_000, cost Preset.Standard)
    Assert.Equal(400_000, cost Preset.Cpu)

[<Fact>]
let Names_are_read_as_they_are_written () =
    for preset in List.tail all do
        Assert.Equal(Ok preset, Preset.parse (Preset.name preset))

    match Preset.parse "laptop" with
    | Error message -> Assert.Contains("smoke, cpu or paper", message)
    | Ok preset -> Assert.Fail $"{preset}"
