using SimCLR.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>
/// Batch norm (Ioffe and Szegedy 2015, 1502.03167) of [N, C] or [N, C, H, W]. While several ranks train it has the statistics of all their rows, as one process
/// with the whole batch would. Encoders use this one: TorchSharp's knows its own process only.
/// </summary>
/// <param name="channels">C.</param>
/// <param name="affine">Whether it has a learned scale and shift.</param>
public sealed class BatchNorm(long channels, bool affine = true)
    : TorchSharp.Modules.BatchNorm(channels, 1e-5, 0.1, affine, true, null, null, nameof(BatchNorm))
{
    /// <summary>Who trains it.</summary>
    internal ICollective Ranks { get; set; } = Alone.Instance;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The input is neither [N, C] nor [N, C, H, W].</exception>
    public override Tensor forward(Tensor input) =>
        training && Ranks.Size > 1 ? SharedBatchNorm.Forward(this, input) : base.forward(input);

    /// <inheritdoc/>
    protected override void ValidateInputDimensions(Tensor input)
    {
        if (input.dim() is not (2 or 4))
            throw new ArgumentException(
                $"Batch norm takes [N, C] or [N, C, H, W], not [{string.Join(", ", input.shape)}]."
            );
    }
}
