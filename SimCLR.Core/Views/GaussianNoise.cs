using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Adds independent normal noise to every number, clipped to [0, 1], with probability p (paper, Figure 4).</summary>
/// <remarks>
/// Parameters: apply: [N], bool; noise: [N, C, H, W], float32, of standard deviation sigma. The noise is too much to be brought to a GPU: there the device's own
/// generator makes it, seeded by a draw, so that CPU and GPU give different noise.
/// </remarks>
/// <param name="sigma">Standard deviation, at least 0; pixels are in [0, 1].</param>
/// <param name="p">Probability, in [0, 1].</param>
/// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
public sealed class GaussianNoise(double sigma = 0.1, double p = 1) : IView
{
    private readonly double _sigma = Require.AtLeastNumber(sigma, 0, nameof(sigma));
    private readonly double _p = Require.Probability(p, nameof(p));

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => input;

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        return PerSample.Keep(
            scope,
            ("apply", PerSample.Chance(batch, _p, generator)),
            ("noise", Normal(batch, generator).mul_(_sigma))
        );
    }

    private static Tensor Normal(BatchShape batch, Generator generator)
    {
        long[] shape = [batch.Count, batch.Channels, batch.Height, batch.Width];
        if (batch.Device.type != DeviceType.CUDA)
            return randn(shape, ScalarType.Float32, CPU, generator: generator);
        // TorchSharp makes generators of the CPU only (dotnet/TorchSharp, issue 1194).
        cuda.manual_seed(randint(long.MaxValue, [1], ScalarType.Int64, CPU, generator: generator).ToInt64());
        return randn(shape, ScalarType.Float32, batch.Device);
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters)
    {
        using var scope = NewDisposeScope();
        var noisy = images.add(parameters["noise"]).clamp_(0, 1);
        return PerSample.Choose(parameters["apply"], noisy, images).MoveToOuterDisposeScope();
    }
}
