module SimCLR.Tests.MethodTests

open System
open SimCLR
open SimCLR.Core.Heads
open SimCLR.Core.Methods
open Xunit

let private all =
    [
        Method.moCo 1024
        Method.byol
        Method.simSiam
        Method.barlowTwins
        Method.vicReg
        Method.moCoV3
        Method.nnclr 1024
        Method.instanceDiscrimination
        Method.swav 64
        Method.dino 64
        Method.leJepa
    ]

let private of' method =
    (Lower.pretraining (Run.withMethod method Run.shapes)).Method

[<Fact>]
let Every_method_makes_a_run_that_can_start () =
    for method in all do
        let run = Run.withMethod method Run.shapes
        Assert.Equal<string list>([], Run.problems run)
        Assert.Equal(Loss.OfMethod, run.Loss)
        Assert.Equal(Ok run, Run.ofJson (Run.toJson run))

    let runs = Run.shapes :: [ for method in all -> Run.withMethod method Run.shapes ]
    Assert.Equal(runs.Length, (runs |> List.distinctBy Run.trainingHash).Length)

[<Fact>]
let SimCLR_is_neutral_and_comes_back_with_its_loss () =
    Assert.DoesNotContain("Method", Run.toJson Run.shapes)
    Assert.Equal(Run.shapes, Run.withMethod Method.simClr Run.shapes)

    let back =
        Run.shapes |> Run.withMethod Method.vicReg |> Run.withMethod Method.simClr

    Assert.Equal(Loss.ntXent 0.5, back.Loss)
    Assert.Equal<string list>([], Run.problems back)

[<Fact>]
let Every_number_of_a_method_is_in_its_place () =
    let momentum = { Start = 0.9; End = 0.95 }

    Assert.Equal<IMethodSpec>(
        MoCoSpec(2048L, MomentumSchedule(0.9, 0.95), 0.07, true, 4),
        Method.moCo 1
        |> Method.withQueue 2048
        |> Method.withMomentum momentum
        |> Method.withTemperature 0.07
        |> Method.withNormGroups 4
        |> Method.symmetric
        |> of'
    )

    Assert.Equal<IMethodSpec>(
        ByolSpec(HeadSpec(3, 128L, 20L, false, LastNorm.Affine, true), MomentumSchedule(0.9, 0.95)),
        Method.byol
        |> Method.withMomentum momentum
        |> Method.withPredictor (
            Some
                {
                    Depth = 3
                    Hidden = Some 20
                    BatchNorm = false
                    LastNorm = SimCLR.LastNorm.Affine
                    LastBias = true
                }
        )
        |> of'
    )

    Assert.Equal<IMethodSpec>(
        SimSiamSpec(null, false, true),
        Method.simSiam |> Method.withPredictor None |> Method.withoutStopGradient |> of'
    )

    Assert.Equal<IMethodSpec>(
        SimClrMemorySpec(1024L, MomentumSchedule(0.99, 0.99), 0.2),
        Method.simClrMemory 512
        |> Method.withQueue 1024
        |> Method.withMomentum (Momentum.constant 0.99)
        |> Method.withTemperature 0.2
        |> of'
    )

    Assert.Equal<IMethodSpec>(BarlowTwinsSpec(0.0051, 1.0, 0.024), of' Method.barlowTwinsOfCode)
    Assert.Equal<IMethodSpec>(BarlowTwinsSpec(0.005, 0.1, 1.0), of' Method.barlowTwinsOfSoloLearn)
    Assert.Equal<IMethodSpec>(VicRegSpec(25.0, 25.0, 1.0), of' Method.vicReg)
    Assert.Equal<IMethodSpec>(VicRegSpec(25.0, 50.0, 1.0), of' Method.vicRegOfSoloLearn)
    let predictor = HeadSpec(2, 128L, 4096L, true, LastNorm.None)
    Assert.Equal<IMethodSpec>(MoCoV3Spec(predictor, MomentumSchedule(0.99, 1.0), 1.0), of' Method.moCoV3)
    Assert.Equal<IMethodSpec>(NnclrSpec(predictor, 1024L, 0.1), of' (Method.nnclr 1024))
    Assert.Equal<IMethodSpec>(InstanceDiscriminationSpec(0.07, 0.5), of' Method.instanceDiscrimination)

    Assert.Equal<IMethodSpec>(
        InstanceDiscriminationSpec(0.07, 0.5, 4096),
        of' (Method.instanceDiscrimination |> Method.withNoise 4096)
    )

    Assert.Equal<IMethodSpec>(
        SwavSpec(64L, 0.1, 0.05, 3, 1.0, 256L, 15.0),
        of' (Method.swav 64 |> Method.withQueue 256)
    )

    Assert.Equal<IMethodSpec>(
        SwavSpec(64L, 0.5, 0.02, 3, 1.0, 0L, 15.0),
        of' (Method.swav 64 |> Method.withTemperature 0.5 |> Method.withEpsilon 0.02)
    )

    Assert.Equal<IMethodSpec>(
        DinoSpec(64L, MomentumSchedule(0.996, 1.0), 0.1, 0.04, 0.9, 1.0, 3.0),
        of' (Method.dino 64)
    )

    Assert.Equal<IMethodSpec>(
        DinoSpec(64L, MomentumSchedule(0.996, 1.0), 0.1, 0.07, 0.9, 1.0, 3.0, TemperatureWarmup(0.04, 30)),
        of' (Method.dino 64 |> Method.withTeacherTemperature 0.04 0.07 30)
    )

    Assert.Equal(Method.dino 64, Method.dino 64 |> Method.withTeacherTemperature 0.04 0.04 30)

    Assert.Equal<IMethodSpec>(
        DinoSpec(64L, MomentumSchedule(0.996, 1.0), 0.5, 0.04, 0.0, 1.0, 3.0),
        of' (Method.dino 64 |> Method.withTemperature 0.5 |> Method.withCentreMomentum 0.0)
    )

    Assert.Equal<IMethodSpec>(
        DinoSpec(64L, MomentumSchedule(0.996, 1.0), FrozenEpochs = 0.0, LargestGradient = Nullable()),
        of' (Method.dino 64 |> Method.withFrozenEpochs 0.0 |> Method.withLargestGradient None)
    )

    Assert.Equal<IMethodSpec>(SwavSpec(64L, FrozenEpochs = 3.0), of' (Method.swav 64 |> Method.withFrozenEpochs 3.0))
    Assert.Equal<IMethodSpec>(LeJepaSpec(0.05, 1024), of' Method.leJepa)

[<Fact>]
let Heads_end_as_their_authors_end_them_and_keep_their_widths () =
    let head method =
        (Run.withMethod method Run.cifar10).Head

    // Batch norm in the head, what follows the last layer, and whether that has a bias.
    let ends =
        Map
            [
                "MoCo", (false, None, None)
                "instance discrimination", (false, None, None)
                "BYOL", (true, Some SimCLR.LastNorm.None, Some false)
                "Barlow Twins", (true, Some SimCLR.LastNorm.None, Some false)
                "VICReg", (true, Some SimCLR.LastNorm.None, Some false)
                "SimSiam", (true, Some SimCLR.LastNorm.WithoutAffine, Some false)
                "MoCo v3", (true, Some SimCLR.LastNorm.WithoutAffine, Some false)
                "NNCLR", (true, Some SimCLR.LastNorm.Affine, Some false)
                "SwAV", (true, Some SimCLR.LastNorm.None, Some true)
                "DINO", (true, Some SimCLR.LastNorm.None, Some true)
                "LeJEPA", (true, Some SimCLR.LastNorm.None, Some true)
            ]

    for method in all do
        let head = head method
        let batchNorm, norm, bias = ends[Method.name method]
        Assert.Equal(batchNorm, head.BatchNorm)
        norm |> Option.iter (fun norm -> Assert.Equal(norm, head.LastNorm))
        bias |> Option.iter (fun bias -> Assert.Equal(bias, head.LastBias))
        Assert.Equal((2, 128, None), (head.Depth, head.Output, head.Hidden))

/// The parameters of a head or predictor, by name.
let private parameters (spec: HeadSpec) =
    Core.Runtime.LibTorch.Load() |> ignore
    use weights = new TorchSharp.torch.Generator(1UL, TorchSharp.torch.CPU)
    use head = spec.Create(128L, weights)

    [ for struct (name, _) in head.named_parameters () -> name ],
    [ for struct (name, _) in head.named_buffers () -> name ]

[<Fact>]
let ``Biases before batch norm and an affine last norm are mistakes that MoCo v3 does not make`` () =
    let spec = Lower.pretraining (Run.withMethod Method.moCoV3 Run.cifar10)

    let weights =
        [ "layers.0.weight"; "layers.1.weight"; "layers.1.bias"; "layers.3.weight" ]

    let names, statistics = parameters spec.Head
    Assert.Equal<string list>(weights, names)
    Assert.Contains("layers.4.running_mean", statistics)
    let names, statistics = parameters (nonNull (spec.Method :?> MoCoV3Spec).Predictor)
    Assert.Equal<string list>(weights, names)
    Assert.DoesNotContain("layers.4.running_mean", statistics)

[<Theory>]
[<InlineData(1000, false, 8, "every step brings 128 rows; use a multiple of that, for example 896")>]
[<InlineData(896, true, 8, "every step brings 256 rows; use a multiple of that, for example 768")>]
[<InlineData(128000, false, 8, "there are 4000 training images")>]
[<InlineData(1024, false, 3, "NormGroups is 3, but a batch has 128 images")>]
[<InlineData(1024, false, 128, "NormGroups is 128, but a batch has 128 images")>]
[<InlineData(1024, false, 0, "NormGroups is 0")>]
let What_does_not_fit_is_named (queue: int) (symmetric: bool) (groups: int) (message: string) =
    let method =
        Method.moCo queue
        |> Method.withNormGroups groups
        |> if symmetric then Method.symmetric else id

    let run =
        Run.shapes
        |> Run.withImages (Images.shapes |> Images.limit 4000)
        |> Run.withMethod method

    Assert.Contains(Run.problems run, fun (problem: string) -> problem.Contains message)

[<Fact>]
let A_loss_beside_a_method_that_has_its_own_is_named () =
    let problems run = String.concat "\n" (Run.problems run)

    Assert.Contains("the method is BYOL, which has its own", problems { Run.shapes with Method = Method.byol })

    Assert.Contains("SimCLR has none of its own", problems { Run.shapes with Loss = Loss.OfMethod })
    Assert.Contains("which needs a head", problems (Run.withMethod Method.byol Run.shapes |> Run.withHeadDepth 0))

    let cold =
        Run.shapes
        |> Run.withMethod (Method.instanceDiscrimination |> Method.withTemperature 0.01)

    Assert.Equal("", problems cold)

    Assert.Contains(
        "Method.Temperature is 0.01; use a finite number above 0.02.",
        problems (cold |> Run.withMethod (cold.Method |> Method.withNoise 64))
    )

[<Fact>]
let What_a_method_lacks_cannot_be_changed () =
    let refused change =
        (Assert.ThrowsAny<System.ArgumentException>(fun () -> change () |> ignore)).Message

    Assert.Contains(
        "SimSiam has no target network",
        refused (fun () -> Method.withMomentum (Momentum.constant 0.9) Method.simSiam)
    )

    Assert.Contains("VICReg has no predictor", refused (fun () -> Method.withPredictor None Method.vicReg))

    Assert.Contains(
        "BYOL has no teacher's temperature",
        refused (fun () -> Method.withTeacherTemperature 0.04 0.07 30 Method.byol)
    )

    Assert.Contains("BYOL has no negatives that could be drawn", refused (fun () -> Method.withNoise 16 Method.byol))
    Assert.Contains("DINO has no assignments", refused (fun () -> Method.withEpsilon 0.02 (Method.dino 64)))
    Assert.Contains("SwAV has no centre", refused (fun () -> Method.withCentreMomentum 0.0 (Method.swav 64)))
    Assert.Contains("BYOL has no prototypes", refused (fun () -> Method.withFrozenEpochs 0.0 Method.byol))
    Assert.Contains("SwAV has no bound", refused (fun () -> Method.withLargestGradient None (Method.swav 64)))
    Assert.Contains("BYOL has no queue", refused (fun () -> Method.withQueue 1 Method.byol))
    Assert.Contains("the method's", refused (fun () -> Run.withTemperature 0.1 (Run.withMethod Method.byol Run.shapes)))

[<Fact>]
let Methods_are_axes_and_their_settings_are_paths () =
    let grid =
        Grid.from Run.shapes
        |> Grid.varyBy "method" Run.withMethod [ for method in Method.simClr :: all -> Method.name method, method ]
        |> fun grid -> grid.Cells

    Assert.Equal(12, grid.Length)
    let byol = Run.withMethod Method.byol Run.shapes
    Assert.Contains(("Method.Momentum.Start", "0.996"), Run.paths byol)

    match Run.set "Method.Momentum.Start" "0.9" byol with
    | Ok changed ->
        Assert.Equal(Run.withMethod (Method.byol |> Method.withMomentum (Momentum.rising 0.9)) Run.shapes, changed)
    | Error why -> Assert.Fail why

    Assert.Equal<(string * string * string) list>(
        [ "Method.Lambda", "0.005", "0.0051"; "Method.BiasRate", "1.0", "0.024" ],
        Run.diff (Run.withMethod Method.barlowTwins Run.shapes) (Run.withMethod Method.barlowTwinsOfCode Run.shapes)
    )
