using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>What a brightness factor does.</summary>
public enum BrightnessMode
{
    /// <summary>Multiplies by U(max(0, 1 - b), 1 + b): torchvision, and 'simclrv2' of the reference code.</summary>
    Multiply,

    /// <summary>Adds U(-b, b): 'simclrv1' of the reference code.</summary>
    Add,
}

/// <summary>The mean that contrast moves pixels to or from.</summary>
public enum ContrastMean
{
    /// <summary>The mean of the image's grayscale, one number per image: torchvision.</summary>
    Gray,

    /// <summary>The mean of each channel of the image: TensorFlow's adjust_contrast, in the reference code.</summary>
    PerChannel,
}

/// <summary>
/// Random brightness, contrast, saturation and hue, in random order per image, clipped to [0, 1] after each, with probability p
/// (paper, Appendix A; values as torchvision's adjust functions on float tensors).
/// </summary>
/// <remarks>
/// Brightness f x, contrast f x + (1 - f) mean, saturation f x + (1 - f) gray, hue h + d in HSV. The reference code scales
/// saturation in HSV instead of blending with gray. On images of one channel saturation and hue do nothing, as in torchvision.
/// Parameters: apply: [N], bool; brightness, contrast, saturation (factors; an addend for <see cref="BrightnessMode.Add"/>) and
/// hue (turns): [N], float32; order: [N, 4], int64, which operation comes at each place, numbered as listed here from 0.
/// </remarks>
public sealed class ColorJitter : IPixelView
{
    /// <summary>Jitter of the given strengths.</summary>
    /// <param name="brightness">b: factors U(max(0, 1 - b), 1 + b), or addends U(-b, b); at least 0.</param>
    /// <param name="contrast">Factors likewise.</param>
    /// <param name="saturation">Factors likewise.</param>
    /// <param name="hue">h: turns U(-h, h); in [0, 0.5].</param>
    /// <param name="p">Probability that an image is changed, in [0, 1].</param>
    /// <param name="brightnessMode">What the brightness factor does.</param>
    /// <param name="contrastMean">The mean that contrast is about.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public ColorJitter(
        double brightness,
        double contrast,
        double saturation,
        double hue,
        double p = 0.8,
        BrightnessMode brightnessMode = BrightnessMode.Multiply,
        ContrastMean contrastMean = ContrastMean.Gray
    )
    {
        Brightness = Require.AtLeastNumber(brightness, 0, nameof(brightness));
        Contrast = Require.AtLeastNumber(contrast, 0, nameof(contrast));
        Saturation = Require.AtLeastNumber(saturation, 0, nameof(saturation));
        HueRange = Require.Between(hue, 0, 0.5, nameof(hue));
        P = Require.Probability(p, nameof(p));
        BrightnessMode = brightnessMode;
        ContrastMean = contrastMean;
    }

    /// <summary>The paper's strength s: brightness, contrast and saturation 0.8 s, hue 0.2 s.</summary>
    /// <param name="strength">s; at least 0, at most 2.5. 1 on ImageNet, 0.5 on CIFAR-10.</param>
    /// <param name="p">Probability that an image is changed, in [0, 1].</param>
    /// <param name="brightnessMode">What the brightness factor does.</param>
    /// <param name="contrastMean">The mean that contrast is about.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static ColorJitter OfStrength(
        double strength,
        double p = 0.8,
        BrightnessMode brightnessMode = BrightnessMode.Multiply,
        ContrastMean contrastMean = ContrastMean.Gray
    )
    {
        var s = Require.Between(strength, 0, 2.5, nameof(strength));
        return new(0.8 * s, 0.8 * s, 0.8 * s, 0.2 * s, p, brightnessMode, contrastMean);
    }

    /// <summary>Range of the brightness.</summary>
    public double Brightness { get; }

    /// <summary>Range of the contrast.</summary>
    public double Contrast { get; }

    /// <summary>Range of the saturation.</summary>
    public double Saturation { get; }

    /// <summary>Range of the hue, turns.</summary>
    public double HueRange { get; }

    /// <summary>Probability that an image is changed.</summary>
    public double P { get; }

    /// <summary>What the brightness factor does.</summary>
    public BrightnessMode BrightnessMode { get; }

    /// <summary>The mean that contrast is about.</summary>
    public ContrastMean ContrastMean { get; }

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) =>
        input.Channels is 1 or 3 || (Saturation == 0 && HueRange == 0)
            ? input
            : throw new ArgumentException(
                $"Saturation and hue need images of 3 channels (or 1, where they do nothing), not {input.Channels}. "
                    + "Use a ColorJitter whose saturation and hue are 0."
            );

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        return PerSample.Keep(
            scope,
            ("apply", PerSample.Chance(batch, P, generator)),
            (
                "brightness",
                BrightnessMode == BrightnessMode.Multiply
                    ? Factor(Brightness)
                    : PerSample.Uniform(batch, -Brightness, Brightness, generator)
            ),
            ("contrast", Factor(Contrast)),
            ("saturation", Factor(Saturation)),
            ("hue", PerSample.Uniform(batch, -HueRange, HueRange, generator)),
            ("order", PerSample.Uniform(batch, [4], generator).argsort(1))
        );

        Tensor Factor(double range) => PerSample.Uniform(batch, Math.Max(0, 1 - range), 1 + range, generator);
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters) =>
        PixelPass.Serves(images) ? PixelPass.Apply(this, images, parameters) : OnBatch(images, parameters);

    /// <inheritdoc/>
    Action<int, PixelImage> IPixelView.Pixels(BatchShape shape, ViewParameters parameters) =>
        new PixelJitter(parameters, BrightnessMode, ContrastMean, HueRange > 0).Apply;

    private Tensor OnBatch(Tensor images, ViewParameters parameters)
    {
        var shape = Output(BatchShape.Of(images));
        using var scope = NewDisposeScope();
        var steps = new JitterSteps(parameters, BrightnessMode, saturates: shape.Channels == 3);
        var current = images.clone();
        for (var time = 0; time < JitterSteps.Count; time++)
        {
            if (time != JitterSteps.HueTime)
                Blend(current, steps, time);
            else if (shape.Channels == 3 && HueRange > 0)
                steps.Rotate(current);
        }
        return current.MoveToOuterDisposeScope();
    }

    /// <summary>x := clip(gain x + toGray gray(x) + toMean mean(x) + addend), in place.</summary>
    private void Blend(Tensor x, JitterSteps steps, int time)
    {
        using var scope = NewDisposeScope();
        var gray = Luma.Of(x);
        var mean = ContrastMean == ContrastMean.Gray ? gray.mean([2, 3], true) : x.mean([2, 3], true);
        var constant = mean.mul_(steps.ToMean(time)).add_(steps.Addend(time));
        x.mul_(steps.Gain(time)).add_(gray.mul_(steps.ToGray(time)).add(constant)).clamp_(0, 1);
    }
}
