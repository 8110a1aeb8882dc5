/// The only place where whole values become objects of SimCLR.Core.
module internal SimCLR.Lower

open System.IO
open SimCLR.Core.Encoders
open SimCLR.Core.Evaluation
open SimCLR.Core.Heads
open SimCLR.Core.Images
open SimCLR.Core.Losses
open SimCLR.Core.Optimizers
open SimCLR.Core.Training
open SimCLR.Core.Views

let rec view value : IView =
    match value with
    | View.Identity -> Identity()
    | View.Sequence views -> Sequence(views |> List.map view |> List.toArray)
    | View.RandomResizedCrop c ->
        RandomResizedCrop(c.Size, fst c.Area, snd c.Area, fst c.Ratio, snd c.Ratio, interpolation c.Interpolation)
    | View.HorizontalFlip p -> HorizontalFlip p
    | View.ColorJitter j ->
        ColorJitter(j.Brightness, j.Contrast, j.Saturation, j.Hue, j.Probability, brightness j.BrightnessMode)
    | View.Grayscale p -> Grayscale p
    | View.GaussianBlur b -> GaussianBlur(b.Probability, fst b.Sigma, snd b.Sigma, b.KernelFraction)
