using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>
/// Batch norm with the statistics of all ranks' rows: one exchange of 2C + 1 numbers on the way forward, one of 2C on the way back. Means and squared deviations
/// are joined by the formula of Chan, Golub and LeVeque (1983), which loses no digits where a mean is large, and by counts, so that ranks may have different
/// numbers of rows.
/// </summary>
internal static class SharedBatchNorm
{
    /// <summary>y, of the type and strides of x; running statistics and their count move by those of all ranks.</summary>
    /// <param name="norm">In training.</param>
    /// <param name="x">[N, C] or [N, C, H, W], float32, float64 or bfloat16.</param>
    internal static Tensor Forward(BatchNorm norm, Tensor x)
    {
        using var scope = NewDisposeScope();
        // The same on the way back, whoever trains the norm by then.
        var ranks = norm.Ranks;
        Tensor y;
        Tensor[] saved;
        using (no_grad())
        {
            var (mean, invstd, count) = Statistics(norm, x);
            y = Normalized(x, mean, invstd);
            if (norm.weight is { } weight)
                y = y * Along(weight, x);
            if (norm.bias is { } bias)
                y = y + Along(bias, x);
            y = y.to_type(x.dtype);
            saved = [x.detach(), mean, invstd, count];
        }
        return GraphNode
            .Attach(y, [x, norm.weight, norm.bias], saved, gradient => Gradients(norm, ranks, gradient, saved))
            .MoveToOuterDisposeScope();
    }

    /// <summary>The mean and the inverse deviation of each channel over all ranks, and how many numbers a channel has there.</summary>
    private static (Tensor Mean, Tensor InvStd, Tensor Count) Statistics(BatchNorm norm, Tensor x)
    {
        var channels = x.shape[1];
        var exact = Exact(x);
        var here = exact.mean(Others(x));
        var squares = (exact - Along(here, x)).square().sum(Others(x));
        var rows = full([1], x.numel() / channels, exact.dtype, x.device);
        var all = norm.Ranks.AllGather(cat([here, squares, rows]).unsqueeze(0));
        var (means, deviations, counts) = (
            all.narrow(1, 0, channels),
            all.narrow(1, channels, channels),
            all.narrow(1, 2 * channels, 1)
        );
        var count = counts.sum();
        var mean = (counts * means).sum([0]) / count;
        var total = deviations.sum([0]) + (counts * (means - mean).square()).sum([0]);
        Move(norm, mean, total / (count - 1));
        return (mean, (total / count + norm.eps).rsqrt(), count);
    }

    /// <summary>The running variance is the unbiased one of all ranks' rows.</summary>
    private static void Move(BatchNorm norm, Tensor mean, Tensor variance)
    {
        norm.num_batches_tracked?.add_(1);
        var momentum = norm.momentum ?? 1 / norm.num_batches_tracked!.ToDouble();
        norm.running_mean?.lerp_(mean.to_type(norm.running_mean.dtype), momentum);
        norm.running_var?.lerp_(variance.to_type(norm.running_var.dtype), momentum);
    }

    /// <summary>That of x needs the sums of all ranks; those of scale and shift are summed with all other gradients.</summary>
    private static Tensor?[] Gradients(BatchNorm norm, ICollective ranks, Tensor gradient, Tensor[] saved)
    {
        var (x, mean, invstd, count) = (saved[0], saved[1], saved[2], saved[3]);
        var channels = x.shape[1];
        var dy = Exact(gradient);
        var normalized = Normalized(x, mean, invstd);
        var shift = dy.sum(Others(x));
        var scale = (dy * normalized).sum(Others(x));
        var sums = cat([shift, scale]);
        ranks.AllReduceSum(sums);
        var (meanShift, meanScale) = (sums.narrow(0, 0, channels) / count, sums.narrow(0, channels, channels) / count);
        var factor = norm.weight is { } weight ? weight.detach() * invstd : invstd;
        var dx = Along(factor, x) * (dy - Along(meanShift, x) - normalized * Along(meanScale, x));
        return [dx.to_type(x.dtype), Of(norm.weight, scale), Of(norm.bias, shift)];

        static Tensor? Of(Tensor? parameter, Tensor sum) =>
            parameter is { requires_grad: true } ? sum.to_type(parameter.dtype) : null;
    }

    private static Tensor Normalized(Tensor x, Tensor mean, Tensor invstd) =>
        (Exact(x) - Along(mean, x)) * Along(invstd, x);

    /// <summary>Statistics of half the digits are none.</summary>
    private static Tensor Exact(Tensor x) => x.dtype == ScalarType.Float64 ? x : x.to_type(ScalarType.Float32);

    /// <summary>One number of each channel, [C], beside x.</summary>
    private static Tensor Along(Tensor channels, Tensor x) => x.dim() == 2 ? channels : channels.view(1, -1, 1, 1);

    /// <summary>All dimensions but the channels.</summary>
    private static long[] Others(Tensor x) => x.dim() == 2 ? [0] : [0, 2, 3];
}
