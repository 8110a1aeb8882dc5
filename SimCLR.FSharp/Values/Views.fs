namespace SimCLR

/// Pipelines of papers and of their code.
[<RequireQualifiedAccess>]
module Views =

    /// SimCLR on ImageNet (appendix A): crop 224, flip, jitter of strength 1, grayscale 0.2, blur.
    let paperImageNet =
        View.crop 224
        >-> View.flip
        >-> View.colorJitter 1.0
        >-> View.grayscale 0.2
        >-> View.blur

    /// SimCLR on CIFAR-10 (appendix B.9): crop 32, flip, jitter of strength 0.5, grayscale 0.2, no blur.
    let paperCifar10 =
        View.crop 32 >-> View.flip >-> View.colorJitter 0.5 >-> View.grayscale 0.2

    /// For generated images of that side, whose colours tell nothing of their class and yet are the same in two crops: brightness, contrast and
    /// saturation from 0.2 to 1.8 of what they are, any hue, half of the views grey. With them methods without hard negatives learn outlines, too.
    let colourless side =
        (View.crop side |> View.withArea 0.2 1.0)
        >-> View.flip
        >-> View.ColorJitter
                {
                    Brightness = 0.8
                    Contrast = 0.8
                    Saturation = 0.8
                    Hue = 0.5
                    Probability = 1.0
                    BrightnessMode = BrightnessMode.Multiply
                    ContrastMean = ContrastMean.Gray
                }
        >-> View.grayscale 0.5

    /// What the reference code (google-research/simclr) does on ImageNet in version 2: as the paper, crops resized bicubically,
    /// contrast about the mean of each channel, brightness multiplied.
    let simclrV2 =
        paperImageNet
        |> View.withInterpolation Interpolation.Bicubic
        |> View.withContrastMean ContrastMean.PerChannel

    /// The same in version 1: brightness is added.
    let simclrV1 = simclrV2 |> View.withBrightnessMode BrightnessMode.Add

    /// MoCo v2 on ImageNet (2003.04297 and its code): crop of area 0.2 to 1, jitter 0.4, 0.4, 0.4, 0.1 (strength 0.5), grayscale 0.2, blur, flip.
    let mocoV2 =
        (View.crop 224 |> View.withArea 0.2 1.0)
        >-> View.colorJitter 0.5
        >-> View.grayscale 0.2
        >-> View.blur
        >-> View.flip

    /// BYOL on ImageNet (2006.07733, appendix B and its code), the first and the second view: crop 224, resized bicubically, flip, jitter 0.4, 0.4, 0.2, 0.1,
    /// grayscale 0.2;
    /// the first always blurred, the second in a tenth of the cases, and solarized in a fifth.
    let byol =
        let jitter =
            View.ColorJitter
                {
                    Brightness = 0.4
                    Contrast = 0.4
                    Saturation = 0.2
                    Hue = 0.1
                    Probability = 0.8
                    BrightnessMode = BrightnessMode.Multiply
                    ContrastMean = ContrastMean.Gray
                }

        let blurred probability =
            (View.crop 224 |> View.withInterpolation Interpolation.Bicubic)
            >-> View.flip
            >-> jitter
            >-> View.grayscale 0.2
            >-> View.Blur
                    {
                        Probability = probability
                        Sigma = 0.1, 2.0
                        KernelFraction = 0.1
                    }

        blurred 1.0, blurred 0.1 >-> View.solarize 0.2
