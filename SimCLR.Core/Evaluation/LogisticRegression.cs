using SimCLR.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Logistic regression with L2 regularization, solved by L-BFGS: the minimum over W [D, C] and b [C] of the mean cross-entropy +
/// l2 / 2 · ‖W‖². With one label per image it is multinomial; with several classes per image each class has its own yes-or-no
/// problem, and the loss is the mean over images of their sum. The problem is convex: where it has converged, the answer does not
/// depend on where it started.
/// </summary>
internal static class LogisticRegression
{
    internal const int MaxIterations = 500;

    /// <summary>It has converged where no component of the gradient is larger.</summary>
    internal const double GradientTolerance = 1e-4;

    /// <summary>N · D · C from which on products are of float32: in float64 they would take hours, and the sums, which are of float64 in any case, are over so
    /// many images that the line search still sees the descent.</summary>
    private const double LargeProducts = 1e11;

    /// <summary>Sum of the losses and the scores' gradient, of scores [B, C] of the images from a first one on.</summary>
    private delegate (Tensor Loss, Tensor Error) Likelihood(Tensor scores, long start);

    /// <summary>The solution [D + 1, C]; the last row is b.</summary>
    /// <param name="x">[N, D], float32 or float64.</param>
    /// <param name="labels">[N], int64; or [N, C]: 1 shown, -1 not shown, 0 not counted.</param>
    /// <param name="classes">C.</param>
    /// <param name="l2">Strength, 0 or more.</param>
    /// <param name="start">Where to start, [D + 1, C]; null: zeros.</param>
    /// <param name="cancellation">Looked at in every iteration.</param>
    /// <param name="maxIterations">Iterations at most.</param>
    /// <remarks>Beside the features, and some 26 solutions, a block of rows and its scores are in memory.</remarks>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal static Minimum Solve(
        FeatureRows x,
        Tensor labels,
        int classes,
        double l2,
        Tensor? start = null,
        CancellationToken cancellation = default,
        int maxIterations = MaxIterations
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Likelihood likelihood =
            labels.dim() == 1
                ? (scores, first) => Multinomial(scores, labels.narrow(0, first, scores.shape[0]))
                : (scores, first) => PerClass(scores, labels.narrow(0, first, scores.shape[0]));
        var penalty = full(x.Dimensions + 1, 1, l2, dtype: ScalarType.Float64, device: x.H.device);
        penalty.select(0, x.Dimensions).zero_();
        var blocks = new FeatureBlocks(x, ProductType(x, classes), classes);
        var w = start?.clone() ?? zeros(x.Dimensions + 1, classes, dtype: ScalarType.Float64, device: x.H.device);
        var minimum = Lbfgs.Minimize(
            w,
            at => Objective(at, blocks, likelihood, penalty),
            maxIterations,
            GradientTolerance,
            cancellation
        );
        minimum.At.MoveToOuterDisposeScope();
        return minimum;
    }

    private static ScalarType ProductType(FeatureRows x, int classes) =>
        (double)x.Count * x.Dimensions * classes < LargeProducts ? ScalarType.Float64 : ScalarType.Float32;

    private static (double Value, Tensor Gradient) Objective(
        Tensor w,
        FeatureBlocks x,
        Likelihood likelihood,
        Tensor penalty
    )
    {
        using var scope = NewDisposeScope();
        var weights = w.to_type(x.Type);
        var penalized = penalty * w;
        var (loss, gradient) = (zeros(1, ScalarType.Float64, w.device), zeros_like(w));
        x.Each(
            (rows, first) =>
            {
                var (some, error) = likelihood(rows.mm(weights), first);
                loss.add_(some.to_type(ScalarType.Float64));
                gradient.add_(rows.t().mm(error).to_type(ScalarType.Float64));
            }
        );
        x.Rows.Ranks.AllReduceSum([loss.view(1), gradient]);
        var value = loss / x.Rows.Count + (penalized * w).sum() / 2;
        gradient.div_(x.Rows.Count).add_(penalized);
        return (value.ToDouble(), gradient.MoveToOuterDisposeScope());
    }

    private static (Tensor Loss, Tensor Error) Multinomial(Tensor scores, Tensor labels)
    {
        var logProbabilities = nn.functional.log_softmax(scores, 1);
        var ofLabel = labels.unsqueeze(1);
        var loss = -logProbabilities.gather(1, ofLabel).sum(ScalarType.Float64);
        var one = ones(ofLabel.shape, scores.dtype, scores.device);
        return (loss, logProbabilities.exp_().scatter_add_(1, ofLabel, one.neg_()));
    }

    private static (Tensor Loss, Tensor Error) PerClass(Tensor scores, Tensor labels)
    {
        var (targets, counted) = (labels.gt(0).to_type(scores.dtype), labels.ne(0).to_type(scores.dtype));
        // ln(1 + e^s) - t s, without overflow.
        var losses = scores.clamp_min(0) - scores * targets + scores.abs().neg_().exp_().log1p_();
        return ((losses * counted).sum(ScalarType.Float64), (scores.sigmoid() - targets) * counted);
    }
}
