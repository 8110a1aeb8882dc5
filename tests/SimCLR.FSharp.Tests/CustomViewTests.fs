/// Views of one's own, from their definition to a training.
[<Xunit.Collection "alone">]
module SimCLR.Tests.CustomViewTests

open System.IO
open SimCLR
open SimCLR.Core.Views
open SimCLR.Tests.Samples
open TorchSharp
open Xunit

let private chance (batch: BatchShape) generator (p: float) =
    (torch.rand (batch.Count, generator = generator)).lt(p.ToScalar())

let private spread (drawn: torch.Tensor) = drawn.view (-1L, 1L, 1L, 1L)

/// Mirrors left and right, as the library's own.
let private mirror =
    View.Define(
        "test-mirror",
        1,
        [ "probability", 0.5 ],
        (fun s batch generator -> [ "apply", chance batch generator s["probability"] ]),
        fun _ images drawn -> torch.where (spread drawn["apply"], images.flip 3L, images)
    )

/// Every second pixel.
let private halved =
    View.Implement(
        "test-halved",
        1,
        [],
        fun _ ->
            { new IView with
                member _.Output input =
                    BatchShape(input.Count, input.Channels, input.Height / 2L, input.Width / 2L, input.Device)

                member _.Draw(_, _) = ViewParameters.None

                member _.Apply(images, _) =
                    torch.nn.functional.avg_pool2d (images, 2L)
            }
    )

[<Fact>]
let ``A view of one's own that does what a built-in one does trains to the same numbers`` () =
    Samples.withFolder (fun folder ->
        let curve step =
            let run = tiny |> Run.withViews (View.crop 16 >-> step >-> View.solarize 0.3)
            (executor folder |> Execution.run run).Curve |> List.map _.Figures

        let expected = curve View.flip
        Assert.Equal<Map<string, float> list>(expected, curve (mirror []))
        Assert.NotEqual<Map<string, float> list>(expected, curve (mirror [ "probability", 0.1 ])))

[<Fact>]
let ``A view of one's own stands in values as others do`` () =
    let run = tiny |> Run.withViews (View.crop 16 >-> mirror [ "probability", 0.25 ])
    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Contains(("ViewA[1].Settings.probability", "0.25"), Run.paths run)
    Assert.Empty(Run.problems run)
    // Both kinds of component are found, once each.
    Assert.Equal<string list>([ "view" ], [ for kind, _ in Custom.components run -> kind ])

    let unknown =
        tiny
        |> Run.withViews (
            View.crop 16
            >-> View.Custom
                    {
                        Name = "nobodys"
                        Version = 1
                        Settings = Map.empty
                    }
        )

    Assert.Contains(Run.problems unknown, fun problem -> problem.StartsWith "ViewA[1] is the custom view 'nobodys'")

[<Fact>]
let ``A view that changes the size is known to`` () =
    let views = View.crop 16 >-> halved []
    Assert.Equal(8, View.outputSize 32 views)

    Samples.withFolder (fun folder ->
        let outcome =
            executor folder
            |> Execution.run (tiny |> Run.withViews (View.flip >-> halved []))

        Assert.Equal(8L, outcome.Steps))

let private problems view =
    Samples.withFolder (fun folder -> Executor.problems (Grid.from (tiny |> Run.withViews view)) (executor folder))

[<Fact>]
let ``What a view does wrong is said before anything is trained`` () =
    let same (_: Settings) (batch: BatchShape) generator = [ "apply", chance batch generator 0.5 ]
    let draw = System.Func<_, _, _, _> same

    let define name apply =
        View.Define (name, 1, [], draw, System.Func<_, _, _, _> apply) []

    let wrong =
        [
            "changes the images", define "v-change" (fun _ images _ -> images.mul_ (torch.tensor 0.5f))
            "draws from libtorch's global generator", define "v-global" (fun _ images _ -> images * torch.rand 1L)
            "numbers outside [0, 1]", define "v-range" (fun _ images _ -> images + 1.0)
            "its shape is told as", define "v-shape" (fun _ images _ -> images.narrow (2, 0L, 8L))
            "make float32", define "v-type" (fun _ images _ -> images.to_type torch.float64)
            "otherwise than in the batch", define "v-batch" (fun _ images _ -> images * images.mean ())
            "it fails on 4 images", define "v-fails" (fun _ _ _ -> failwith "no")
            "as its first dimension",
            View.Define
                ("v-parameters",
                 1,
                 [],
                 (fun _ _ generator -> [ "p", torch.rand (7L, generator = generator) ]),
                 (fun _ images _ -> images.flip 3L))
                []
            "from a generator of the same seed",
            View.Define
                ("v-replay",
                 1,
                 [],
                 (fun _ batch _ -> [ "p", torch.rand batch.Count ]),
                 (fun _ images p -> images * spread p["p"]))
                []
        ]

    for expected, view in wrong do
        let found = problems (View.crop 16 >-> view)
        Assert.True(found |> List.exists _.Contains(expected), $"{expected}: {found}")

    Assert.Empty(problems (View.crop 16 >-> mirror []))
    Assert.Empty(problems (View.flip >-> halved []))

[<Trait("group", "slow")>]
[<Fact>]
let ``The example of a view of one's own runs with workers`` () =
    Launcher.inFolder (fun folder ->
        let script = Path.Combine(Launcher.root, "scripts", "own-view.fsx")

        let code, output, errors =
            Launcher.run folder [ "run"; script; "--preset"; "smoke"; "--limit"; "256"; "--workers"; "2" ]

        Assert.True((code = 0), errors)
        Assert.Contains("random erasing", output)

        let provenance =
            Directory.GetFiles(folder, "provenance.json", SearchOption.AllDirectories)
            |> Array.map File.ReadAllText
            |> Array.filter _.Contains("erasing.fsx")

        Assert.NotEmpty provenance)
