namespace SimCLR

/// An augmentation of an image; compose them with >->.
[<RequireQualifiedAccess>]
type View =
    | Identity
    | Crop of CropSettings
    | Flip of probability: float
    | ColorJitter of JitterSettings
    | Grayscale of probability: float
    | Blur of BlurSettings
    /// Turns by 0, 90, 180 or 270 degrees, each as likely.
    | Rotate
    /// Turns by 90, 180 or 270 degrees, each as likely: never not at all.
    | Turn
    | Cutout of CutoutSettings
    | Noise of NoiseSettings
    | Sobel of probability: float
    | Solarize of SolarizeSettings
    /// Operations drawn for each image (Cubuk et al. 2020).
    | RandAugment of RandAugmentSettings
    /// A pair of operations drawn for each image from a policy that was found (Cubuk et al. 2019).
    | AutoAugment of AutoAugmentPolicy
    /// Takes a mean out and divides by a deviation; comes last.
    | Normalize of NormalizeSettings
    | Sequence of View list
    /// One of your own: View.Define.
    | Custom of Custom

/// Views: steps of augmentation, put together by >->.
[<RequireQualifiedAccess>]
module View =

    let rec private steps view =
        match view with
        | View.Identity -> []
        | View.Sequence views -> List.collect steps views
        | single -> [ single ]

    /// One view after the other; associative, with the identity as its neutral element.
    let compose first second =
        match steps first @ steps second with
        | [] -> View.Identity
        | [ single ] -> single
        | views -> View.Sequence views

    /// A crop of area 0.08 to 1 and ratio 3/4 to 4/3, resized to that side (SimCLR, appendix A).
    let crop size =
        View.Crop
            {
                Size = size
                Area = 0.08, 1.0
                Ratio = 3.0 / 4.0, 4.0 / 3.0
                Interpolation = Interpolation.Bilinear
            }

    /// Changes every step of the view, wherever it stands; a step that becomes View.Identity is left out.
    let rec map (change: View -> View) view =
        match view with
        | View.Sequence views -> views |> List.map (map change) |> List.fold compose View.Identity
        | single -> change single

    /// Changes every step of a kind, which stays one.
    let rec private mapSteps change view =
        match view with
        | View.Sequence views -> View.Sequence(views |> List.map (mapSteps change))
        | single -> change single

    let private mapCrop change =
        mapSteps (function
            | View.Crop c -> View.Crop(change c)
            | other -> other)

    /// Another range of the crop's area.
    let withArea least largest =
        mapCrop (fun c -> { c with Area = least, largest })

    /// Another size of the crop, in pixels.
    let withSize size =
        mapCrop (fun c -> { c with Size = size })

    /// Another filter of the crop's resize.
    let withInterpolation interpolation =
        mapCrop (fun c -> { c with Interpolation = interpolation })

    /// Mirrors left and right with probability 1/2.
    let flip = View.Flip 0.5

    /// Colour jitter of strength s with probability 0.8: 0.8 s, 0.8 s, 0.8 s and hue 0.2 s (SimCLR, appendix A).
    let colorJitter strength =
        View.ColorJitter
            {
                Brightness = 0.8 * strength
                Contrast = 0.8 * strength
                Saturation = 0.8 * strength
                Hue = 0.2 * strength
                Probability = 0.8
                BrightnessMode = BrightnessMode.Multiply
                ContrastMean = ContrastMean.Gray
            }

    let private mapJitter change =
        mapSteps (function
            | View.ColorJitter j -> View.ColorJitter(change j)
            | other -> other)

    /// Another meaning of the jitter's brightness.
    let withBrightnessMode mode =
        mapJitter (fun j -> { j with BrightnessMode = mode })

    /// Another mean for the jitter's contrast.
    let withContrastMean mean =
        mapJitter (fun j -> { j with ContrastMean = mean })

    /// Drops the colour with that probability.
    let grayscale probability = View.Grayscale probability

    /// Blur with probability 1/2, sigma 0.1 to 2, a kernel of 10% of the side (SimCLR, appendix A).
    let blur =
        View.Blur
            {
                Probability = 0.5
                Sigma = 0.1, 2.0
                KernelFraction = 0.1
            }

    let private mapBlur change =
        mapSteps (function
            | View.Blur b -> View.Blur(change b)
            | other -> other)

    /// Another probability of the blur.
    let withBlurProbability probability =
        mapBlur (fun b -> { b with Probability = probability })

    /// Another range of the blur's sigma, in pixels.
    let withBlurSigma least largest =
        mapBlur (fun b -> { b with Sigma = least, largest })

    /// Another width of the blur's kernel, as a part of the side.
    let withBlurKernel fraction =
        mapBlur (fun b -> { b with KernelFraction = fraction })

    /// Turns by 0, 90, 180 or 270 degrees.
    let rotate = View.Rotate

    /// Turns by 90, 180 or 270 degrees (SimCLR, figure 4f).
    let turn = View.Turn

    /// Blackens a square of that part of the side (SimCLR, figure 4).
    let cutout fraction =
        View.Cutout
            {
                Fraction = fraction
                Probability = 1.0
                Fill = CutoutFill.Zero
            }

    /// Adds normal noise of that standard deviation (SimCLR, figure 4).
    let noise sigma =
        View.Noise { Sigma = sigma; Probability = 1.0 }

    /// Keeps edges only (SimCLR, figure 4).
    let sobel = View.Sobel 1.0

    /// Inverts numbers of at least 1/2, with that probability (BYOL, 2006.07733, appendix B).
    let solarize probability =
        View.Solarize
            {
                Threshold = 0.5
                Probability = probability
            }

    /// So many of torchvision's 14 operations for each image, drawn, of a level from 0 to 30; torchvision's defaults are 2 and 9
    /// (RandAugment, 1909.13719).
    let randAugment count level =
        View.RandAugment { Count = count; Level = level }

    /// For each image one of a policy's 25 pairs of operations, as torchvision has them (AutoAugment, 1805.09501). Works on bytes: images are
    /// rounded to 255ths.
    let autoAugment policy = View.AutoAugment policy

    /// (x - mean) / deviation for each channel, one number of each for every channel. It comes last, on both views alike, and images are
    /// measured so, too.
    let normalize means deviations =
        View.Normalize { Mean = means; Deviation = deviations }

    /// Normalization by the means and deviations of ImageNet's colours, as torchvision's weights want it.
    let normalizeAsImageNet = normalize [ 0.485; 0.456; 0.406 ] [ 0.229; 0.224; 0.225 ]

    /// The normalization that the view ends with.
    let internal normalization view =
        match List.tryLast (steps view) with
        | Some(View.Normalize n) -> Some n
        | _ -> None

    /// The view without normalizations: it makes pictures in [0, 1].
    let withoutNormalization view =
        view
        |> map (function
            | View.Normalize _ -> View.Identity
            | other -> other)

    /// The side of what the view makes, given that of the image.
    let rec outputSize size view =
        match view with
        | View.Crop c -> c.Size
        | View.Sequence views -> views |> List.fold outputSize size
        | View.Custom c -> Custom.side c size
        | _ -> size

    /// Without what only colour has: no grayscale, and of the jitter brightness and contrast alone. For images of any number of channels.
    let withoutColour view =
        let plain =
            function
            | View.Grayscale _ -> View.Identity
            | View.ColorJitter j -> View.ColorJitter { j with Saturation = 0.0; Hue = 0.0 }
            | other -> other

        steps view |> List.map plain |> List.fold compose View.Identity

    /// Steps that do not fit images of so many channels: those that need colour, which gray images pass as they are, and normalizations.
    let rec internal channelProblems channels name view =
        match view with
        | View.Sequence views ->
            views
            |> List.indexed
            |> List.collect (fun (i, step) -> channelProblems channels $"{name}[{i}]" step)
        | View.Normalize n when n.Mean.Length <> channels ->
            [
                $"{name}.normalize has {n.Mean.Length} means, but the images have {channels} channels; give one mean and one deviation for each."
            ]
        | _ when channels = 1 || channels = 3 || withoutColour view = view -> []
        | _ ->
            [
                $"{name} changes colours, for which images need 3 channels, but these have {channels}; use View.withoutColour, "
                + "which leaves grayscale, saturation and hue out."
            ]

    /// Whether it can make two different pictures of an image.
    let rec internal isRandom view =
        let isChance p = p > 0.0 && p < 1.0

        match view with
        | View.Identity
        | View.Normalize _ -> false
        | View.Rotate
        | View.Turn
        | View.Custom _
        | View.AutoAugment _
        | View.RandAugment _ -> true
        | View.Crop c -> c.Area <> (1.0, 1.0) || fst c.Ratio <> snd c.Ratio
        | View.Flip p
        | View.Grayscale p
        | View.Sobel p -> isChance p
        | View.ColorJitter j ->
            j.Probability > 0.0
            && (isChance j.Probability || j.Brightness + j.Contrast + j.Saturation + j.Hue > 0.0)
        | View.Blur b -> b.Probability > 0.0 && (isChance b.Probability || fst b.Sigma <> snd b.Sigma)
        | View.Cutout c -> c.Probability > 0.0
        | View.Noise n -> n.Probability > 0.0 && n.Sigma > 0.0
        | View.Solarize s -> isChance s.Probability
        | View.Sequence views -> List.exists isRandom views

    /// Crops that are larger than images of that side: they would show no more of them, only more pixels.
    let rec internal cropProblems size name view =
        match view with
        | View.Crop c when c.Size > size ->
            [
                $"{name}.crop size is {c.Size}, but the images have a side of {size}; use at most {size}, or larger images."
            ]
        | View.Sequence views ->
            views
            |> List.indexed
            |> List.collect (fun (i, step) -> cropProblems size $"{name}[{i}]" step)
        | _ -> []

    /// What is wrong with it, in words.
    let rec internal problems name view =
        [
            let probability what p =
                Check.range $"{name}.{what} probability" 0.0 1.0 p

            match view with
            | View.Identity
            | View.AutoAugment _
            | View.Rotate
            | View.Turn -> ()
            | View.Sobel p -> yield! probability "sobel" p
            | View.Cutout c ->
                yield! probability "cutout" c.Probability
                yield! Check.share $"{name}.cutout fraction" c.Fraction
            | View.Noise n ->
                yield! probability "noise" n.Probability
                yield! Check.finiteFrom $"{name}.noise sigma" 0.0 n.Sigma
            | View.Solarize s ->
                yield! probability "solarize" s.Probability
                yield! Check.range $"{name}.solarize threshold" 0.0 1.0 s.Threshold
            | View.RandAugment r ->
                yield! Check.between $"{name}.randAugment count" 1 16 r.Count
                yield! Check.between $"{name}.randAugment level" 0 30 r.Level
            | View.Normalize n ->
                if n.Mean.Length <> n.Deviation.Length then
                    $"{name}.normalize has {n.Mean.Length} means and {n.Deviation.Length} deviations; give one of each for every channel."

                yield! n.Mean |> List.collect (Check.range $"{name}.normalize mean" -1e6 1e6)
                yield! n.Deviation |> List.collect (Check.above $"{name}.normalize deviation" 0.0)
            | View.Sequence views ->
                for i, step in List.indexed views do
                    yield! problems $"{name}[{i}]" step
            | View.Custom c -> yield! Custom.problems "view" name c
            | View.Flip p -> yield! probability "flip" p
            | View.Grayscale p -> yield! probability "grayscale" p
            | View.Crop c ->
                yield! Check.between $"{name}.crop size" 1 4096 c.Size
                yield! Check.interval $"{name}.crop area" 0.0 1.0 c.Area
                yield! Check.interval $"{name}.crop ratio" 0.0 100.0 c.Ratio
            | View.ColorJitter j ->
                yield! probability "jitter" j.Probability
                yield! Check.range $"{name}.jitter brightness" 0.0 100.0 j.Brightness
                yield! Check.range $"{name}.jitter contrast" 0.0 100.0 j.Contrast
                yield! Check.range $"{name}.jitter saturation" 0.0 100.0 j.Saturation
                yield! Check.range $"{name}.jitter hue" 0.0 0.5 j.Hue
            | View.Blur b ->
                yield! probability "blur" b.Probability
                yield! Check.interval $"{name}.blur sigma" 0.0 1000.0 b.Sigma
                yield! Check.share $"{name}.blur kernel fraction" b.KernelFraction
        ]

    /// Normalizations that something follows: all other views take images in [0, 1].
    let internal orderProblems name view =
        match List.rev (steps view) with
        | _ :: earlier when earlier |> List.exists _.IsNormalize ->
            [
                $"{name} has a normalization before its last step, but all other steps take images in [0, 1]; put one normalization last."
            ]
        | _ -> []

/// The operator that puts views together.
[<AutoOpen>]
module ViewOperators =

    /// One view after the other.
    let (>->) first second = View.compose first second
