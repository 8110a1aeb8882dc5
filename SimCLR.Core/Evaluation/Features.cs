using System.Globalization;
using SimCLR.Core.Distributed;
using SimCLR.Core.Images;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Representations of images, with labels.</summary>
/// <param name="H">[N, D], float32; of a part that was held out, those of all images, of which <see cref="Rows"/> says the part's.</param>
/// <param name="Labels">[N], int64; or, of images that may show several classes, [N, C]: 1 shown, -1 not shown, 0 not counted.</param>
/// <param name="Classes">Number of classes.</param>
public abstract record Features(Tensor H, Tensor Labels, int Classes) : IDisposable
{
    /// <summary>Which rows of H these are, [N], int64, on its device; null: all. So a part is chosen without a copy, which would be of 10 GB for
    /// ImageNet's 1.28 million images with D = 2048.</summary>
    public Tensor? Rows { get; init; }

    /// <summary>Number of images.</summary>
    public long Count => Labels.shape[0];

    /// <summary>Some of the representations, [count, D]: a view of them, or a copy where rows are chosen.</summary>
    internal Tensor Block(long start, long count) => BlockOf(H, Rows, start, count);

    /// <summary>Some rows of all, or of those that are chosen.</summary>
    internal static Tensor BlockOf(Tensor h, Tensor? rows, long start, long count)
    {
        if (rows is null)
            return h.narrow(0, start, count);
        using var chosen = rows.narrow(0, start, count);
        return h.index_select(0, chosen);
    }

    /// <summary>Who has the same, and measures them together.</summary>
    internal ICollective Ranks { get; init; } = Alone.Instance;

    /// <summary>What is not finite compares with nothing, and would be measured as chance.</summary>
    /// <exception cref="TrainingFailedException">Some of H are not finite; the message says how many.</exception>
    internal void RequireFinite() => RequireFinite(H);

    /// <summary>8 MiB in float64.</summary>
    private const long SummedAtOnce = 1L << 20;

    /// <summary>The same of representations that have no labels yet.</summary>
    internal static void RequireFinite(Tensor h)
    {
        // Float32 numbers do not overflow a float64 sum.
        if (double.IsFinite(Sum(h, rows => rows.sum(ScalarType.Float64))))
            return;
        var count = (long)Sum(h, rows => rows.isfinite().logical_not_().sum());
        throw new TrainingFailedException(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{count:N0} of {h.numel():N0} features are not finite, so nothing can be measured of them: the encoder's training has "
            ) + "diverged, or its weights are damaged. Train with a lower learning rate, or give other weights."
        );
    }

    /// <summary>What is summed of blocks of rows: libtorch sums a copy of all in the sum's type.</summary>
    private static double Sum(Tensor h, Func<Tensor, Tensor> ofRows)
    {
        using var scope = NewDisposeScope();
        var sum = zeros(1, ScalarType.Float64, h.device);
        foreach (var rows in h.split(Math.Max(1, SummedAtOnce * h.shape[0] / Math.Max(1, h.numel()))))
        {
            using var block = NewDisposeScope();
            sum.add_(ofRows(rows));
        }
        return sum.ToDouble();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        H.Dispose();
        Labels.Dispose();
        Rows?.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Features that a classifier is fitted to.</summary>
/// <param name="H">[N, D], float32.</param>
/// <param name="Labels">[N] or [N, C], int64.</param>
/// <param name="Classes">Number of classes.</param>
public sealed record TrainFeatures(Tensor H, Tensor Labels, int Classes) : Features(H, Labels, Classes)
{
    /// <summary>Holds a part of every class out, to choose on. Both parts share the representations; each is disposed by itself.</summary>
    /// <param name="fraction">Part held out, between 0 and 1; at least one image of each class that has two.</param>
    /// <param name="generator">Draws which, on the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of range.</exception>
    public (TrainFeatures Fit, ValidationFeatures Validation) HoldOut(double fraction, Generator generator)
    {
        using var scope = NewDisposeScope();
        // Images of several classes each are held out without regard to them.
        var strata = Labels.dim() == 1 ? Labels : zeros_like(Labels.select(1, 0));
        var (kept, held) = Subsets.HoldOut(strata, fraction, generator);
        return (
            new TrainFeatures(Shared(), LabelsOf(kept), Classes) { Rows = RowsAt(kept), Ranks = Ranks },
            new ValidationFeatures(Shared(), LabelsOf(held), Classes) { Rows = RowsAt(held), Ranks = Ranks }
        );
    }

    private Tensor Shared() => H.alias().MoveToOuterDisposeScope();

    private Tensor LabelsOf(Tensor indices) => Labels.index_select(0, indices).MoveToOuterDisposeScope();

    private Tensor RowsAt(Tensor indices) =>
        (Rows is null ? indices.to(H.device).alias() : Rows.index_select(0, indices)).MoveToOuterDisposeScope();
}

/// <summary>Features that a strength, a k or an epoch is chosen on: never the test split.</summary>
/// <param name="H">[N, D], float32.</param>
/// <param name="Labels">[N] or [N, C], int64.</param>
/// <param name="Classes">Number of classes.</param>
public sealed record ValidationFeatures(Tensor H, Tensor Labels, int Classes) : Features(H, Labels, Classes);

/// <summary>Features that a result is measured on. Nothing that chooses takes them.</summary>
/// <param name="H">[N, D], float32.</param>
/// <param name="Labels">[N] or [N, C], int64.</param>
/// <param name="Classes">Number of classes.</param>
public sealed record TestFeatures(Tensor H, Tensor Labels, int Classes) : Features(H, Labels, Classes);
