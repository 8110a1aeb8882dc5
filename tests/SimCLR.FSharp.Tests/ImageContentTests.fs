/// Images whose files change, and images that a run knows by name.
module SimCLR.Tests.ImageContentTests

open System.IO
open System.Collections.Concurrent
open SimCLR
open SimCLR.Tests
open Xunit

/// Classes of 12 images each, told apart by colour.
let private write folder names =
    for i, name in List.indexed names do
        for split, count in [ "train", 8; "test", 4 ] do
            for n in 1..count do
                let colour = byte (20 * n), byte (90 * i), 99uy
                Samples.writeImage (Path.Combine(folder, split, name, $"{n}.png")) colour

let private executor folder (told: ConcurrentQueue<string>) =
    { Executor.storeIn (Path.Combine(folder, "runs")) Executor.local with
        Device = Cpu
        Observer =
            function
            | Event.Noted text -> told.Enqueue text
            | _ -> ()
    }

let private run images =
    { Samples.tiny with
        Images = images
        BatchSize = 4
    }

/// Whether a run was taken from the store, and what was told meanwhile.
let private execute folder run =
    let told = ConcurrentQueue()

    let results =
        Execution.execute System.Threading.CancellationToken.None (executor folder told) (Grid.from run)

    match results.Cells with
    | [ { Result = Ok outcome; Stored = stored } ] -> outcome, stored, List.ofSeq told
    | cells -> failwith $"{cells}"

[<Fact>]
let ``Images that changed are told of and computed anew, and what was there is kept`` () =
    Samples.withFolder (fun folder ->
        let data = Path.Combine(folder, "data")
        write data [ "a"; "b"; "c" ]
        let run = run (Images.folder (Some 16) data)
        let first, _, _ = execute folder run
        let _, stored, told = execute folder run
        Assert.True stored
        Assert.DoesNotContain(told, fun text -> text.Contains "have changed")

        for split in [ "train"; "test" ] do
            Directory.Delete(Path.Combine(data, split, "c"), true)

        let second, stored, told = execute folder run
        Assert.False stored
        Assert.Contains(told, fun text -> text.Contains "The images of data have changed")
        Assert.NotEqual(first.FinalLoss, second.FinalLoss)

        let aside = Directory.GetDirectories(Path.Combine(folder, "runs", "other-images"))
        Assert.NotEmpty aside
        Assert.Contains(aside, fun path -> File.Exists(Path.Combine(path, "figures.json"))))

[<Fact>]
let ``Images of a measurement that changed are told of, and it alone is computed anew`` () =
    Samples.withFolder (fun folder ->
        let data, target = Path.Combine(folder, "data"), Path.Combine(folder, "target")
        write data [ "a"; "b" ]
        write target [ "a"; "b"; "c" ]

        let alone = run (Images.folder (Some 16) data)

        let run =
            { alone with
                Evaluation =
                    alone.Evaluation
                    |> Evaluation.measuring [ Measurement.transfer (Images.folder (Some 16) target) ]
            }

        execute folder run |> ignore
        let _, stored, _ = execute folder run
        Assert.True stored
        Directory.Delete(Path.Combine(target, "train", "c"), true)
        Directory.Delete(Path.Combine(target, "test", "c"), true)
        let _, stored, told = execute folder run
        Assert.False stored
        Assert.Contains(told, fun text -> text.Contains "The images of target have changed")
        Assert.DoesNotContain(told, fun text -> text.Contains "The images of data have changed")
        let aside = Directory.GetDirectories(Path.Combine(folder, "runs", "other-images"))
        Assert.Single aside |> ignore
        Assert.True(File.Exists(Path.Combine(aside[0], "figures.json"))))

[<Fact>]
let ``Copies in other places and of other times are the same images`` () =
    Samples.withFolder (fun folder ->
        let one, other = Path.Combine(folder, "one"), Path.Combine(folder, "other")
        write one [ "a"; "b" ]
        write other [ "a"; "b" ]
        File.SetLastWriteTimeUtc(Path.Combine(other, "train", "a", "1.png"), System.DateTime(2001, 1, 1))

        let fingerprint (path: string) =
            SimCLR.Core.Images.ImageFolder(path).Fingerprint()

        Assert.Equal(fingerprint one, fingerprint other)
        let links = Path.Combine(folder, "links of another length")

        for file in Directory.GetFiles(one, "*", SearchOption.AllDirectories) do
            let link = Path.Combine(links, Path.GetRelativePath(one, file))
            Directory.CreateDirectory(Path.GetDirectoryName link |> nonNull) |> ignore
            File.CreateSymbolicLink(link, file) |> ignore

        Assert.Equal(fingerprint one, fingerprint links)
        let broken = Path.Combine(links, "train", "a", "1.png")
        File.Delete broken
        File.CreateSymbolicLink(broken, Path.Combine(folder, "nothing")) |> ignore
        Assert.NotEqual<string>(fingerprint one, fingerprint links)
        // The same length, another colour.
        Samples.writeImage (Path.Combine(other, "train", "a", "1.png")) (1uy, 2uy, 3uy)
        Assert.NotEqual<string>(fingerprint one, fingerprint other))

[<Fact>]
let ``A named set is one run wherever it lies`` () =
    Samples.withFolder (fun folder ->
        let run = run (Images.named (Some 16) "birds")
        Assert.Empty(Run.problems run)

        let outcome place =
            let data = Path.Combine(folder, place)
            write data [ "a"; "b" ]

            let executor =
                { executor folder (ConcurrentQueue()) with
                    Places = Map [ "birds", data ]
                }

            Execution.execute System.Threading.CancellationToken.None executor (Grid.from run)

        Assert.False((outcome "here").Cells[0].Stored)
        Assert.True((outcome "there").Cells[0].Stored))

[<Fact>]
let ``A named set without a place is said with the remedy`` () =
    Samples.withFolder (fun folder ->
        let error =
            Assert.Throws<SimCLR.Core.Images.ImageSourceException>(fun () ->
                executor folder (ConcurrentQueue())
                |> Execution.run (run (Images.named (Some 16) "fish"))
                |> ignore)

        Assert.Contains("--data-root fish=PATH", error.Message)
        Assert.Contains("simclr.json", error.Message))

[<Fact>]
let ``One folder has one name`` () =
    let here = Directory.GetCurrentDirectory()
    let expected = Ok(Images.folder None (Path.Combine(here, "imgs")))

    for text in [ "folder:imgs"; "folder:imgs/"; "folder:x/../imgs"; $"folder:{here}/imgs/" ] do
        Assert.Equal(expected, Images.parse text)

    Assert.Equal(Ok(Images.named None "birds"), Images.parse "named:birds")
    Assert.True(Result.isError (Images.parse "named:a/b"))

let private sweep arguments =
    Sweep.fromArgs "sizes" (arguments @ [ "--device"; "cpu" ])

[<Fact>]
let ``A folder of unknown size is measured, not cropped to 32 pixels`` () =
    Samples.withFolder (fun folder ->
        write folder [ "a"; "b" ] // of 16 x 16 pixels
        let baseline = (sweep [ "--data"; $"folder:{folder}" ]).Baseline
        Assert.Equal(Some 16, Images.knownSize baseline.Images)
        Assert.Equal(16, View.outputSize 16 baseline.ViewA)

        let larger =
            (sweep [ "--data"; $"folder:{folder}"; "--size"; "64"; "--encoder"; "resnet18" ]).Baseline

        Assert.Equal(64, View.outputSize 64 larger.ViewA)

        match larger.Encoder with
        | Encoder.ResNet r -> Assert.Equal(Stem.ImageNet, r.Stem)
        | other -> Assert.Fail $"{other}"

        let small =
            (sweep [ "--data"; $"folder:{folder}"; "--encoder"; "resnet18" ]).Baseline

        match small.Encoder with
        | Encoder.ResNet r -> Assert.Equal(Stem.Cifar, r.Stem)
        | other -> Assert.Fail $"{other}")

[<Fact>]
let ``The command line says where named sets lie`` () =
    let executor =
        (sweep
            [
                "--data"
                "named:birds"
                "--size"
                "32"
                "--data-root"
                "/data"
                "--data-root"
                "birds=/mnt/birds"
            ])
            .Executor

    Assert.Equal("/data", executor.DataRoot)
    Assert.Equal(Some "/mnt/birds", Map.tryFind "birds" executor.Places)

[<Theory>]
[<InlineData("/a", "/b", "two folders of the data sets, /a and /b;")>]
[<InlineData("birds=/a", "birds=/b", "'birds' lies in /a and in /b;")>]
let ``Of two places of the same images none is taken`` (first: string) (second: string) (said: string) =
    let places (roots: string list) =
        [ for root in roots -> [ "--data-root"; root ] ]
        |> List.concat
        |> SweepArguments.parse "test"
        |> SweepArguments.places

    let error =
        Assert.ThrowsAny<System.ArgumentException>(fun () -> places [ first; "fish=/c"; second ] |> ignore)

    Assert.Contains(said, error.Message)
    Assert.Equal(places [ first ], places [ first; first ])

[<Fact>]
let ``Images that are again what they were have what was computed of them again`` () =
    Samples.withFolder (fun folder ->
        let data = Path.Combine(folder, "data")
        let hidden = Path.Combine(folder, "hidden")
        write data [ "a"; "b"; "c" ]
        let run = run (Images.folder (Some 16) data)

        let move (from: string) (until: string) =
            for split in [ "train"; "test" ] do
                Directory.CreateDirectory(Path.Combine(until, split)) |> ignore
                Directory.Move(Path.Combine(from, split, "c"), Path.Combine(until, split, "c"))

        let first, _, _ = execute folder run
        move data hidden
        let second, _, _ = execute folder run
        Assert.NotEqual(first.FinalLoss, second.FinalLoss)

        // There and back twice: neither is lost.
        for _ in 1..2 do
            move hidden data
            let again, stored, told = execute folder run
            Assert.True stored
            Assert.Equal(first.FinalLoss, again.FinalLoss)
            Assert.Contains(told, fun text -> text.Contains "is there again")
            move data hidden
            let again, stored, told = execute folder run
            Assert.True stored
            Assert.Contains(told, fun text -> text.Contains "is there again")
            Assert.Equal(second.FinalLoss, again.FinalLoss))
