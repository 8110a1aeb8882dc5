// Strength of the colour distortion (SimCLR, section 3.2 and Table 1), and AutoAugment in its place: the policy that was found on ImageNet, as in the
// paper, or on CIFAR-10 or SVHN where the images are theirs.
//
// COMMAND  ./simclr run scripts/colour-strength.fsx
//          ./simclr run scripts/colour-strength.fsx --preset cpu --data-root PATH-OF-CIFAR-10
//          ./simclr run scripts/colour-strength.fsx --preset paper --data folder:PATH-OF-IMAGENET
// EXPECT   12 runs on generated images. cpu: 12 runs. On images of 32 pixels the
//          paper itself uses half the strength and no blur (B.9).
#load "load.fsx"

open SimCLR

let sweep = Sweep.fromArgs "colour-strength" Load.shared

/// The baseline's own crop.
let crop =
    match sweep.Baseline.ViewA with
    | View.Sequence(crop :: _) -> crop
    | single -> single

let distorted strength =
    crop >-> View.flip >-> View.colorJitter strength >-> View.grayscale 0.2

let policy =
    match sweep.Baseline.Images.Source with
    | ImageSource.Cifar10
    | ImageSource.Cifar100 -> AutoAugmentPolicy.Cifar10
    | ImageSource.Svhn -> AutoAugmentPolicy.Svhn
    | _ -> AutoAugmentPolicy.ImageNet

Grid.from sweep.Baseline
|> Grid.varyBy
    "strength"
    Run.withViews
    [
        "1/8", distorted 0.125
        "1/4", distorted 0.25
        "1/2", distorted 0.5
        "1", distorted 1.0
        "1+blur", distorted 1.0 >-> View.blur
        "AutoAugment", crop >-> View.flip >-> View.autoAugment policy
    ]
|> Grid.seeds sweep.Seeds
|> Sweep.main (sweep |> Sweep.beside (Comparison.means Metric.linearTop1 Paper.table1))
