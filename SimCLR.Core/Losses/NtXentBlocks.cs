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
    /// The gradient is found along with the value. With P the softmax of the rows at temperature t, Q the part of it that falls on a memory m, and M = 2N:
    /// dL/dz = (P z + P' z + Q m - 2 z+) / (M t). Autograd gets it by a product with a zero.
    /// </remarks>
    /// <param name="z">[2N, D].</param>
    /// <param name="memory">More negatives, [K, D], constants; null: none.</param>
    /// <param name="temperature">Similarities are divided by it.</param>
    /// <param name="rows">Of a block.</param>
    internal static Tensor Compute(Tensor z, Tensor? memory, double temperature, long rows)
    {
        var (value, gradient) = ValueAndGradient(z.detach(), memory, temperature, rows, z.requires_grad);
        return gradient is null ? value : value + ((z - z.detach()) * gradient).sum();
    }

    private static (Tensor Value, Tensor? Gradient) ValueAndGradient(
        Tensor z,
        Tensor? memory,
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
            if (memory is not null)
                similarities = cat([similarities, scaled.narrow(0, start, count).mm(memory.t())], 1);
            var positive = similarities.gather(1, positives.narrow(0, start, count).unsqueeze(1));
            var highest = similarities.amax([1], keepdim: true);
            var exponentials = similarities.sub_(highest).exp_();
            var sums = exponentials.sum(1, keepdim: true);
            total.add_((highest + sums.log() - positive).sum());
            if (gradient is null)
                continue;
            // P is the exponentials over their row sums; the sums divide the small factors instead.
            var own = exponentials.narrow(1, 0, views);
            gradient.narrow(0, start, count).add_(own.mm(z).div_(sums));
            gradient.addmm_(own.t(), z.narrow(0, start, count) / sums, 1, 1);
            if (memory is not null)
                gradient
                    .narrow(0, start, count)
                    .add_(exponentials.narrow(1, views, memory.shape[0]).mm(memory).div_(sums));
        }
        gradient?.add_(z.index_select(0, positives), -2).div_(views * temperature);
        return (total.div_(views), gradient);
    }
}
