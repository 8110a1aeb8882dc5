/// The examples of docs/images.md, from files to a trained and evaluated encoder.
module SimCLR.Tests.ImageKindsTests

open System.IO
open NetVips
open SimCLR
open SimCLR.Tests
open Xunit

let private side = 24

/// Two classes of images that differ in brightness: train/CLASS/*, test/CLASS/*.
let private write folder ending bands largest (save: Image -> string -> unit) =
    let random = System.Random 1

    for split, count in [ "train", 20; "test", 10 ] do
        for name, middle in [ "bright", 0.7; "dark", 0.3 ] do
            let place = Path.Combine(folder, split, name)
            Directory.CreateDirectory place |> ignore

            for i in 1..count do
                let numbers =
                    Array.init (side * side * bands) (fun _ ->
                        uint16 (float largest * (middle + 0.2 * (random.NextDouble() - 0.5))))

                use image = Image.NewFromMemory(numbers, side, side, bands, Enums.BandFormat.Ushort)

                save image (Path.Combine(place, $"{i}{ending}"))

/// Trains a small encoder on the images, and measures it.
let private outcome folder images views =
    let run =
        { Samples.tiny with
            Images = images
            BatchSize = 8
            Epochs = 4
        }
        |> Run.withViews views

    Assert.Empty(Run.problems run)

    let executor =
        { Executor.storeIn (Path.Combine(folder, "runs")) Executor.local with
            Device = Cpu
            Observer = Observer.silent
        }

    executor |> Execution.run run

let private crops = View.crop 16 >-> View.flip

[<Fact>]
let ``X-rays, PNGs of 12 bits in 16`` () =
    Samples.withFolder (fun folder ->
        let data = Path.Combine(folder, "xrays")

        write data ".png" 1 4095 (fun image path ->
            use gray = image.Copy(interpretation = Enums.Interpretation.Grey16)
            gray.Pngsave(path, bitdepth = 16))

        let images =
            Images.folder (Some 24) data
            |> Images.withChannels 1
            |> Images.withBits 16
            |> Images.withRange 0.0 4095.0

        let outcome = outcome folder images (crops >-> View.colorJitter 0.5)
        // Brightness tells the classes apart: unless the images are black.
        Assert.InRange(outcome.LinearTop1, 0.9, 1.0))

[<Fact>]
let ``Satellite images, TIFFs of four bands`` () =
    Samples.withFolder (fun folder ->
        let data = Path.Combine(folder, "tiles")
        write data ".tif" 4 65535 (fun image path -> image.Tiffsave path)

        let images =
            Images.folder (Some 24) data |> Images.withChannels 4 |> Images.withBits 16

        let views = crops >-> View.colorJitter 0.5 >-> View.grayscale 0.2
        let outcome = outcome folder images (View.withoutColour views)
        Assert.InRange(outcome.LinearTop1, 0.9, 1.0))

[<Fact>]
let ``Product photos with opacity`` () =
    Samples.withFolder (fun folder ->
        let data = Path.Combine(folder, "products")

        write data ".png" 4 255 (fun image path ->
            use bytes = image.Cast Enums.BandFormat.Uchar
            use clear = bytes.Copy(interpretation = Enums.Interpretation.Srgb)
            clear.Pngsave path)

        let images = Images.folder (Some 24) data |> Images.withChannels 4
        let outcome = outcome folder images crops
        Assert.InRange(outcome.LinearTop1, 0.9, 1.0))

[<Fact>]
let ``Images without labels: what needs them is left out, with a word`` () =
    Samples.withFolder (fun folder ->
        let data = Path.Combine(folder, "collection")

        write data ".png" 1 255 (fun image path ->
            use bytes = image.Cast Enums.BandFormat.Uchar
            bytes.Pngsave path)

        let told = System.Collections.Concurrent.ConcurrentQueue<string>()

        let executor =
            { Executor.storeIn (Path.Combine(folder, "runs")) Executor.local with
                Device = Cpu
                Observer =
                    function
                    | Event.Noted text -> told.Enqueue text
                    | _ -> ()
            }

        let run =
            { Samples.tiny with
                Images = Images.unlabelled (Some 24) (Path.Combine(data, "train"))
                BatchSize = 8
                Evaluation = Evaluation.standard |> Evaluation.measuring [ Measurement.fineTune 1.0 ]
            }
            |> Run.withViews crops

        Assert.Empty(Run.problems run)
        let outcome = executor |> Execution.run run
        Assert.Empty outcome.Failures
        Assert.True(System.Double.IsNaN outcome.LinearTop1)

        for name in [ "h alignment"; "h uniformity"; "RankMe h"; "RankMe, untrained h" ] do
            Assert.True(System.Double.IsFinite(outcome.Figure name), name)

        Assert.Contains(
            "The images have no labels: linear, k-NN, fine-tuned are left out; alignment, uniformity and RankMe are measured instead.",
            told
        )
        // The second time all of it is stored.
        let again = executor |> Execution.run run
        Assert.Equal<Figure list>(outcome.Figures, again.Figures))

[<Fact>]
let ``Losses and probes that read labels are refused for images without any`` () =
    let run =
        { Samples.tiny with
            Images = Images.unlabelled (Some 24) "/data"
            Loss = Loss.SupCon 0.1
            Evaluation = Evaluation.standard |> Evaluation.measuring [ Measurement.OnlineProbe 0.1 ]
        }

    let wrong = Run.problems run
    Assert.Contains(wrong, fun text -> text.Contains "SupCon, which reads labels")
    Assert.Contains(wrong, fun text -> text.Contains "online probe, which reads labels")
