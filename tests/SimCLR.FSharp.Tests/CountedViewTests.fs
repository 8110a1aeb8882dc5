module SimCLR.Tests.CountedViewTests

open System.IO
open System.Threading
open SimCLR
open SimCLR.Tests
open Xunit

let private local = View.crop 8 |> View.withArea 0.05 0.3 >-> View.flip

/// Multi-crop by SwAV in a second.
let private tiny =
    Samples.tiny
    |> Run.withMethod (Method.swav 8)
    |> Run.withMoreViews [ CountedView.times 2 local ]

[<Fact>]
let No_further_views_are_neutral_and_others_are_stored () =
    Assert.DoesNotContain("MoreViews", Run.toJson Run.shapes)
    Assert.DoesNotContain("WeightDecayFactor", Run.toJson Run.shapes)
    Assert.DoesNotContain("TeacherWarmup", Run.toJson (Run.withMethod (Method.dino 64) Run.shapes))
    Assert.Equal(Ok tiny, Run.ofJson (Run.toJson tiny))
    Assert.NotEqual<string>(Run.trainingHash (Run.withMoreViews [] tiny), Run.trainingHash tiny)

    Assert.Equal<(string * string * string) list>(
        [ "MoreViews[0].Count", "2", "3" ],
        Run.diff tiny (Run.withMoreViews [ CountedView.times 3 local ] tiny)
    )

    Assert.Equal(Ok(Run.withMoreViews [ CountedView.times 3 local ] tiny), Run.set "MoreViews[0].Count" "3" tiny)

[<Fact>]
let Multi_crop_gives_the_pair_large_parts_and_the_small_crops_small_ones () =
    let run =
        Run.shapes |> Run.withMethod (Method.swav 64) |> Run.withMultiCrop 6 16 0.14

    let crop view =
        match view with
        | View.Sequence(View.Crop c :: rest) -> (c.Size, c.Area), rest
        | other -> failwith $"{other}"

    Assert.Equal((32, (0.14, 1.0)), fst (crop run.ViewA))
    Assert.Equal((32, (0.14, 1.0)), fst (crop run.ViewB))
    let more = Assert.Single run.MoreViews
    Assert.Equal((16, (0.05, 0.14)), fst (crop more.View))
    Assert.Equal<View list>(snd (crop run.ViewA), snd (crop more.View))
    Assert.Equal(6, more.Count)
    Assert.Equal<string list>([], Run.problems run)

[<Fact>]
let Every_further_view_is_in_its_place () =
    let spec = Lower.pretraining tiny
    Assert.Equal(2, spec.MoreViews.Count)
    // One object, so that both are made in one pass.
    Assert.Same(spec.MoreViews[0], spec.MoreViews[1])

    let like =
        Run.withMoreViews [ CountedView.times 1 tiny.ViewA ] tiny |> Lower.pretraining

    Assert.Same(like.ViewA, like.MoreViews[0])

[<Fact>]
let What_does_not_fit_is_named () =
    let told (text: string) run =
        Assert.Contains(Run.problems run, fun (problem: string) -> problem.Contains text)

    let more views = Run.withMoreViews views tiny
    told "MoreViews[0].Count is 0" (more [ CountedView.times 0 local ])

    told
        "MoreViews[0].View[0].crop size is 64, but the images have a side of 16"
        (more [ CountedView.times 1 (View.crop 64 >-> View.flip) ])

    told "MoreViews[1].View.flip probability" (more [ CountedView.times 1 local; CountedView.times 1 (View.Flip 2.0) ])

    told
        "MoreViews[0] and ViewA are normalized differently"
        (more [ CountedView.times 1 (local >-> View.normalizeAsImageNet) ])

    for method in [ Method.simClr; Method.byol; Method.moCo 20; Method.barlowTwins ] do
        tiny
        |> Run.withMethod method
        |> told $"MoreViews has 2 views, but the method is {Method.name method}, which uses two"

    for method in [ Method.swav 8; Method.dino 8; Method.leJepa ] do
        Assert.Equal<string list>([], tiny |> Run.withMethod method |> Run.problems)

    { tiny with
        Encoder = Encoder.vitTiny 4 16
        MoreViews = [ CountedView.times 1 (View.crop 10) ]
    }
    |> told
        "MoreViews[0] makes images of side 10, which Encoder.Patch 4 does not divide; use another crop size, for example 8"

    told "Schedule.WeightDecayFactor.until is -1" (Run.withWeightDecayFactor (Decay.CosineBetween(1.0, -1.0)) tiny)

[<Fact>]
let A_run_of_several_crops_is_trained_in_parts_and_goes_on_as_if_it_had_not_been_interrupted () =
    let run =
        { Run.shortened 4 tiny with
            MicroBatches = Some { Size = 5; FreezeBatchNorm = false }
        }

    Samples.withFolder (fun folder ->
        use source = new CancellationTokenSource()

        let at name onStep =
            { Samples.executor (Path.Combine(folder, name)) with
                Observer =
                    function
                    | Event.Stepped(_, stage) -> onStep stage.Point.Step
                    | _ -> ()
            }

        let grid = Grid.from run
        let whole = grid |> Execution.execute CancellationToken.None (at "whole" ignore)

        let stopped =
            grid
            |> Execution.execute
                source.Token
                (at "stopped" (fun step ->
                    if step = 7L then
                        source.Cancel()))

        Assert.Empty stopped.Cells
        let resumed = grid |> Execution.execute CancellationToken.None (at "stopped" ignore)

        match whole.Cells, resumed.Cells with
        | [ { Result = Ok expected } ], [ { Result = Ok actual } ] ->
            Assert.Equal(Samples.withoutSpeed expected, Samples.withoutSpeed actual)
        | other -> failwith $"{other}")

[<Fact>]
let A_sheet_of_views_has_a_column_for_each () =
    Samples.withFolder (fun folder ->
        let path = Path.Combine(folder, "views.png")
        Executor.writeViewSheet path tiny (Samples.executor folder)
        use image = NetVips.Image.NewFromFile path
        let pair = Path.Combine(folder, "pair.png")
        Executor.writeViewSheet pair (Run.withMoreViews [] tiny) (Samples.executor folder)
        use other = NetVips.Image.NewFromFile pair
        // The image, and twice four views or four times two.
        Assert.Equal((image.Width, image.Height), (other.Width, other.Height)))
