using System.Runtime.Intrinsics;
using SimCLR.Core.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Kernels;

/// <summary>
/// Batch norm in training, the residual sum and the ReLU behind it as one operation on a processor: y = relu(norm(x) + residual). BatchNorm.cu does the same on
/// a GPU.
/// </summary>
/// <remarks>
/// libtorch goes over a map seven times forward and eight times backward; here it is three and five times. Sums of chunks of rows are added in their order: the
/// same bits for any number of threads. Values are those of libtorch but for rounding. SIMCLR_KERNELS=off leaves all to libtorch.
/// </remarks>
internal static unsafe class BatchNormPass
{
    // Rows of a batch's statistics.
    private const int Mean = 0;
    private const int InvStd = 1;
    private const int Slope = 2;
    private const int Shift = 3;

    /// <summary>Whether it is used where it can be; comparisons switch it off.</summary>
    internal static bool IsOn { get; set; } = Environment.GetEnvironmentVariable("SIMCLR_KERNELS") != "off";

    /// <summary>Whether this norm of these maps can be computed here; if not, libtorch is to do it.</summary>
    /// <param name="norm">The norm.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="residual">What is added; null: nothing.</param>
    internal static bool Takes(NormBase norm, Tensor x, Tensor? residual) =>
        IsOn
        && Vector256.IsHardwareAccelerated
        && x.device.type == DeviceType.CPU
        && x.dtype is ScalarType.Float32 or ScalarType.BFloat16
        && FusedNorm.Fits(norm, x, residual)
        && norm.weight!.dtype == ScalarType.Float32
        && x.shape[1] % ILanes.Count == 0
        && x.numel() > x.shape[1];

    /// <summary>y; running statistics and their count move as those of the norm do.</summary>
    internal static Tensor Apply(NormBase norm, Tensor x, Tensor? residual, bool relu) =>
        x.dtype == ScalarType.Float32
            ? Apply<Float32Lanes>(norm, x, residual, relu)
            : Apply<BFloat16Lanes>(norm, x, residual, relu);

    private static Tensor Apply<T>(NormBase norm, Tensor x, Tensor? residual, bool relu)
        where T : struct, ILanes
    {
        using var scope = NewDisposeScope();
        var y = empty_like(x);
        var rows = new MapRows(x);
        Saved saved;
        using (no_grad())
        {
            var batch = Statistics<T>(rows, norm, x);
            var (px, pr, py, pl) = (At(x), At(residual), At(y), At(batch) + Slope * rows.Channels * sizeof(float));
            rows.Each(
                (_, first, count) => BatchNormLoops<T>.Normalize(rows.Channels, px, pr, py, pl, relu, first, count)
            );
            saved = new Saved(x.detach(), batch, residual is not null && relu ? y.detach() : null);
        }
        var (weight, hasResidual) = (norm.weight!, residual is not null);
        return GraphNode
            .Attach(
                y,
                [x, residual, weight, norm.bias],
                saved.All,
                gradient => Gradients<T>(gradient, saved, weight, hasResidual, relu)
            )
            .MoveToOuterDisposeScope();
    }

    /// <summary>What the loops write, whatever the process takes by default.</summary>
    private static Tensor Numbers(params long[] shape) => empty(shape, ScalarType.Float32, CPU);

    /// <summary>
    /// The batch's mean, 1 / standard deviation, and the line that the norm makes of x before the residual and the ReLU, slope · x + shift: [4, C]. The backward pass
    /// finds the ReLU's mask by the same bits.
    /// </summary>
    private static Tensor Statistics<T>(MapRows rows, NormBase norm, Tensor x)
        where T : struct, ILanes
    {
        using var sums = Numbers(rows.ChunkCount, 2, rows.Channels).zero_();
        var (px, ps) = (At(x), At(sums));
        rows.Each(
            (chunk, first, count) => BatchNormLoops<T>.Moments(rows.Channels, px, rows.Sums(ps, chunk), first, count)
        );
        var made = Numbers(4, rows.Channels);
        var mean = Row(made, Mean);
        var invstd = Row(made, InvStd);
        var slope = Row(made, Slope);
        var shift = Row(made, Shift);
        var weight = (float*)At(norm.weight);
        var bias = (float*)At(norm.bias);
        var runningMean = (float*)At(norm.running_mean);
        var runningVariance = (float*)At(norm.running_var);
        var momentum = (float)norm.momentum!.Value;
        var added = rows.Added(ps);
        for (var channel = 0; channel < rows.Channels; channel++)
        {
            var (sum, square) = (added[channel], added[rows.Channels + channel]);
            var offset = sum / rows.Count;
            var variance = Math.Max(square / rows.Count - offset * offset, 0);
            mean[channel] = (float)(BatchNormLoops<T>.Pivot(px, channel) + offset);
            invstd[channel] = (float)(1 / Math.Sqrt(variance + norm.eps));
            slope[channel] = weight[channel] * invstd[channel];
            shift[channel] = bias[channel] - mean[channel] * slope[channel];
            var unbiased = (float)(variance * rows.Count / (rows.Count - 1));
            runningMean[channel] += momentum * (mean[channel] - runningMean[channel]);
            runningVariance[channel] += momentum * (unbiased - runningVariance[channel]);
        }
        norm.num_batches_tracked!.add_(1);
        return made;
    }

    private static Tensor?[] Gradients<T>(Tensor gradient, Saved saved, Tensor weight, bool hasResidual, bool relu)
        where T : struct, ILanes
    {
        if (gradient.dtype != saved.X.dtype)
            gradient = gradient.to_type(saved.X.dtype);
        if (!MemoryLayout.IsChannelsLast(gradient))
            gradient = MemoryLayout.ChannelsLast(gradient);
        var rows = new MapRows(saved.X);
        var sums = Numbers(rows.ChunkCount, 2, rows.Channels).zero_();
        // What has no ReLU to pass is the residual's gradient as it is. The mask of a sum is y's; without a residual x tells it.
        var maps = new GradientMaps(At(saved.X), At(saved.Y), At(gradient), At(saved.Batch), rows.Channels, relu);
        var ps = At(sums);
        rows.Each((chunk, first, count) => BatchNormLoops<T>.GradientMoments(maps, rows.Sums(ps, chunk), first, count));
        var (weightGradient, biasGradient, factors) = Finished(rows, ps, saved, weight);
        var (xGradient, residualGradient) = (
            empty_like(saved.X),
            hasResidual
                ? relu
                    ? empty_like(saved.X)
                    : gradient
                : null
        );
        var (pf, pdx, pdr) = (At(factors), At(xGradient), At(residualGradient));
        rows.Each((_, first, count) => BatchNormLoops<T>.InputGradients(maps, pf, pdx, pdr, first, count));
        return [xGradient, residualGradient, weightGradient, biasGradient];
    }

    /// <summary>Gradients of weight and bias, and what a channel's input gradient is made by: factors[0] · gradient + factors[1] · (x - mean) + factors[2].</summary>
    private static (Tensor Weight, Tensor Bias, Tensor Factors) Finished(
        MapRows rows,
        nint sums,
        Saved saved,
        Tensor weight
    )
    {
        var made = (Numbers(rows.Channels), Numbers(rows.Channels), Numbers(3, rows.Channels));
        var ofWeight = (float*)At(made.Item1);
        var ofBias = (float*)At(made.Item2);
        var slope = Row(made.Item3, 0);
        var lean = Row(made.Item3, 1);
        var level = Row(made.Item3, 2);
        var weights = (float*)At(weight);
        var invstd = Row(saved.Batch, InvStd);
        var added = rows.Added(sums);
        for (var channel = 0; channel < rows.Channels; channel++)
        {
            var (sum, product) = (added[channel], added[rows.Channels + channel]);
            double inverse = invstd[channel];
            var factor = weights[channel] * inverse;
            ofWeight[channel] = (float)(product * inverse);
            ofBias[channel] = (float)sum;
            slope[channel] = (float)factor;
            lean[channel] = (float)(-factor * inverse * inverse * product / rows.Count);
            level[channel] = (float)(-factor * sum / rows.Count);
        }
        return made;
    }

    private static float* Row(Tensor tensor, int row) => (float*)At(tensor) + row * tensor.shape[1];

    private static nint At(Tensor? tensor) => tensor is null ? 0 : MemoryLayout.Address(tensor);

    /// <summary>What the backward pass needs; Y only behind a residual and a ReLU.</summary>
    private sealed record Saved(Tensor X, Tensor Batch, Tensor? Y)
    {
        internal IReadOnlyList<Tensor> All => Y is null ? [X, Batch] : [X, Batch, Y];
    }
}
