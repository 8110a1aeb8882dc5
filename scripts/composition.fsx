// Composition of augmentations (SimCLR, section 3.1 and Figure 5): one operation or two, on one branch only, for the other sees the image as it is.
// Every image of a run has one size, so nothing else is cropped; the paper crops its images, all branches alike, only to make them so.
//
// The parts of cutout (a half of the side) and noise (deviation 0.1), and blur in half the cases, are this project's choices: the paper does not say them.
// COMMAND  ./simclr run scripts/composition.fsx
//          ./simclr run scripts/composition.fsx --preset cpu --data-root PATH-OF-CIFAR-10 --seeds 1
//          ./simclr run scripts/composition.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   18 runs on generated images. cpu: 49 runs on 5,000 images.
//          In the paper crop with colour distortion is the best pair, and no single operation suffices.
#load "load.fsx"

open SimCLR

let shorter preset run =
    match preset with
    | Preset.Cpu -> run |> Run.withImages (run.Images |> Images.limit 5000) |> Run.shortened 8
    | Preset.Gpu -> run |> Run.shortened 100
    | _ -> run

let sweep = Sweep.adapted shorter "composition" Load.shared

let large = sweep.Preset = Preset.Paper
let side = View.outputSize 32 sweep.Baseline.ViewA

/// The image as it is; on ImageNet, whole at the size of a crop.
let untouched =
    if large then
        View.Crop
            {
                Size = side
                Area = 1.0, 1.0
                Ratio = 1.0, 1.0
                Interpolation = Interpolation.Bilinear
            }
    else
        View.Identity

let operations =
    [
        "crop", View.crop side >-> View.flip
        "cutout", View.cutout 0.5
        "colour", View.colorJitter (if large then 1.0 else 0.5) >-> View.grayscale 0.2
        "Sobel", View.sobel
        "noise", View.noise 0.1
        "blur", View.blur
        "rotate", View.turn
    ]
    |> List.filter (fun (name, _) ->
        match sweep.Preset with
        | Preset.Standard
        | Preset.Smoke -> List.contains name [ "crop"; "cutout"; "colour" ]
        | _ -> true)

/// The diagonal is the single operation.
let second view run =
    { run with
        ViewA =
            if run.ViewA = (untouched >-> view) then
                run.ViewA
            else
                run.ViewA >-> view
    }

Grid.from sweep.Baseline
|> Grid.varyBy
    "first"
    (fun view run ->
        { run with
            ViewA = untouched >-> view
            ViewB = untouched
        })
    operations
|> Grid.varyBy "second" second operations
|> Grid.seeds sweep.Seeds
|> Sweep.main (sweep |> Sweep.beside (Comparison.means Metric.linearTop1 Paper.figure5))
