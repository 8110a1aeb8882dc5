using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Encoders;

/// <summary>
/// Stochastic depth (Huang et al. 2016, 1603.09382), by image: what a residual branch makes of an image is dropped whole, before it is added. It draws as
/// <see cref="Dropout"/> does; what is kept is divided by the kept share, as torchvision's StochasticDepth("row") does.
/// </summary>
/// <param name="probability">With which each image's branch is dropped, from 0 up to, not including, 1.</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is out of range.</exception>
public sealed class StochasticDepth(double probability) : Module<Tensor, Tensor>(nameof(StochasticDepth))
{
    private readonly double kept = Dropout.Kept(probability);

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) =>
        training && kept < 1
            ? Dropout.Drop(input, kept, [input.shape[0], .. Enumerable.Repeat(1L, (int)input.dim() - 1)])
            : input.alias();
}
