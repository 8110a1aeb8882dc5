using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>
/// The operations of a jitter laid out in time, so that hue, the costly one, comes at the same time for all images:
/// each image's operations before hue end at time 2, those after it begin at time 4, and the other times do nothing.
/// </summary>
/// <remarks>
/// Brightness, contrast and saturation are one formula, gain x + toGray gray(x) + toMean mean(x) + addend, with different
/// numbers; so six blends and one hue rotation serve every order. With the images sorted by the place of hue in their order, those
/// that stay as they are last, the images that a time changes lie side by side, and it touches no other: less than half the
/// work. How many they are must be known, for which a GPU would have to wait: there every time goes over the whole batch.
/// </remarks>
internal sealed class JitterSteps
{
    internal const int HueTime = 3;
    internal const int Count = 7;

    private const long NoOperation = 3; // the number of hue, which no blend does
    private const int Places = 4;

    private readonly Tensor? _sorted;
    private readonly long[] _atLeast = []; // how many images have hue at that place of their order or a later one
    private readonly Tensor _apply;
    private readonly Tensor _hue;
    private readonly Tensor _gain;
    private readonly Tensor _toMean;
    private readonly Tensor _toGray;
    private readonly Tensor _addend;

    /// <summary>The tensors belong to the caller's dispose scope.</summary>
    internal JitterSteps(ViewParameters parameters, BrightnessMode mode, bool saturates, bool sorts)
    {
        var hueAt = parameters["order"].eq(NoOperation).to(ScalarType.Float32).argmax(1);
        _apply = parameters["apply"];
        if (sorts)
        {
            var place = hueAt.masked_fill(_apply.logical_not(), -1);
            _sorted = place.argsort(descending: true);
            _atLeast = [.. Enumerable.Range(0, Places).Select(least => place.ge(least).sum().ToInt64())];
        }
        _apply = Sort(_apply);
        _hue = Sort(parameters["hue"]);

        var operations = Operations(Sort(parameters["order"]), Sort(hueAt), _apply);
        var (isBrightness, isContrast, isSaturation) = (operations.eq(0), operations.eq(1), operations.eq(2));
        if (!saturates)
            isSaturation = zeros_like(isSaturation);
        var brightness = Sort(parameters["brightness"]).unsqueeze(0);
        var contrast = Sort(parameters["contrast"]).unsqueeze(0);
        var saturation = Sort(parameters["saturation"]).unsqueeze(0);
        var multiplies = mode == BrightnessMode.Multiply;

        _toMean = isContrast.mul(1 - contrast);
        _toGray = isSaturation.mul(1 - saturation);
        _addend = multiplies ? zeros_like(_toMean) : isBrightness.mul(brightness);
        _gain = where(isContrast, contrast, where(isSaturation, saturation, ones_like(_toMean)));
        if (multiplies)
            _gain = where(isBrightness, brightness, _gain);
    }

    /// <summary>The images that a time changes, as a view of the sorted ones; none where the first dimension is 0.</summary>
    internal Tensor Part(Tensor sorted, int time) => Narrow(sorted, time);

    internal Tensor Gain(int time) => At(_gain, time);

    internal Tensor ToMean(int time) => At(_toMean, time);

    internal Tensor ToGray(int time) => At(_toGray, time);

    internal Tensor Addend(int time) => At(_addend, time);

    /// <summary>Rotates the hue of a part, in place, where the jitter is applied.</summary>
    internal void Rotate(Tensor part)
    {
        var rotated = Hue.Rotate(part, Narrow(_hue, HueTime));
        part.copy_(_sorted is null ? PerSample.Choose(_apply, rotated, part) : rotated);
    }

    /// <summary>A copy with the images in the order that the parts are of.</summary>
    internal Tensor Copy(Tensor images) => _sorted is null ? images.clone() : Sort(images);

    /// <summary>The images back in their own order.</summary>
    internal Tensor Restore(Tensor sorted) => _sorted is null ? sorted : sorted.index_select(0, _sorted.argsort());

    private Tensor Sort(Tensor perImage) => _sorted is null ? perImage : perImage.index_select(0, _sorted);

    private Tensor At(Tensor numbers, int time) => PerSample.Spread(Narrow(numbers[time], time));

    private Tensor Narrow(Tensor perImage, int time)
    {
        if (_sorted is null)
            return perImage;
        var start = time <= HueTime ? 0 : _atLeast[Count - time];
        var end = _atLeast[time < HueTime ? HueTime - time : 0];
        return perImage.narrow(0, start, end - start);
    }

    /// <summary>The operation of every image at every time, [Count, N], int64.</summary>
    private static Tensor Operations(Tensor order, Tensor hueAt, Tensor apply)
    {
        var n = order.shape[0];
        var rest = full([n, HueTime], NoOperation, ScalarType.Int64, order.device);
        var place = arange(Count, ScalarType.Int64, order.device) + hueAt.unsqueeze(1);
        var operations = cat([rest, order, rest], 1).gather(1, place);
        return operations.masked_fill(apply.logical_not().unsqueeze(1), NoOperation).t().contiguous();
    }
}
