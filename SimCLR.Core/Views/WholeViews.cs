using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Views of whole images, whose sizes differ: they begin with a crop, which is made on the processor, wherever the rest is.</summary>
internal static class WholeViews
{
    /// <summary>Refuses views that need images of one size.</summary>
    /// <exception cref="ArgumentException">The view does not begin with a crop.</exception>
    internal static void Check(IView view)
    {
        if (Steps(view, null).FirstOrDefault().View is not RandomResizedCrop)
            throw new ArgumentException(
                "Whole images have sizes of their own, so that a view of them must begin with a random crop. Put one in front, or read the images as squares (FolderOptions.Whole)."
            );
    }

    /// <summary>The view of whole images.</summary>
    /// <param name="view">Begins with a crop.</param>
    /// <param name="images">The images.</param>
    /// <param name="parameters">Those drawn for them, on the CPU.</param>
    /// <param name="device">Where the result is wanted.</param>
    /// <returns>[N, C, H', W'], float32.</returns>
    internal static Tensor Apply(IView view, WholeImages images, ViewParameters parameters, Device device)
    {
        using var scope = NewDisposeScope();
        var steps = Steps(view, parameters).ToList();
        // On a processor what follows the crop is done while the image is in the cache.
        var here =
            device.type == DeviceType.CPU && PixelPass.IsOn
                ? steps.TakeWhile(step => step.View is IPixelView).Count()
                : 1;
        var cropped = PixelPass.Apply(
            [.. steps.Take(here).Select(step => ((IPixelView)step.View, step.Parameters!))],
            images
        );
        var rest = new Sequence([.. steps.Skip(here).Select(step => step.View)]);
        var drawn = new ViewParameters(
            new Dictionary<string, Tensor>(),
            [.. steps.Skip(here).Select(step => step.Parameters!)]
        );
        return rest.Apply(DeviceCopy.Of(cropped, device), drawn.To(device)).alias().MoveToOuterDisposeScope();
    }

    /// <summary>The views that are not sequences, in order.</summary>
    private static IEnumerable<(IView View, ViewParameters? Parameters)> Steps(
        IView view,
        ViewParameters? parameters
    ) =>
        view is Sequence sequence
            ? sequence.Steps.SelectMany((step, i) => Steps(step, parameters?.Children[i]))
            : [(view, parameters)];
}
