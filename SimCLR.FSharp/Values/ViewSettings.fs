namespace SimCLR

/// The filter of a crop's resize; both are antialiased.
[<RequireQualifiedAccess>]
type Interpolation =
    | Bilinear
    | Bicubic

/// A crop of random area and ratio, resized to a square.
type CropSettings =
    {
        /// Side of the result, in pixels.
        Size: int
        /// Least and largest part of the image's area.
        Area: float * float
        /// Least and largest width / height.
        Ratio: float * float
        Interpolation: Interpolation
    }

/// What a drawn brightness does.
[<RequireQualifiedAccess>]
type BrightnessMode =
    /// Multiplies by U(max(0, 1 - b), 1 + b): torchvision, and 'simclrv2' of the reference code.
    | Multiply
    /// Adds U(-b, b): 'simclrv1' of the reference code.
    | Add

/// The mean that contrast moves pixels to or from.
[<RequireQualifiedAccess>]
type ContrastMean =
    /// That of the image's grayscale, one number per image: torchvision.
    | Gray
    /// That of each channel: the reference code.
    | PerChannel

/// Changes of colour; a factor is uniform in [max(0, 1 - x), 1 + x].
type JitterSettings =
    {
        Brightness: float
        Contrast: float
        Saturation: float
        /// In turns of the colour circle, 0 to 0.5.
        Hue: float
        Probability: float
        BrightnessMode: BrightnessMode
        ContrastMean: ContrastMean
    }

/// Gaussian blur (SimCLR, appendix A).
type BlurSettings =
    {
        Probability: float
        /// Least and largest sigma, in pixels.
        Sigma: float * float
        /// Width of the kernel as a part of the side.
        KernelFraction: float
    }

/// What a hole is filled with.
[<RequireQualifiedAccess>]
type CutoutFill =
    /// Black.
    | Zero
    /// The mean of each channel of the image.
    | Mean

/// Cutout (DeVries and Taylor 2017, 1708.04552).
type CutoutSettings =
    {
        /// Side of the square as a part of the image's shorter side.
        Fraction: float
        Probability: float
        Fill: CutoutFill
    }

/// Gaussian noise (SimCLR, figure 4).
type NoiseSettings =
    {
        /// Standard deviation; pixels lie in [0, 1].
        Sigma: float
        Probability: float
    }

/// Solarization (BYOL, appendix B).
type SolarizeSettings =
    {
        /// Numbers from here on are inverted; pixels lie in [0, 1].
        Threshold: float
        Probability: float
    }

/// The images that a policy of AutoAugment was found on.
[<RequireQualifiedAccess>]
type AutoAugmentPolicy =
    | ImageNet
    | Cifar10
    | Svhn

/// (x - mean) / deviation, a number of each for every channel.
type NormalizeSettings =
    {
        Mean: float list
        /// Above 0.
        Deviation: float list
    }

/// RandAugment (Cubuk et al. 2020, 1909.13719).
type RandAugmentSettings =
    {
        /// Operations per image, one after another.
        Count: int
        /// Strength of each, 0 to 30.
        Level: int
    }
