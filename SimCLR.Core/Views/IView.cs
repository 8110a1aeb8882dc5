using SimCLR.Core.Runtime;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>
/// One augmentation of a batch. Drawing is split from applying: <see cref="Draw"/> samples every parameter of every image,
/// <see cref="Apply"/> is a deterministic function of images and parameters, so a test can replay or choose parameters.
/// </summary>
public interface IView
{
    /// <summary>The shape after <see cref="Apply"/>.</summary>
    /// <exception cref="ArgumentException">The view cannot be applied to images of this shape; the message says why.</exception>
    BatchShape Output(BatchShape input);

    /// <summary>Draws independent parameters for each of the batch's images. The first dimension of each tensor is N.</summary>
    /// <param name="batch">The images that they are for.</param>
    /// <param name="generator">A CPU generator: the only source of what is drawn.</param>
    /// <remarks>They are drawn on the CPU, whatever the batch's device, so that a seed means the same views everywhere; <see cref="ViewParameters.To"/>
    /// brings them to the images.</remarks>
    ViewParameters Draw(BatchShape batch, Generator generator);

    /// <summary>Applies the view. Never changes its input; may return it.</summary>
    /// <param name="images">[N, C, H, W], float32 in [0, 1].</param>
    /// <param name="parameters">Those drawn for the images, on their device.</param>
    /// <returns>[N, C, H', W'], float32.</returns>
    Tensor Apply(Tensor images, ViewParameters parameters);
}

/// <summary>Shape and place of a batch of images.</summary>
/// <param name="Count">Number of images, N.</param>
/// <param name="Channels">Channels, C.</param>
/// <param name="Height">Height in pixels, H.</param>
/// <param name="Width">Width in pixels, W.</param>
/// <param name="Device">Where the images are.</param>
public sealed record BatchShape(long Count, long Channels, long Height, long Width, Device Device)
{
    /// <summary>Height and width of each image, [N, 2], int64, on the CPU, where they differ: of such images a crop can be drawn, and nothing else. <see cref="Height"/> and
    /// <see cref="Width"/> are then those of the first. Null: all are of one size.</summary>
    public Tensor? Sizes { get; init; }

    /// <summary>The shape of images [N, C, H, W].</summary>
    public static BatchShape Of(Tensor images) =>
        new(images.shape[0], images.shape[1], images.shape[2], images.shape[3], images.device);

    /// <summary>The shape of images of those sizes, [N, 2], int64, on the CPU.</summary>
    internal static BatchShape Whole(Tensor sizes, long channels, Device device)
    {
        var first = sizes.data<long>();
        return new(sizes.shape[0], channels, first[0], first[1], device) { Sizes = sizes };
    }
}

/// <summary>Drawn parameters of a view, by name; those of a sequence are its <see cref="Children"/>.</summary>
/// <param name="tensors">By name; each has N as its first dimension.</param>
/// <param name="children">Those of the steps of a sequence, in order; null: none.</param>
public sealed class ViewParameters(
    IReadOnlyDictionary<string, Tensor> tensors,
    IReadOnlyList<ViewParameters>? children = null
) : IDisposable
{
    /// <summary>No parameters.</summary>
    public static readonly ViewParameters None = new(new Dictionary<string, Tensor>());

    /// <summary>The parameter tensors by name; each has N as its first dimension.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; } = tensors;

    /// <summary>Parameters of the steps of a sequence, in order.</summary>
    public IReadOnlyList<ViewParameters> Children { get; } = children ?? [];

    /// <summary>The parameter of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Tensor this[string name] => Tensors[name];

    /// <summary>The parameters of some of the batch's images: views of these tensors.</summary>
    /// <param name="start">The first of the images, from 0.</param>
    /// <param name="count">How many.</param>
    public ViewParameters Slice(long start, long count) => Select(tensor => tensor.narrow(0, start, count));

    /// <summary>The parameters on a device, these where they are there already; a GPU is not waited for.</summary>
    public ViewParameters To(Device device) => Select(tensor => DeviceCopy.Of(tensor, device));

    /// <summary>Each tensor changed alike.</summary>
    internal ViewParameters Select(Func<Tensor, Tensor> change) =>
        new(
            Tensors.ToDictionary(named => named.Key, named => change(named.Value)),
            [.. Children.Select(child => child.Select(change))]
        );

    /// <summary>The parameters of both batches, the second behind the first.</summary>
    /// <param name="first">Drawn by a view.</param>
    /// <param name="second">Drawn by the same view.</param>
    internal static ViewParameters Concat(ViewParameters first, ViewParameters second) =>
        new(
            first.Tensors.ToDictionary(named => named.Key, named => cat([named.Value, second[named.Key]])),
            [.. first.Children.Zip(second.Children, Concat)]
        );

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values)
            tensor.Dispose();
        foreach (var child in Children)
            child.Dispose();
    }
}
