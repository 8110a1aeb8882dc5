using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>
/// The operations of a jitter of a whole batch laid out in time, so that hue, the costly one, comes at the same time for all images:
/// each image's operations before hue end at time 2, those after it begin at time 4, and the other times do nothing.
/// </summary>
/// <remarks>
/// Brightness, contrast and saturation are one formula, gain x + toGray gray(x) + toMean mean(x) + addend, with different
/// numbers; so six blends and one hue rotation serve every order, and nothing needs to be known of the parameters, for which a GPU would have to wait.
/// </remarks>
internal sealed class JitterSteps
{
    internal const int HueTime = 3;
    internal const int Count = 7;

    private const long NoOperation = 3; // the number of hue, which no blend does

    private readonly Tensor _apply;
    private readonly Tensor _hue;
    private readonly Tensor _gain;
    private readonly Tensor _toMean;
    private readonly Tensor _toGray;
    private readonly Tensor _addend;

    /// <summary>The tensors belong to the caller's dispose scope.</summary>
    internal JitterSteps(ViewParameters parameters, BrightnessMode mode, bool saturates)
    {
        (_apply, _hue) = (parameters["apply"], parameters["hue"]);
        var operations = Operations(parameters["order"], _apply);
        var (isBrightness, isContrast, isSaturation) = (operations.eq(0), operations.eq(1), operations.eq(2));
        if (!saturates)
            isSaturation = zeros_like(isSaturation);
        var brightness = parameters["brightness"].unsqueeze(0);
        var contrast = parameters["contrast"].unsqueeze(0);
        var saturation = parameters["saturation"].unsqueeze(0);
        var multiplies = mode == BrightnessMode.Multiply;

        _toMean = isContrast.mul(1 - contrast);
        _toGray = isSaturation.mul(1 - saturation);
        _addend = multiplies ? zeros_like(_toMean) : isBrightness.mul(brightness);
        _gain = where(isContrast, contrast, where(isSaturation, saturation, ones_like(_toMean)));
        if (multiplies)
            _gain = where(isBrightness, brightness, _gain);
    }

    internal Tensor Gain(int time) => PerSample.Spread(_gain[time]);

    internal Tensor ToMean(int time) => PerSample.Spread(_toMean[time]);

    internal Tensor ToGray(int time) => PerSample.Spread(_toGray[time]);

    internal Tensor Addend(int time) => PerSample.Spread(_addend[time]);

    /// <summary>Rotates the hue, in place, where the jitter is applied.</summary>
    internal void Rotate(Tensor images) => images.copy_(PerSample.Choose(_apply, Hue.Rotate(images, _hue), images));

    /// <summary>The operation of every image at every time, [Count, N], int64.</summary>
    private static Tensor Operations(Tensor order, Tensor apply)
    {
        var n = order.shape[0];
        var hueAt = order.eq(NoOperation).to(ScalarType.Float32).argmax(1);
        var rest = full([n, HueTime], NoOperation, ScalarType.Int64, order.device);
        var place = arange(Count, ScalarType.Int64, order.device) + hueAt.unsqueeze(1);
        var operations = cat([rest, order, rest], 1).gather(1, place);
        return operations.masked_fill(apply.logical_not().unsqueeze(1), NoOperation).t().contiguous();
    }
}
