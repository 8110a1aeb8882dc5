module SimCLR.Tests.PresetTests

open SimCLR
open Xunit

let private all =
    [ Preset.Standard; Preset.Smoke; Preset.Cpu; Preset.Gpu; Preset.Paper ]

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
            let grown = run |> Run.withBatchSize (min run.BatchSize 500) |> Preset.fitted preset
            Assert.Equal<string list>([], Run.problems grown)

[<Fact>]
let Unasked_a_script_runs_what_it_always_has () =
    Assert.Equal(Run.shapes, Preset.run Preset.Standard None)
    Assert.Equal(Run.cifar10, Preset.run Preset.Standard (Some Images.cifar10))

[<Fact>]
let For_other_methods_generated_images_lose_their_colours_and_others_stay () =
    let colourless = Views.colourless 32
    let standard = Preset.forMethods Preset.Standard Run.shapes
    Assert.Equal((64, 30), (standard.BatchSize, standard.Epochs))
    Assert.Equal((colourless, colourless), (standard.ViewA, standard.ViewB))

    let smoke = Preset.run Preset.Smoke None
    let forMethods = Preset.forMethods Preset.Smoke smoke
    Assert.Equal((smoke.BatchSize, smoke.Epochs), (forMethods.BatchSize, forMethods.Epochs))
    Assert.Equal(colourless, forMethods.ViewA)

    for preset in all do
        let run = Preset.run preset (Some Images.cifar10)
        Assert.Equal(run, Preset.forMethods preset run)

[<Fact>]
let Generated_images_of_another_side_keep_it_for_other_methods () =
    let images =
        {
            Source = ImageSource.Shapes { Train = 512; Test = 256; Size = 48 }
            TrainLimit = None
        }

    let run =
        Preset.forMethods Preset.Standard (Preset.run Preset.Standard (Some images))

    Assert.Equal(48, View.outputSize 1 run.ViewA)

[<Fact>]
let The_paper_preset_is_the_papers_recipe () =
    let whole =
        Recipe.paperImageNet
        |> Run.withImages (Images.whole Recipe.paperImageNet.Images)

    Assert.Equal(whole, Preset.run Preset.Paper None)
    Assert.Equal(Recipe.paperCifar10, Preset.run Preset.Paper (Some Images.cifar10))

    let folder = Preset.run Preset.Paper (Some(Images.folder None "/imagenet"))

    Assert.Equal(
        Recipe.paperImageNet
        |> Run.withImages (Images.folder (Some 256) "/imagenet" |> Images.whole),
        folder
    )

[<Fact>]
let The_gpu_preset_is_a_night_of_one_GPU () =
    for images, stem in [ Images.cifar10, Stem.Cifar; Images.stl10, Stem.ImageNet ] do
        let run = Preset.run Preset.Gpu (Some images)
        Assert.Equal((200, 512), (run.Epochs, run.BatchSize))
        Assert.Equal(Images.knownSize images, Some(View.outputSize 1 run.ViewA))

        match run.Encoder with
        | Encoder.ResNet r -> Assert.Equal((18, 1.0, stem), (r.Depth, r.Width, r.Stem))
        | other -> Assert.Fail $"{other}"

        // It fits into a card of 24 GB as it is.
        Assert.Equal(run, GpuMemory.fit 22.0 run)

    Assert.Equal(Images.cifar10, (Preset.run Preset.Gpu None).Images)
    Assert.Equal(5, Preset.seeds Preset.Gpu)

[<Fact>]
let The_papers_runs_are_executed_in_parts_that_fit_into_80_GB () =
    let parts run =
        (Preset.fitted Preset.Paper run).MicroBatches |> Option.map _.Size

    let large = Preset.run Preset.Paper None
    // Two views of 512 images at 44.5 MB; of 1024 they are 91 GB.
    Assert.Equal(Some 512, parts large)
    Assert.Equal(None, parts (Run.withBatchSize 512 large))
    Assert.Equal(None, parts (Preset.run Preset.Paper (Some Images.cifar10)))
    let wide = large |> Run.withEncoder (Encoder.withWidth 4.0 large.Encoder)
    Assert.Equal(Some 128, parts wide)

    // What is said by hand stays, and the other presets change nothing.
    let byHand =
        { large with
            MicroBatches = Some { Size = 96; FreezeBatchNorm = false }
        }

    Assert.Equal(byHand, Preset.fitted Preset.Paper byHand)

    for preset in [ Preset.Standard; Preset.Smoke; Preset.Cpu; Preset.Gpu ] do
        Assert.Equal(large, Preset.fitted preset large)

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
    | Error message -> Assert.Contains("smoke, cpu, gpu or paper", message)
    | Ok preset -> Assert.Fail $"{preset}"

[<Fact>]
let A_script_of_small_images_stays_with_them_in_the_larger_presets () =
    let own = Run.cifar10 |> Run.withImages (Images.cifar10 |> Images.limit 10000)

    for make in
        [
            Sweep.ofRun own "small"
            Sweep.adaptedOn Images.cifar10 (fun _ run -> run) "small"
        ] do
        let baseline arguments = (make arguments).Baseline
        Assert.Equal(Recipe.paperCifar10, baseline [ "--preset"; "paper" ])
        Assert.Equal(Preset.run Preset.Gpu None, baseline [ "--preset"; "gpu" ])
        Assert.Equal(Images.stl10, (baseline [ "--preset"; "gpu"; "--data"; "stl10" ]).Images)
        Assert.Equal(Preset.run Preset.Smoke None, baseline [ "--preset"; "smoke" ])

    Assert.Equal(own, (Sweep.ofRun own "small" []).Baseline)

[<Fact>]
let A_sweep_of_the_papers_executes_its_runs_in_parts () =
    let sweep = Sweep.fromArgs "paper" [ "--preset"; "paper"; "--dry-run" ]
    Assert.Equal(Preset.run Preset.Paper None, sweep.Baseline)
    let parts = Preset.fitted sweep.Preset sweep.Baseline
    Assert.Equal(Some 512, parts.MicroBatches |> Option.map _.Size)
