/// Images of one's own, from their definition to a training.
module SimCLR.Tests.CustomImagesTests

open System
open System.IO
open System.Threading
open SimCLR
open SimCLR.Core.Images
open SimCLR.Core.Runtime
open SimCLR.Tests.Samples
open TorchSharp
open Xunit

/// The images of the tiny run, of another kind of source.
let private load () = Shapes(40, 20, 16).Load()

let private define name side channels labelled (splits: unit -> ImageSplits) (fingerprint: unit -> string) =
    Images.Define
        (name,
         1,
         [ "part", 1.0 ],
         (fun _ -> side),
         (fun _ -> splits ()),
         (fun _ -> fingerprint ()),
         channels = channels,
         labelled = labelled)
        []

let private same = define "test-same" 16 3 true load (fun () -> "always")

let private execute folder images =
    Execution.execute CancellationToken.None (executor folder) (Grid.from (tiny |> Run.withImages images))

let private only (results: Results) = results.Cells[0]

[<Fact>]
let ``Images of one's own train to the numbers of the same images built in`` () =
    Samples.withFolder (fun folder ->
        let expected = executor folder |> Execution.run tiny |> Samples.withoutSpeed

        let own =
            executor folder
            |> Execution.run (tiny |> Run.withImages same)
            |> Samples.withoutSpeed

        Assert.Equal(expected, own)
        Assert.True((only (execute folder same)).Stored))

[<Fact>]
let ``Images of one's own stand in values as others do`` () =
    let run = tiny |> Run.withImages (Images.limit 20 same)
    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Contains(("Images.Source.Settings.part", "1"), Run.paths run)
    Assert.Equal(Some 16, Images.knownSize same)
    Assert.Equal(3, Images.channels same)
    Assert.Empty(Run.problems run)
    Assert.Equal<string list>([ "images" ], [ for kind, _ in Custom.components run -> kind ])

    let unknown =
        { same with
            Source =
                ImageSource.Custom
                    {
                        Name = "nobodys"
                        Version = 1
                        Settings = Map.empty
                    }
        }

    Assert.Contains(
        Run.problems (tiny |> Run.withImages unknown),
        fun problem -> problem.StartsWith "Images is the custom images 'nobodys', version 1, which is not registered"
    )

[<Fact>]
let ``Results of other content are put aside, and nothing is lost`` () =
    Samples.withFolder (fun folder ->
        let mutable content = "first"
        let images = define "test-changing" 16 3 true load (fun () -> content)
        Assert.False((only (execute folder images)).Stored)
        Assert.True((only (execute folder images)).Stored)
        content <- "second"
        Assert.False((only (execute folder images)).Stored)
        Assert.True(Directory.Exists(Path.Combine(folder, "other-images")))

        let provenance =
            Store.tryProvenance (tiny |> Run.withImages images) (Store.ofFolder folder)

        Assert.Equal(64, provenance.Value.ImagesFingerprint.Value.Length)
        Assert.Equal("images", (Assert.Single provenance.Value.Custom).Kind))

let private unlabelled () =
    let without (images: ImageSet) =
        new ImageSet(images.Images.clone (), torch.tensor (Array.create (int images.Count) -1L), images.ClassNames)

    use splits = load ()
    new ImageSplits(without splits.Train, without splits.Test)

[<Fact>]
let ``What images do wrong is said before anything is trained`` () =
    LibTorch.Load() |> ignore

    let wrong =
        [
            "the training images are 3x16x16, but are defined as 3x8x8", define "i-side" 8 3 true load (fun () -> "")
            "the training images are 3x16x16, but are defined as 1x16x16",
            define "i-channels" 16 1 true load (fun () -> "")
            "some of the training images have no label", define "i-labels" 16 3 true unlabelled (fun () -> "")
            "could not be loaded: no table", define "i-load" 16 3 true (fun () -> failwith "no table") (fun () -> "")
            "have no fingerprint: no file", define "i-print" 16 3 true load (fun () -> failwith "no file")
        ]

    for expected, images in wrong do
        Samples.withFolder (fun folder ->
            let views = View.crop (Images.knownSize images).Value >-> View.flip
            let grid = Grid.from (tiny |> Run.withImages images |> Run.withViews views)

            let error =
                Assert.ThrowsAny<Exception>(fun () ->
                    Execution.execute CancellationToken.None (executor folder) grid |> ignore)

            Assert.Contains(expected, error.Message)
            Assert.Contains("'i-", error.Message))

[<Fact>]
let ``Images of one's own without labels are measured by what needs none`` () =
    Samples.withFolder (fun folder ->
        LibTorch.Load() |> ignore
        let images = define "test-unlabelled" 16 3 false unlabelled (fun () -> "")
        let outcome = executor folder |> Execution.run (tiny |> Run.withImages images)
        Assert.Contains(outcome.Figures, fun figure -> figure.FullName = "RankMe h")
        Assert.DoesNotContain(outcome.Figures, fun figure -> figure.Of = "linear"))

[<Trait("group", "slow")>]
[<Fact>]
let ``The example of images in an SQLite table runs with workers, and sees what lies in the table`` () =
    Launcher.inFolder (fun folder ->
        let script = Path.Combine(Launcher.root, "scripts", "own-images.fsx")
        let quick = [ "run"; script; "--preset"; "smoke"; "--limit"; "256" ]
        let code, output, errors = Launcher.run folder (quick @ [ "--workers"; "2" ])
        Assert.True((code = 0), errors)
        Assert.Contains("temperature", output)
        Assert.True(File.Exists(Path.Combine(folder, "data", "own-images.db")))


        let run, outcome =
            (Store.all failwith (Store.ofFolder (Path.Combine(folder, "results", "runs")))).Head

        // The table holds what was written into it.
        let shapes =
            { run.Images with
                Source = ImageSource.Shapes { Train = 2000; Test = 500; Size = 32 }
            }

        let expected =
            executor (Path.Combine(folder, "again"))
            |> Execution.run (run |> Run.withImages shapes)

        Assert.Equal(expected.KnnTop1Untrained, outcome.KnnTop1Untrained, 0.01)
        // From the store.
        let code, _, errors = Launcher.run folder quick
        Assert.True((code = 0), errors)
        Assert.DoesNotContain("img/s", errors))
