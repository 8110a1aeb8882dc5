module SimCLR.Tests.RunTests

open FsCheck
open FsCheck.FSharp
open SimCLR
open SimCLR.Tests.Generators
open Xunit

[<Fact>]
let The_same_value_has_the_same_hash () =
    // A second value that shares nothing with the first.
    let copy run =
        match Run.ofJson (Run.toJson run) with
        | Ok copy -> copy
        | Error why -> failwith why

    forAll run (fun run -> Run.hash run = Run.hash (copy run))

[<Fact>]
let A_hash_has_16_hexadecimal_digits () =
    forAll run (fun run ->
        let hash = Run.hash run
        hash.Length = 16 && hash |> Seq.forall (fun c -> "0123456789abcdef".Contains c))

[<Fact>]
let Any_change_of_a_run_changes_its_hash () =
    forAllOf 30 run (fun run ->
        Leaves.of' run
        // Where a file of weights lies changes nothing: its content does.
        |> List.filter (fun (place, _) -> not (place.StartsWith "InitialWeights" && place.EndsWith "Path"))
        |> List.forall (fun (_, changed) -> Run.hash changed <> Run.hash run))

// What is stored is found by these hashes. If one changes, it is lost: give a new field a neutral value instead.
[<Fact>]
let The_hashes_of_these_runs_do_not_drift () =
    Assert.Equal<(string * string) list>(
        [
            "9a2b57f1eadc291d", "f87a773b567d8d68"
            "f5724ad5f9bcc7ef", "55524b6a41e6fdd1"
            "de254dc8d806c961", "6af421884222dd49"
        ],
        [
            Run.hash Pinned.small, Run.trainingHash Pinned.small
            Run.hash Pinned.large, Run.trainingHash Pinned.large
            Run.hash Pinned.later, Run.trainingHash Pinned.later
        ]
    )

[<Fact>]
let The_hashes_of_the_recipes_do_not_drift () =
    Assert.Equal<(string * string * string) list>(
        [
            "paperImageNet", "274d03ef8ac8ad2c", "85f0204ded19a660"
            "paperCifar10", "168eebc7d266738a", "e6e043e6f6c6a255"
            "googleReference", "2e34cb62c694c071", "38c9856f14294e62"
            "dkobak", "f87017851b7218e7", "3a25757cb20bb681"
            "lightly", "d5abe7779ad2aea0", "52db9e81c4284771"
            "soloLearn", "9388be0462299003", "7f55f92a67b16ed7"
            "mocoV2Views", "d8df6ec53f5acf33", "a800c86d299efd8c"
            "soloMoCo", "bf3062c3dc42f468", "1e2d21a65cdadbf6"
            "soloMoCoV3", "e9f42d5e25f7fbaf", "54fb50b398250fa0"
            "soloByol", "875bb8087a81aaa8", "adda7b2619503b32"
            "soloSimSiam", "b8925b28295ccbe7", "22b8ad077fe45232"
            "soloBarlowTwins", "da9f0a8256af8b44", "552e019002b3bc98"
            "soloVicReg", "acae48d03b7be73c", "51e7544bbfa81b63"
            "soloSwav", "bc916b74e3f853b2", "fc0c7241da81f5c4"
            "soloSwavMultiCrop", "5e56d50baaac30c0", "2d9a56c630c712d5"
            "soloNnclr", "175f3a34fe7b733c", "75df4f1df6ad2701"
            "soloDino", "57b186ca6c50c87c", "b5056737892cc87e"
            "soloSupCon", "6dc904221e4745c7", "4881b3b0f490f47f"
            "lightlyMoCo", "3d02362d471ba42d", "7c35cad9f95ea3f0"
            "lightlyByol", "1319070c5e69a918", "0c4a3f7ad8770dae"
            "lightlySimSiam", "037c5f0187f21c05", "2ff6781f0b501596"
            "lightlyBarlowTwins", "a4b9e064e9508132", "cecd45f2709958be"
            "lightlyNnclr", "b4ac33183332a030", "059f7135d8ad1a13"
            "lightlySwav", "0132455e6bf9370c", "412083444f5e6686"
            "lightlyDino", "3eb3708fd07f9865", "90c5dfd1985a0abb"
            "lightlyDcl", "6240a9e4810764fb", "cf8d7e9bf39d08b5"
            "moCoNotebook", "4f42c1b80b50367b", "ae2c439a2cf2a245"
            "simSiamCifar10", "a544fce659a80223", "32a6205fe3612054"
            "instanceDiscriminationCifar10", "b58a5c0cc6b2ae7a", "0dbadb8793eda3d7"
            "instanceDiscriminationImageNet", "e69c662fb399afd7", "2c17812a67291411"
            "moCoV1ImageNet", "5a9eb233594c50ba", "3ad46231490694bd"
            "moCoV2ImageNet", "c6205f48e22d677d", "1abdfeba9a839bde"
            "simClrV2ImageNet", "258108988ed329d8", "6aab42a988043344"
            "moCoV3ImageNet", "15e7403e699c2834", "eb8c942e2f17d991"
            "byolImageNet", "98cc35211a81a501", "4edc44a70cc26e39"
            "byol300ImageNet", "f728f889f295646e", "260df5a254c9e96d"
            "byol100ImageNet", "a62ccf36753b0419", "7aa3deb85ee5a149"
            "simSiamImageNet", "8c14b567101f1954", "b9b5db28b6e9f8c2"
            "barlowTwinsImageNet", "f0ec93b376735247", "9bff458e152d067b"
            "vicRegImageNet", "41564c02306ade7f", "95291fd15f08784e"
            "nnclrImageNet", "7639cd564a5939fe", "43ec8d931b828c65"
            "swavImageNet", "24608bac55ff3122", "1c5872974dd12f35"
            "swavSmallBatchImageNet", "2a13a23eb7091a4f", "77474050c76d604f"
            "moCoV3VitImageNet", "fcb3b4182f46609b", "6a131900c40b22fe"
            "dinoImageNet", "a3a44b0ac6881552", "f94d83a01d2ae2f0"
            "dinoLongImageNet", "89af2c957aae6076", "6b7102b7f8055dde"
            "leJepaImageNet", "c30012dd07b0da38", "e012a35c18c420af"
        ],
        [
            for recipe in Recipe.all -> recipe.Name, Run.hash recipe.Run, Run.trainingHash recipe.Run
        ]
    )

[<Fact>]
let The_hashes_of_the_presets_do_not_drift () =
    let presets =
        [ Preset.Standard; Preset.Smoke; Preset.Cpu; Preset.Gpu; Preset.Paper ]

    let images = [ None; Some Images.cifar10; Some Images.stl10 ]

    Assert.Equal<(string * string) list>(
        [
            "standard, its own images", "f89652f2e84a6899"
            "standard, cifar10", "001383a6681d9381"
            "standard, stl10", "fadb509d0090307a"
            "smoke, its own images", "c4523979a9fdbfe7"
            "smoke, cifar10", "aea686d35318204f"
            "smoke, stl10", "e5f63fef9d03961f"
            "cpu, its own images", "63904426226a0558"
            "cpu, cifar10", "63904426226a0558"
            "cpu, stl10", "49a8add1b10627e0"
            "gpu, its own images", "ba24fb81802ef524"
            "gpu, cifar10", "ba24fb81802ef524"
            "gpu, stl10", "97cad78b5c8a4563"
            "paper, its own images", "5be468f335f70a19"
            "paper, cifar10", "168eebc7d266738a"
            "paper, stl10", "aa23cfaabbcb989e"
        ],
        [
            for preset in presets do
                for images in images do
                    let run = Preset.run preset images
                    let data = images |> Option.map Images.name |> Option.defaultValue "its own images"
                    $"{Preset.name preset}, {data}", Run.hash run
        ]
    )

[<Fact>]
let The_hashes_of_measurements_do_not_drift () =
    Assert.Equal<(string * string) list>(
        [
            "linear", "596540c08fba28ea"
            "k-NN", "d977dbfe8465ab99"
            "linear SGD", "050db1e39da2eeef"
            "fine-tuned on 1% from head layer 1", "ef6fdf3bece04369"
            "supervised", "5acccebc18abb1ed"
            "transfer to voc2007", "22e769a3891f4d54"
            "retained", "0faefac74a23337c"
            "g(h)", "75d2d10efe97466d"
            "z", "75f2576c6ad166f1"
            "distilled to SmallConv 32", "b70cbfc4403ac4b1"
            "chosen k-NN", "6c1a4a4936474b83"
        ],
        [
            for task in Evaluation.tasks Pinned.large.Evaluation -> EvaluationTask.label task, EvaluationTask.hash task
        ]
    )

[<Fact>]
let Zero_and_minus_zero_are_one_value_and_have_one_hash () =
    let plus = Run.shapes |> Run.withWarmupEpochs 0.0
    let minus = Run.shapes |> Run.withWarmupEpochs -0.0
    Assert.Equal(plus, minus)
    Assert.Equal(Run.hash plus, Run.hash minus)

[<Fact>]
let Drawn_runs_and_the_named_ones_are_valid () =
    forAll run (fun run -> Run.validate run = Ok run)
    Assert.Equal(Ok Run.shapes, Run.validate Run.shapes)
    Assert.Equal(Ok Run.cifar10, Run.validate Run.cifar10)

/// A fault each, with what the message must name: the field and the value.
let private faults: (string * (Run -> Run) * string * string) list =
    [
        "temperature 0", Run.withTemperature 0.0, "Loss.Temperature", "0"
        "batch 1", Run.withBatchSize 1, "BatchSize", "1"
        "groups of batch norm", Run.withNormGroups 0, "NormGroups", "0"
        "no epochs", (fun run -> { run with Epochs = 0 }), "Epochs", "0"
        "head", Run.withHeadDepth -1, "Head.Depth", "-1"
        "head output", Run.withHeadOutput 0, "Head.Output", "0"
        "encoder", Run.withEncoder (Encoder.resNet 42), "Encoder.Depth", "42"
        "probability",
        (fun run ->
            { run with
                ViewA = run.ViewA >-> View.grayscale 1.5
            }),
        "grayscale probability",
        "1.5"
        "crop area",
        (fun run ->
            { run with
                ViewB = run.ViewB |> View.withArea 0.5 0.25
            }),
        "ViewB[0].crop area",
        "0.25"
        "learning rate", Run.withLearningRate (LearningRate.Fixed nan), "LearningRate", "NaN"
        "decay", Run.withOptimizer (Optimizer.sgd |> Optimizer.withWeightDecay -1.0), "Optimizer.WeightDecay", "-1"
        "warmup",
        (fun run ->
            { run with
                Schedule = { run.Schedule with WarmupEpochs = nan }
            }),
        "WarmupEpochs",
        "NaN"
        "validation",
        (fun run ->
            { run with
                Evaluation =
                    { run.Evaluation with
                        ValidationFraction = 1.0
                    }
            }),
        "ValidationFraction",
        "1"
        "k",
        (fun run ->
            { run with
                Evaluation = { run.Evaluation with KnnK = 0 }
            }),
        "KnnK",
        "0"
        "limit",
        (fun run ->
            { run with
                Images = { run.Images with TrainLimit = Some 0 }
            }),
        "TrainLimit",
        "0"
    ]

[<Fact>]
let Every_planted_fault_is_reported_at_once () =
    let subset = Gen.subListOf faults |> Gen.filter (fun faults -> faults.Length > 0)

    // The limit also makes any batch too large; that message is about the batch.
    forAllOf 200 subset (fun faults ->
        let run = faults |> List.fold (fun run (_, plant, _, _) -> plant run) Run.shapes

        match Run.validate run with
        | Ok _ -> false
        | Error wrong ->
            faults
            |> List.forall (fun (_, _, field, value) ->
                wrong |> List.exists (fun line -> line.Contains field && line.Contains value)))

[<Fact>]
let One_fault_gives_one_message () =
    for name, plant, field, _ in faults |> List.filter (fun (name, _, _, _) -> name <> "limit") do
        match Run.validate (plant Run.shapes) with
        | Error [ line ] -> Assert.Contains(field, line)
        | other -> Assert.Fail $"{name}: {other}"

[<Fact>]
let Any_number_that_is_not_finite_is_reported () =
    for number in [ nan; infinity; -infinity ] do
        for place, changed in Leaves.ofWith number Run.cifar10 do
            Assert.True((Run.validate changed).IsError, $"{place} may be {number}.")

[<Fact>]
let Groups_of_batch_norm_that_share_nothing_evenly_are_reported () =
    let parts size frozen groups =
        { Run.shapes with
            MicroBatches =
                Some
                    {
                        Size = size
                        FreezeBatchNorm = frozen
                    }
            NormGroups = groups
        }

    for run, part in
        [
            Run.withNormGroups 3 Run.shapes, "NormGroups is 3, but 128 images"
            Run.withNormGroups 128 Run.shapes, "NormGroups is 128, but 128 images"
            parts 32 false 32, "NormGroups is 32, but 32 images"
            parts 32 true 2, "NormGroups is 2, but MicroBatches.FreezeBatchNorm"
            // The last part has 128 - 2 * 48.
            parts 48 false 24, "NormGroups is 24, but 32 images"
        ] do
        Assert.Contains(part, Assert.Single(Run.problems run))

    Assert.Empty(Run.problems (parts 32 false 16))
    Assert.Empty(Run.problems (parts 48 false 16))
    // More than the batch has are the whole batch.
    Assert.Empty(Run.problems (parts 300 false 64))

    let moCo size frozen groups =
        parts size frozen 1
        |> Run.withMethod (Method.moCo 1024 |> Method.withNormGroups groups)

    for run, part in
        [
            moCo 36 false 8, "Method.NormGroups is 8, but 36 images"
            moCo 32 true 8, "Method.NormGroups is 8, but MicroBatches.FreezeBatchNorm"
            moCo 48 false 24, "Method.NormGroups is 24, but a batch has 128 images"
        ] do
        Assert.Contains(Run.problems run, fun problem -> problem.Contains part)

    Assert.Empty(Run.problems (moCo 32 false 8))
    Assert.Empty(Run.problems (moCo 32 true 1))

[<Fact>]
let A_batch_larger_than_the_data_is_reported () =
    let few = Pinned.small |> Run.withImages (Images.shapes |> Images.limit 100)

    match Run.validate few with
    | Error [ line ] ->
        Assert.Contains("BatchSize is 256", line)
        Assert.Contains("100", line)
    | other -> Assert.Fail $"{other}"

[<Fact>]
let A_loss_that_reads_labels_is_refused_where_most_images_have_none () =
    let run =
        Pinned.later |> Run.withViews (View.crop 96) |> Run.withLoss (Loss.supCon 0.1)

    match Run.validate run with
    | Error [ line ] ->
        Assert.Contains("SupCon", line)
        Assert.Contains("Images.stl10Labelled", line)
    | other -> Assert.Fail $"{other}"

    Assert.Equal(Ok(), run |> Run.withImages Images.stl10Labelled |> Run.validate |> Result.map ignore)
    Assert.Equal(Ok(), run |> Run.withLoss (Loss.dcl 0.1) |> Run.validate |> Result.map ignore)

[<Fact>]
let Views_of_different_sides_are_reported () =
    let run =
        { Run.shapes with
            ViewB = Run.shapes.ViewB |> View.withSize 24
        }

    match Run.validate run with
    | Error [ line ] ->
        Assert.Contains("32", line)
        Assert.Contains("24", line)
    | other -> Assert.Fail $"{other}"

[<Fact>]
let A_warmup_that_never_ends_is_reported () =
    let run = { Run.cifar10 with Epochs = 10 }

    match Run.validate run with
    | Error [ line ] -> Assert.Contains("Schedule.WarmupEpochs is 10", line)
    | other -> Assert.Fail $"{other}"

[<Fact>]
let Fewer_epochs_shorten_the_warmup_and_more_do_not_lengthen_it () =
    Assert.Equal(0.5, (Run.cifar10 |> Run.shortened 5).Schedule.WarmupEpochs)
    Assert.Equal(10.0, (Run.cifar10 |> Run.shortened 1000).Schedule.WarmupEpochs)

[<Fact>]
let A_run_does_not_differ_from_itself () =
    forAll run (fun run -> List.isEmpty (Run.diff run run))

[<Fact>]
let One_change_is_one_difference () =
    forAllOf 30 run (fun run ->
        Leaves.of' run
        |> List.forall (fun (_, changed) ->
            match Run.diff run changed with
            | [ _, before, after ] -> before <> after
            | _ -> false))

[<Fact>]
let A_difference_names_path_and_both_values () =
    let other =
        Run.cifar10 |> Run.withTemperature 0.1 |> Run.withOptimizer Optimizer.sgd

    Assert.Equal<(string * string * string) list>(
        [
            "Loss.Temperature", "0.5", "0.1"
            "Optimizer",
            "Optimizer.Lars { Momentum = 0.9; WeightDecay = 0.0001; TrustCoefficient = 0.001 }",
            "Optimizer.Sgd { Momentum = 0.9; WeightDecay = 0.0; Nesterov = false }"
        ],
        Run.diff Run.cifar10 other
    )

[<Fact>]
let Setters_set_their_field_and_no_other () =
    let paths change =
        [ for path, _, _ in Run.diff Pinned.small (change Pinned.small) -> path ]

    Assert.Equal<string list>([ "Loss.Temperature" ], paths (Run.withTemperature 0.07))
    Assert.Equal<string list>([ "BatchSize" ], paths (Run.withBatchSize 64))
    Assert.Equal<string list>([ "NormGroups" ], paths (Run.withNormGroups 8))
    Assert.Equal<string list>([ "Head.Depth" ], paths (Run.withHeadDepth 3))
    Assert.Equal<string list>([ "Head.Output" ], paths (Run.withHeadOutput 64))
    Assert.Equal<string list>([ "Seed" ], paths (Run.withSeed 7L))
    Assert.Equal<string list>([ "Epochs" ], paths (Run.shortened 20))
    Assert.Equal<string list>([ "ViewA"; "ViewB" ], paths (Run.withViews View.blur))
    Assert.Equal<string list>([ "Precision" ], paths (Run.withPrecision Precision.BFloat16))

[<Fact>]
let Setting_the_epochs_leaves_the_warmup_and_shortening_a_run_takes_it_along () =
    Assert.Equal(10.0, (Run.cifar10 |> Run.withEpochs 50).Schedule.WarmupEpochs)
    Assert.Equal(5.0, (Run.cifar10 |> Run.shortened 50).Schedule.WarmupEpochs)
    Assert.Equal(10.0, (Run.cifar10 |> Run.shortened 200).Schedule.WarmupEpochs)

[<Fact>]
let A_run_of_one_epoch_says_how_its_warmup_is_shortened () =
    let problem = Assert.Single(Run.problems { Run.shapes with Epochs = 1 })
    Assert.Contains("Schedule.WarmupEpochs is 1, but the run has 1 epochs", problem)
    Assert.Contains("Run.shortened 1", problem)
    Assert.Empty(Run.problems (Run.shortened 1 Run.shapes))
