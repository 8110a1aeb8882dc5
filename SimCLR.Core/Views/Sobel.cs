using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Replaces each channel by the magnitude of its Sobel gradient, with probability p (paper, Figure 4).</summary>
/// <remarks>
/// sqrt(gx² + gy²) / sqrt(20) with the kernels [1 2 1]ᵀ [-1 0 1] and its transpose; 20 is the greatest gx² + gy² that a
/// 3 x 3 patch of values in [0, 1] can have (a straight edge has 16), so the result lies in [0, 1]. Border pixels are repeated.
/// Parameters: apply: [N], bool.
/// </remarks>
/// <param name="p">Probability, in [0, 1].</param>
/// <exception cref="ArgumentOutOfRangeException">p is not a probability.</exception>
public sealed class Sobel(double p = 1) : IView
{
    private readonly double _p = Require.Probability(p, nameof(p));

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => input;

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        return PerSample.Keep(scope, ("apply", PerSample.Chance(batch, _p, generator)));
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters)
    {
        using var scope = NewDisposeScope();
        var padded = nn.functional.pad(images, (1, 1, 1, 1), PaddingModes.Replicate);
        var across = Difference(Smooth(padded, 2), 3).pow_(2);
        var down = Difference(Smooth(padded, 3), 2).pow_(2);
        var magnitude = across.add_(down).div_(20).sqrt_().clamp_max_(1);
        return PerSample.Choose(parameters["apply"], magnitude, images).MoveToOuterDisposeScope();
    }

    /// <summary>[1 2 1] along the dimension, two pixels shorter.</summary>
    private static Tensor Smooth(Tensor x, long dimension)
    {
        var length = x.shape[dimension] - 2;
        return x.narrow(dimension, 0, length)
            .add(x.narrow(dimension, 2, length))
            .add_(x.narrow(dimension, 1, length), 2);
    }

    /// <summary>[-1 0 1] along the dimension, two pixels shorter.</summary>
    private static Tensor Difference(Tensor x, long dimension)
    {
        var length = x.shape[dimension] - 2;
        return x.narrow(dimension, 2, length) - x.narrow(dimension, 0, length);
    }
}
