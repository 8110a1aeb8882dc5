module SimCLR.Tests.RecipeTests

open System
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
            let head = Method.headOf method recipe.Run.Head

            Assert.Equal(
                (match recipe.Name with
                 // DINO has batch norm in its head where lightly trains it.
                 | "soloDino"
                 | "dinoImageNet"
                 | "dinoLongImageNet" -> { head with BatchNorm = false }
                 | _ -> head),
                recipe.Run.Head
            )

            Assert.Equal(Loss.OfMethod, recipe.Run.Loss)

/// How residual blocks begin, how input is normalized, how crops are resized, batch, rate, epochs and epochs of warmup.
let private choices (run: Run) =
    let ending view =
        match view with
        | View.Sequence steps ->
            match List.last steps with
            | View.Normalize n when n.Mean = [ 0.4914; 0.4822; 0.4465 ] -> $"CIFAR-10's {n.Deviation.Head}"
            | View.Normalize n when n.Mean = [ 0.485; 0.456; 0.406 ] -> $"ImageNet's {n.Deviation.Head}"
            | View.Normalize n -> $"{n}"
            | _ -> "none"
        | other -> failwith $"{other}"

    let normalization =
        run.ViewA :: run.ViewB :: [ for more in run.MoreViews -> more.View ]
        |> List.map ending
        |> List.distinct
        |> List.exactlyOne

    let first =
        match run.Encoder with
        | Encoder.ResNet r -> if r.ZeroInitResidual then "zero" else "drawn"
        | _ -> "transformer"

    first,
    normalization,
    string (crops run).Interpolation,
    (run.BatchSize, Math.Round(rate run, 9), run.Epochs, run.Schedule.WarmupEpochs)

[<Fact>]
let Every_recipe_of_a_method_begins_normalizes_and_moves_as_its_source () =
    let solo rate =
        "drawn", "CIFAR-10's 0.247", "Bicubic", (256, rate, 1000, 10.0)

    let lightly rate =
        "drawn", "ImageNet's 0.229", "Bilinear", (128, rate, 200, 0.0)

    let onImageNet first interpolation figures =
        first, "ImageNet's 0.229", interpolation, figures

    Assert.Equal<(string * (string * string * string * (int * float * int * float))) list>(
        [
            "soloLearn", solo 0.4
            "soloMoCo", solo 0.3
            "soloMoCoV3", solo 0.3
            "soloByol", solo 1.0
            "soloSimSiam", solo 0.5
            "soloBarlowTwins", solo 0.3
            "soloVicReg", solo 0.3
            "soloSwav", solo 0.6
            "soloSwavMultiCrop", solo 0.6
            "soloNnclr", solo 0.4
            "soloDino", solo 0.3
            "soloSupCon", solo 0.4
            "lightly", lightly 0.06
            "lightlyMoCo", lightly 0.06
            "lightlyByol", lightly 0.06
            "lightlySimSiam", lightly 0.06
            "lightlyBarlowTwins", lightly 0.06
            "lightlyNnclr", lightly 0.06
            "lightlySwav", lightly 0.001
            "lightlyDino", lightly 0.06
            "lightlyDcl", lightly 0.06
            "moCoNotebook", ("drawn", "CIFAR-10's 0.2023", "Bilinear", (512, 0.06, 200, 0.0))
            "simSiamCifar10", ("drawn", "none", "Bilinear", (512, 0.06, 800, 0.0))
            "instanceDiscriminationCifar10", ("drawn", "CIFAR-10's 0.2023", "Bilinear", (128, 0.03, 200, 0.0))
            "instanceDiscriminationImageNet", onImageNet "drawn" "Bilinear" (256, 0.03, 200, 0.0)
            "moCoV1ImageNet", onImageNet "drawn" "Bilinear" (256, 0.03, 200, 0.0)
            "moCoV2ImageNet", onImageNet "drawn" "Bilinear" (256, 0.03, 200, 0.0)
            "simClrV2ImageNet", ("zero", "none", "Bicubic", (4096, 6.4, 800, 40.0))
            "moCoV3ImageNet", onImageNet "zero" "Bilinear" (4096, 9.6, 100, 10.0)
            "byolImageNet", onImageNet "drawn" "Bicubic" (4096, 3.2, 1000, 10.0)
            "byol300ImageNet", onImageNet "drawn" "Bicubic" (4096, 4.8, 300, 10.0)
            "byol100ImageNet", onImageNet "drawn" "Bicubic" (4096, 7.2, 100, 10.0)
            "simSiamImageNet", onImageNet "zero" "Bilinear" (512, 0.1, 100, 0.0)
            "barlowTwinsImageNet", onImageNet "zero" "Bicubic" (2048, 1.6, 1000, 10.0)
            "vicRegImageNet", onImageNet "zero" "Bicubic" (2048, 1.6, 1000, 10.0)
            "nnclrImageNet", ("zero", "none", "Bicubic", (4096, 4.8, 1000, 10.0))
            "swavImageNet", ("drawn", "ImageNet's 0.228", "Bilinear", (4096, 4.8, 800, 10.0))
            "swavSmallBatchImageNet", ("drawn", "ImageNet's 0.228", "Bilinear", (256, 0.6, 200, 0.0))
            "moCoV3VitImageNet", onImageNet "transformer" "Bilinear" (4096, 0.0024, 300, 40.0)
            "dinoImageNet", onImageNet "transformer" "Bicubic" (512, 0.001, 100, 10.0)
            "dinoLongImageNet", onImageNet "transformer" "Bicubic" (1024, 0.002, 300, 10.0)
            "leJepaImageNet", onImageNet "transformer" "Bicubic" (512, 0.0005, 100, 1.0)
        ]
        |> List.sort,
        [
            for recipe in Recipe.all do
                let own =
                    [ "paperImageNet"; "paperCifar10"; "googleReference"; "dkobak"; "mocoV2Views" ]

                if not (List.contains recipe.Name own) then
                    recipe.Name, choices recipe.Run
        ]
        |> List.sort
    )

[<Fact>]
let Heads_and_methods_of_recipes_are_those_of_their_sources () =
    let method (run: Run) = run.Method

    let symmetric queue temperature =
        Method.moCo queue |> Method.withTemperature temperature |> Method.symmetric
    // lightly: the mean of two directions.
    Assert.Equal(symmetric 4096 0.1 |> Method.withMomentum (Momentum.constant 0.99), method Recipe.lightlyMoCo)

    Assert.Equal(Method.moCo 65536 |> Method.withTemperature 0.07, method Recipe.moCoV1ImageNet)

    Assert.Equal(
        (1, 128, false),
        (Recipe.moCoV1ImageNet.Head.Depth, Recipe.moCoV1ImageNet.Head.Output, Recipe.moCoV1ImageNet.Head.BatchNorm)
    )

    Assert.Equal(Method.byol |> Method.withMomentum (Momentum.rising 0.99), method Recipe.byol300ImageNet)
    Assert.Equal(Method.byol, method Recipe.byolImageNet)

    // A tenth of the rate from epochs 120 and 160 of 200 on.
    for run in
        [
            Recipe.moCoV1ImageNet
            Recipe.instanceDiscriminationCifar10
            Recipe.instanceDiscriminationImageNet
        ] do
        Assert.Equal(Decay.steps 0.1 [ 0.6; 0.8 ], run.Schedule.Decay)

    // To a thousandth of the rate.
    for run in
        [
            Recipe.barlowTwinsImageNet
            Recipe.vicRegImageNet
            Recipe.swavSmallBatchImageNet
            Recipe.leJepaImageNet
        ] do
        Assert.Equal(Decay.CosineBetween(1.0, 0.001), run.Schedule.Decay)

    match method Recipe.soloDino, Recipe.soloDino.Head, method Recipe.lightlyDino with
    | Method.Dino solo, head, Method.Dino lightly ->
        Assert.Equal(Some { From = 0.04; Epochs = 50 }, solo.TeacherWarmup)
        Assert.Equal((0.07, None, 1.0), (solo.TeacherTemperature, solo.LargestGradient, solo.FrozenEpochs))
        Assert.Equal((3, Some 2048, false), (head.Depth, head.Hidden, head.BatchNorm))
        Assert.Equal((LastNorm.None, true), (head.LastNorm, head.LastBias))
        Assert.Equal((2048, None, 0.0), (lightly.Outputs, lightly.LargestGradient, lightly.FrozenEpochs))
    | other -> Assert.Fail $"{other}"

    match Recipe.moCoV3VitImageNet.Encoder, method Recipe.moCoV3VitImageNet, Recipe.moCoV3VitImageNet.Optimizer with
    | Encoder.ViT v, Method.MoCoV3 { Predictor = Some predictor }, Optimizer.Adam adam ->
        Assert.Equal((384, 12, 16, true), (v.Dim, v.Heads, v.Patch, v.FrozenPatches))
        Assert.Equal((2, Some 4096, LastNorm.WithoutAffine), (predictor.Depth, predictor.Hidden, predictor.LastNorm))
        Assert.Equal(0.1, adam.WeightDecay)
        Assert.Equal((3, Some 4096), (Recipe.moCoV3VitImageNet.Head.Depth, Recipe.moCoV3VitImageNet.Head.Hidden))
    | other -> Assert.Fail $"{other}"

    match method Recipe.lightlySimSiam, method Recipe.soloSimSiam with
    | Method.SimSiam lightly, Method.SimSiam solo ->
        Assert.Equal((false, true), (lightly.ConstantRate, solo.ConstantRate))
    | other -> Assert.Fail $"{other}"

    match method Recipe.swavSmallBatchImageNet with
    | Method.Swav s -> Assert.Equal((3840, 15.0, 1.0), (s.Queue, s.QueueFromEpoch, s.FrozenEpochs))
    | other -> Assert.Fail $"{other}"

    match method Recipe.instanceDiscriminationImageNet, method Recipe.instanceDiscriminationCifar10 with
    | Method.InstanceDiscrimination large, Method.InstanceDiscrimination small ->
        Assert.Equal((0.07, Some 4096), (large.Temperature, large.Negatives))
        Assert.Equal((0.1, None), (small.Temperature, small.Negatives))
    | other -> Assert.Fail $"{other}"

    Assert.Equal(Loss.supCon 0.2, Recipe.soloSupCon.Loss)
    Assert.Equal(Loss.dcl 0.1, Recipe.lightlyDcl.Loss)

[<Fact>]
let What_a_field_can_say_no_recipe_leaves_unsaid () =
    for recipe in Recipe.all do
        for choice in recipe.Unsaid do
            for sayable in [ "normalized by"; "thousandth"; "bicubic"; "teacher's temperature" ] do
                Assert.DoesNotContain(sayable, choice)

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
