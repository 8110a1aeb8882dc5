using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>A view that two functions make: what is drawn for each image, and what is done with it. Images keep their shape.</summary>
/// <param name="draw">Parameters by name, each with N as its first dimension, on the CPU, drawn from the generator alone.</param>
/// <param name="apply">Of images [N, C, H, W], float32 in [0, 1], and those parameters on their device: images of the same shape and range.</param>
public sealed class FunctionView(
    Func<BatchShape, Generator, IEnumerable<(string Name, Tensor Tensor)>> draw,
    Func<Tensor, ViewParameters, Tensor> apply
) : IView
{
    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => input;

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        return PerSample.Keep(scope, [.. draw(batch, generator)]);
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters)
    {
        using var scope = NewDisposeScope();
        var applied = apply(images, parameters);
        return ReferenceEquals(applied, images) ? images : applied.contiguous().MoveToOuterDisposeScope();
    }
}
