using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>NT-Xent in blocks of rows, so that the [2N, 2N] similarities and their gradient are never whole in memory.</summary>
internal static class NtXentBlocks
{
    /// <summary>Rows per block, for that many views, so that a block has at most 2^25 elements.</summary>
    public static long AutomaticRows(long views) => Math.Clamp(Embeddings.BlockElements / views, 1, views);

    /// <summary>The loss of z [2N, D] and, through autograd, its gradient; each block is [rows, 2N].</summary>
    /// <remarks>
    /// The gradient is found along with the value. With p the softmax of row i over temperature t, and M = 2N:
    /// dL/dz = (P z + P' z - 2 z+) / (M t). It is handed to autograd by a product with a zero.
    /// </remarks>
    public static Tensor Compute(Tensor z, double temperature, long rows)
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
        var positives = Embeddings.Positives(z);
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
            if (gradient is not null)
                AddProducts(gradient, exponentials, sums, z, start, count);
        }

        gradient?.add_(z.index_select(0, positives), -2).div_(views * temperature);
        return (total.div_(views), gradient);
    }

    /// <summary>Adds P z to the block's rows and P' z to all rows. P is the exponentials over their row sums; the sums divide
    /// the small factors instead.</summary>
    private static void AddProducts(Tensor gradient, Tensor exponentials, Tensor sums, Tensor z, long start, long count)
    {
        gradient.narrow(0, start, count).add_(exponentials.mm(z).div_(sums));
        gradient.addmm_(exponentials.t(), z.narrow(0, start, count) / sums, 1, 1);
    }
}
