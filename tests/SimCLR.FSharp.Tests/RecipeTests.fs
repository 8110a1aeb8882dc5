module SimCLR.Tests.RecipeTests

open SimCLR
open Xunit

let private rate run =
    LearningRate.forBatch run.BatchSize run.LearningRate

let private jitter run =
    match run.ViewA with
    | View.Sequence views ->
        views
        |> List.pick (function
            | View.ColorJitter j -> Some j
            | _ -> None)
    | other -> failwith $"{other}"

let private has predicate run =
    match run.ViewA with
    | View.Sequence views -> List.exists predicate views
    | single -> predicate single

let private crops run =
    match run.ViewA with
    | View.Sequence(View.Crop c :: _) -> c
    | other -> failwith $"{other}"

[<Fact>]
let Every_recipe_can_start_and_says_where_it_comes_from () =
    for recipe in Recipe.all do
        Assert.Equal<string list>([], Run.problems recipe.Run)
        Assert.True(recipe.Source.Length > 10, recipe.Name)

    let runs = Recipe.all |> List.map _.Run
    Assert.Equal(runs.Length, (List.distinct runs).Length)

[<Fact>]
let The_papers_settings_on_ImageNet_are_those_of_its_text () =
    let run = Recipe.paperImageNet
    // 0.3 · 4096 / 256
    Assert.Equal(4.8, rate run, 12)
    Assert.Equal((4096, 100, 10.0), (run.BatchSize, run.Epochs, run.Schedule.WarmupEpochs))
    Assert.Equal((Loss.ntXent 0.1), run.Loss)

    Assert.Equal(
        Optimizer.Lars
            {
                Momentum = 0.9
                WeightDecay = 1e-6
                TrustCoefficient = 0.001
            },
        run.Optimizer
    )

    Assert.Equal((2, 128), (run.Head.Depth, run.Head.Output))
    let crop = crops run
    Assert.Equal((224, (0.08, 1.0), (3.0 / 4.0, 4.0 / 3.0)), (crop.Size, crop.Area, crop.Ratio))
    let jitter = jitter run

    Assert.Equal(
        (0.8, 0.8, 0.8, 0.2, 0.8),
        (jitter.Brightness, jitter.Contrast, jitter.Saturation, jitter.Hue, jitter.Probability)
    )

    Assert.True(run |> has ((=) (View.Grayscale 0.2)))

    Assert.True(
        run
        |> has (
            (=) (
                View.Blur
                    {
                        Probability = 0.5
                        Sigma = 0.1, 2.0
                        KernelFraction = 0.1
                    }
            )
        )
    )

    match run.Encoder with
    | Encoder.ResNet r -> Assert.Equal((50, 1.0, Stem.ImageNet), (r.Depth, r.Width, r.Stem))
    | other -> Assert.Fail $"{other}"

let private isBlur view =
    match view with
    | View.Blur _ -> true
    | _ -> false

[<Fact>]
let On_CIFAR_10_there_is_half_the_colour_no_blur_and_another_stem () =
    for run in [ Recipe.paperCifar10; Recipe.googleReference ] do
        Assert.Equal((0.4, 0.1), ((jitter run).Brightness, (jitter run).Hue))
        Assert.False(run |> has isBlur)
        Assert.Equal(Some 0.5, Loss.temperature run.Loss)

        match run.Encoder with
        | Encoder.ResNet r -> Assert.Equal(Stem.Cifar, r.Stem)
        | other -> Assert.Fail $"{other}"

[<Fact>]
let The_reference_codes_rate_is_scaled_by_its_batch () =
    let run = Recipe.googleReference
    Assert.Equal((512, 1000), (run.BatchSize, run.Epochs))
    // --learning_rate=1.0 --train_batch_size=512, with learning_rate_scaling=linear.
    Assert.Equal(2.0, rate run, 12)
    Assert.Equal(Interpolation.Bicubic, (crops run).Interpolation)

[<Fact>]
let The_community_recipes_have_their_learning_rates () =
    // 0.03 · 512 / 256, 0.06 · 128 / 128, 0.4 · 256 / 256.
    Assert.Equal(0.06, rate Recipe.dkobak, 12)
    Assert.Equal(0.06, rate (Recipe.lightly |> Run.withBatchSize 64) * 2.0, 12)
    Assert.Equal(0.06, rate Recipe.lightly, 12)
    Assert.Equal(0.4, rate Recipe.soloLearn, 12)
    Assert.True(Recipe.soloLearn |> has isBlur)
    Assert.Equal(0.2, fst (crops Recipe.mocoV2Views).Area)

[<Fact>]
let A_diff_lists_the_choices_in_which_two_recipes_differ () =
    let differences = Run.diff Recipe.dkobak Recipe.googleReference

    let texts =
        [ for path, _, _ in differences -> path.Split('[').[0] ]
        |> List.distinct
        |> List.sort

    Assert.Equal<string list>(
        [
            "Encoder.ZeroInitResidual"
            "Head.BatchNorm"
            "Head.Hidden"
            "LearningRate"
            "Optimizer"
            "Schedule.WarmupEpochs"
            "ViewA"
            "ViewB"
        ],
        texts
    )

    Assert.Contains(("LearningRate", "0.03", "1.0"), differences)
    Assert.Contains(("Schedule.WarmupEpochs", "0.0", "10.0"), differences)
    Assert.Contains(("ViewA[3]", "0.1", "0.2"), differences)
    Assert.Contains(("ViewA[0].Interpolation", "Interpolation.Bilinear", "Interpolation.Bicubic"), differences)

[<Fact>]
let The_CIFAR_10_run_is_the_reference_codes_but_for_its_views_and_epochs () =
    let scaled = Run.scaled Run.cifar10
    Assert.Equal(LearningRate.Linear 1.0, scaled.LearningRate)

    Assert.Equal<string Set>(
        set
            [
                for view in [ "ViewA"; "ViewB" ] do
                    $"{view}[0].Interpolation"
                    $"{view}[2].ContrastMean"
                "Epochs"
            ],
        set [ for path, _, _ in Run.diff scaled Recipe.googleReference -> path ]
    )

[<Fact>]
let A_scaled_learning_rate_is_the_same_at_its_batch_and_follows_another () =
    let rate run =
        LearningRate.forBatch run.BatchSize run.LearningRate

    Assert.Equal(2.0, rate Run.cifar10)
    Assert.Equal(2.0, rate (Run.scaled Run.cifar10))
    Assert.Equal(0.5, rate (Run.cifar10 |> Run.scaled |> Run.withBatchSize 128))
    Assert.Equal(2.0, rate (Run.cifar10 |> Run.withBatchSize 128))
    Assert.Equal(Run.shapes, Run.scaled Run.shapes)

[<Fact>]
let Methods_of_recipes_are_those_of_their_sources () =
    let moCo = Recipe.moCoNotebook
    Assert.Equal((512, 200, 0.06), (moCo.BatchSize, moCo.Epochs, rate moCo))

    Assert.Equal(
        Method.MoCo
            {
                Queue = 4096
                Momentum = { Start = 0.99; End = 0.99 }
                Temperature = 0.1
                Symmetric = false
                NormGroups = 8
            },
        moCo.Method
    )

    Assert.Equal((1, 128, false), (moCo.Head.Depth, moCo.Head.Output, moCo.Head.BatchNorm))
    // 0.03 · 512 / 256
    Assert.Equal(
        (0.06, 2, 2048),
        (rate Recipe.simSiamCifar10, Recipe.simSiamCifar10.Head.Depth, Recipe.simSiamCifar10.Head.Output)
    )
    // 0.2 · 4096 / 256, 0.2 · 2048 / 256
    Assert.Equal((3.2, 1.6), (rate Recipe.byolImageNet, rate Recipe.barlowTwinsImageNet))
    Assert.Equal((3, 8192), (Recipe.vicRegImageNet.Head.Depth, Recipe.vicRegImageNet.Head.Output))

    for recipe in Recipe.all do
        match recipe.Run.Method with
        | Method.SimClr -> ()
        | method ->
            // DINO has no batch norm in the head of a transformer.
            let head =
                { Method.headOf method recipe.Run.Head with
                    BatchNorm = not (method.IsDino && recipe.Run.Encoder.IsViT)
                }

            Assert.Equal(
                (if method.IsMoCo then
                     Method.headOf method recipe.Run.Head
                 else
                     head),
                recipe.Run.Head
            )

            Assert.Equal(Loss.OfMethod, recipe.Run.Loss)

/// Sizes, areas and number of crops.
let private cropsOf (run: Run) =
    let crop view =
        match view with
        | View.Sequence(View.Crop c :: _) -> c.Size, c.Area
        | other -> failwith $"{other}"

    [
        1, crop run.ViewA
        1, crop run.ViewB
        for counted in run.MoreViews do
            counted.Count, crop counted.View
    ]

[<Fact>]
let Crops_and_schedules_of_SwAV_and_DINO_are_those_of_their_code () =
    let swav = Recipe.swavImageNet

    Assert.Equal<(int * (int * (float * float))) list>(
        [ 1, (224, (0.14, 1.0)); 1, (224, (0.14, 1.0)); 6, (96, (0.05, 0.14)) ],
        cropsOf swav
    )

    // 4.8 to 0.0048.
    Assert.Equal((4.8, 800, Decay.CosineBetween(1.0, 0.001)), (rate swav, swav.Epochs, swav.Schedule.Decay))
    // A kernel of 23 pixels: a radius of int(side · fraction / 2).
    for counted in swav.MoreViews do
        match counted.View with
        | View.Sequence views ->
            Assert.Contains(
                11,
                [
                    for view in views do
                        match view with
                        | View.Blur b -> int (96.0 * b.KernelFraction / 2.0)
                        | _ -> ()
                ]
            )
        | other -> failwith $"{other}"

    for dino, batch, warmup in
        [
            Recipe.dinoImageNet, 512, None
            Recipe.dinoLongImageNet, 1024, Some { From = 0.04; Epochs = 30 }
        ] do
        Assert.Equal<(int * (int * (float * float))) list>(
            [ 1, (224, (0.4, 1.0)); 1, (224, (0.4, 1.0)); 8, (96, (0.05, 0.4)) ],
            cropsOf dino
        )

        Assert.Equal(0.0005 * float batch / 256.0, rate dino, 12)

        match dino.Schedule.Decay, dino.Schedule.WeightDecayFactor, dino.Optimizer, dino.Method with
        | Decay.CosineBetween(1.0, until), Decay.CosineBetween(1.0, more), Optimizer.Adam adam, Method.Dino s ->
            Assert.Equal(1e-6, until * rate dino, 15)
            Assert.Equal((0.04, 0.4), (adam.WeightDecay, adam.WeightDecay * more))
            Assert.Equal(warmup, s.TeacherWarmup)
        | other -> failwith $"{other}"

    Assert.Equal<(int * (int * (float * float))) list>(
        [ 1, (32, (0.2, 1.0)); 1, (32, (0.2, 1.0)); 6, (18, (0.08, 0.5)) ],
        cropsOf Recipe.soloSwavMultiCrop
    )

[<Fact>]
let BYOLs_views_differ_in_blur_and_solarization () =
    let steps view =
        match view with
        | View.Sequence views -> views
        | single -> [ single ]

    let blurs view =
        steps view
        |> List.choose (function
            | View.Blur b -> Some b.Probability
            | _ -> None)

    let a, b = Views.byol
    Assert.Equal<float list>([ 1.0 ], blurs a)
    Assert.Equal<float list>([ 0.1 ], blurs b)
    Assert.DoesNotContain(View.solarize 0.2, steps a)
    Assert.Contains(View.solarize 0.2, steps b)

[<Fact>]
let The_difference_of_two_recipes_of_one_method_is_a_list_of_choices () =
    let differences = Run.diff Recipe.moCoNotebook Recipe.soloMoCo

    for path, first, second in
        [
            "Method.Queue", "4096", "32768"
            "Method.Symmetric", "false", "true"
            "Method.NormGroups", "8", "1"
            "Method.Temperature", "0.1", "0.2"
            "Head.Depth", "1", "2"
            "BatchSize", "512", "256"
        ] do
        Assert.Contains((path, first, second), differences)
