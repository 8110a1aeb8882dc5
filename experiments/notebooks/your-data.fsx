(**
# Your own data

A folder with a folder of images per class, or a folder of images without labels: both are trained on as they are. This page makes a small folder, so that it can be run
anywhere; put the place of yours in its stead.
*)
#load "../../scripts/notebook.fsx"

open System
open System.IO
open SimCLR

(**
## A folder of images

`train/CLASS/…` and `test/CLASS/…`: here discs and rings of any colour on noise, 48 pixels wide, as PNG. JPEG, WebP, TIFF, 16 bits and other numbers of channels are read too.
*)
let folder = Path.Combine(Path.GetTempPath(), "simclr-discs")
let random = Random 1

let draw (path: string) isRing =
    let colour () =
        [| for _ in 1..3 -> float (random.Next 256) |]

    let x, y = random.Next(16, 32), random.Next(16, 32)

    use noise =
        NetVips.Image.Gaussnoise(48, 48, sigma = 25.0, mean = 120.0).Bandjoin([| 0.0; 0.0 |])

    use image =
        (noise * [| 1.0; 0.0; 0.0 |] + colour ())
            .Cast(NetVips.Enums.BandFormat.Uchar)
            .Mutate(fun picture ->
                picture.DrawCircle(colour (), x, y, 12, fill = true)

                if isRing then
                    picture.DrawCircle(colour (), x, y, 6, fill = true))

    image.WriteToFile path

for part, count in [ "train", 150; "test", 50 ] do
    for name in [ "disc"; "ring" ] do
        let place = Path.Combine(folder, part, name)
        Directory.CreateDirectory place |> ignore

        for i in 1..count do
            draw (Path.Combine(place, $"{i}.png")) (name = "ring")

(**
## The run

A set has a name; where it lies is no part of the run, so that the run is the same on every machine. On a terminal that is `--data-root discs=PATH`.
*)
let executor =
    { Notebook.executor with
        Places = Map [ ("discs", folder) ]
    }

let view =
    View.crop 32 |> View.withArea 0.4 1.0
    >-> View.flip
    >-> View.colorJitter 0.5
    >-> View.grayscale 0.2

let run =
    { Run.shapes with
        Images = Images.named (Some 32) "discs"
        ViewA = view
        ViewB = view
        BatchSize = 100
        Epochs = 10
        Evaluation = { Evaluation.standard with KnnK = 20 }
    }

Run.diff Run.shapes run
(*** include-it ***)

(**
What does not fit is told before anything is computed: a batch that the images do not suffice for, views that need colours which the images do not have.
*)
{ run with
    ViewB = view >-> View.normalize [ 0.5 ] [ 0.2 ]
}
|> Run.problems
(*** include-it ***)

(**
## Training

The outcome shows its figures and the curves of the training. The encoder is kept in the store, and goes to PyTorch as a safetensors file (docs/weights.md).
*)
let outcome = executor |> Execution.run run

outcome
(*** include-it ***)

(**
## Without labels

The same images, with the classes forgotten: training is the same, and what needs labels is left out. Alignment, uniformity and the effective rank of the representations take its place.
*)
let unlabelled =
    let reading =
        { FileReading.colour with
            Labelled = false
        }

    { run with
        Images =
            { run.Images with
                Source = ImageSource.Named("discs", Some 32, Some reading)
            }
    }

(executor |> Execution.run unlabelled).Summary
(*** include-it ***)

(**
## From here

- Views that end with `View.normalize means deviations` train on normalized images, of any number of channels.
- `Run.withInitialWeights (InitialWeights.ofFile "resnet50.safetensors")` goes on from weights of ImageNet.
- docs/images.md has X-rays of 16 bits, satellite images of four bands, and sets that are larger than memory.
*)
