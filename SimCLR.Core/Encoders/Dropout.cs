using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Encoders;

/// <summary>
/// Dropout (Srivastava et al. 2014, JMLR 15) that draws from the training's own stream of the step, branch and part: nothing that another thread draws from libtorch's global
/// generator changes it. TorchSharp's draws from that generator. What is kept is divided by the kept share; in evaluation nothing is dropped.
/// </summary>
/// <param name="probability">With which each number is dropped, from 0 up to, not including, 1.</param>
/// <exception cref="ArgumentOutOfRangeException">The probability is out of range.</exception>
public sealed class Dropout(double probability) : Module<Tensor, Tensor>(nameof(Dropout))
{
    private readonly double kept = Kept(probability);

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) =>
        training && kept < 1 ? Drop(input, kept, input.shape) : input.alias();

    /// <summary>The share that is kept.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The probability is none, or drops everything.</exception>
    internal static double Kept(double probability) =>
        probability is >= 0 and < 1
            ? 1 - probability
            : throw new ArgumentOutOfRangeException(
                nameof(probability),
                probability,
                $"The probability of dropping is {probability}; use a number from 0 up to, not including, 1, for example 0.1."
            );

    /// <summary>Drops parts of the input: those of one number of a mask of that shape together.</summary>
    internal static Tensor Drop(Tensor input, double kept, long[] shape)
    {
        using var scope = NewDisposeScope();
        using var drawn = rand(shape, ScalarType.Float32, CPU, generator: GlobalRandomness.Current);
        var mask = (drawn < kept).to_type(input.dtype).to(input.device);
        return (input * mask / kept).MoveToOuterDisposeScope();
    }
}
