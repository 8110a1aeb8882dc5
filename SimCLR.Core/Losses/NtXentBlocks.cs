using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>NT-Xent in blocks of rows: neither the [2N, 2N] similarities nor their gradient are ever whole in memory.</summary>
internal static class NtXentBlocks
{
    /// <summary>Elements of a block of similarities: 128 MiB in float32.</summary>
    internal const long BlockElements = 1L << 25;

    /// <summary>Rows of a block, for so many columns.</summary>
    internal static long Rows(long columns) => Math.Clamp(BlockElements / columns, 1, columns);

    /// <summary>The loss of z [2N, D], which carries its gradient.</summary>
    /// <remarks>
    /// The gradient is found along with the value. With P the softmax of the rows at temperature t, and M = 2N:
    /// dL/dz = (P z + P' z - 2 z+) / (M t). Autograd gets it by a product with a zero.
    /// </remarks>
    internal static Tensor Compute(Tensor z, double temperature, long rows)
    {
        var (value, gradient) = ValueAndGradient(z.detach(), temperature, rows, z.requires_grad);
        return gradient is null ? value : value + ((z - z.detach()) * gradient).sum();
    }

    private static (Tensor Value, Tensor? Gradient) ValueAndGradient(
        Tensor z,
        double temperature,
        long rows,
        bool needed
    )
    {
        using var noGrad = no_grad();
        var views = z.shape[0];
        var positives = arange(views, int64, z.device).roll(views / 2, 0);
        var scaled = z / temperature;
        var total = zeros([], z.dtype, z.device);
        var gradient = needed ? zeros_like(z) : null;
        for (var start = 0L; start < views; start += rows)
        {
            using var block = NewDisposeScope();
            var count = Math.Min(rows, views - start);
            var similarities = scaled.narrow(0, start, count).mm(z.t());
            similarities.diagonal(start, 0, 1).fill_(double.NegativeInfinity);
            var positive = similarities.gather(1, positives.narrow(0, start, count).unsqueeze(1));
            var highest = similarities.amax([1], keepdim: true);
            var exponentials = similarities.sub_(highest).exp_();
            var sums = exponentials.sum(1, keepdim: true);
            total.add_((highest + sums.log() - positive).sum());
            if (gradient is null)
                continue;
            // P is the exponentials over their row sums; the sums divide the small factors instead.
            gradient.narrow(0, start, count).add_(exponentials.mm(z).div_(sums));
            gradient.addmm_(exponentials.t(), z.narrow(0, start, count) / sums, 1, 1);
        }
        gradient?.add_(z.index_select(0, positives), -2).div_(views * temperature);
        return (total.div_(views), gradient);
    }
}
