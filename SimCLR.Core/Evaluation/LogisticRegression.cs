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
    private const int MaxIterations = 500;

    /// <summary>It has converged where no component of the gradient is larger.</summary>
    internal const double GradientTolerance = 1e-4;

    private delegate (Tensor Loss, Tensor Error) Likelihood(Tensor scores);

    /// <summary>The solution [D + 1, C]; the last row is b.</summary>
    /// <param name="x">[N, D], float32 or float64.</param>
    /// <param name="labels">[N], int64; or [N, C]: 1 shown, -1 not shown, 0 not counted.</param>
    /// <param name="classes">C.</param>
    /// <param name="l2">Strength, 0 or more.</param>
    /// <param name="start">Where to start, [D + 1, C]; null: zeros.</param>
    /// <param name="cancellation">Looked at in every iteration.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal static Minimum Solve(
        Tensor x,
        Tensor labels,
        int classes,
        double l2,
        Tensor? start = null,
        CancellationToken cancellation = default
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var withOne = cat([x, ones_like(x.narrow(1, 0, 1))], 1);
        var likelihood = labels.dim() == 1 ? Multinomial(labels, classes, x.dtype) : PerClass(labels, x.dtype);
        var penalty = full(withOne.shape[1], 1, l2, dtype: x.dtype, device: x.device);
        penalty[-1] = 0;
        var w = start?.clone() ?? zeros(withOne.shape[1], classes, dtype: x.dtype, device: x.device);
        var minimum = Lbfgs.Minimize(
            w,
            at => Objective(at, withOne, likelihood, penalty),
            MaxIterations,
            GradientTolerance,
            cancellation
        );
        minimum.At.MoveToOuterDisposeScope();
        return minimum;
    }

    private static (double Value, Tensor Gradient) Objective(Tensor w, Tensor x, Likelihood likelihood, Tensor penalty)
    {
        using var scope = NewDisposeScope();
        var (loss, error) = likelihood(x.mm(w));
        var penalized = penalty * w;
        var value = loss / x.shape[0] + (penalized * w).sum() / 2;
        var gradient = x.t().mm(error) / x.shape[0] + penalized;
        return (value.ToDouble(), gradient.MoveToOuterDisposeScope());
    }

    private static Likelihood Multinomial(Tensor labels, int classes, ScalarType type)
    {
        var targets = nn.functional.one_hot(labels, classes).to_type(type);
        return scores =>
        {
            var logProbabilities = nn.functional.log_softmax(scores, 1);
            return (-(logProbabilities * targets).sum(), logProbabilities.exp().sub_(targets));
        };
    }

    private static Likelihood PerClass(Tensor labels, ScalarType type)
    {
        var (targets, counted) = (labels.gt(0).to_type(type), labels.ne(0).to_type(type));
        return scores =>
        {
            // ln(1 + e^s) - t s, without overflow.
            var losses = scores.clamp_min(0) - scores * targets + scores.abs().neg_().exp_().log1p_();
            return ((losses * counted).sum(), (scores.sigmoid() - targets) * counted);
        };
    }
}
