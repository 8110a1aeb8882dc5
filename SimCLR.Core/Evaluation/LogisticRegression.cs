using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Multinomial logistic regression with L2 regularization, solved by L-BFGS: the minimum over W [D, C] and b [C] of
/// the mean cross-entropy + l2 / 2 · ‖W‖². The problem is convex, so the answer does not depend on where it starts.
/// </summary>
internal static class LogisticRegression
{
    private const int MaxIterations = 500;
    private const double GradientTolerance = 1e-4;

    /// <summary>The solution [D + 1, C]; the last row is b.</summary>
    /// <param name="x">[N, D], float32 or float64.</param>
    /// <param name="labels">[N], int64.</param>
    /// <param name="classes">C.</param>
    /// <param name="l2">Strength, 0 or more.</param>
    /// <param name="start">Where to start, [D + 1, C]; null: zeros.</param>
    internal static Tensor Solve(Tensor x, Tensor labels, int classes, double l2, Tensor? start = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var withOne = cat([x, ones_like(x.narrow(1, 0, 1))], 1);
        var targets = nn.functional.one_hot(labels, classes).to_type(x.dtype);
        var penalty = full(withOne.shape[1], 1, l2, dtype: x.dtype, device: x.device);
        penalty[-1] = 0;
        var w = start?.clone() ?? zeros(withOne.shape[1], classes, dtype: x.dtype, device: x.device);
        return Lbfgs
            .Minimize(w, at => Objective(at, withOne, targets, penalty), MaxIterations, GradientTolerance)
            .MoveToOuterDisposeScope();
    }

    private static (double Value, Tensor Gradient) Objective(Tensor w, Tensor x, Tensor targets, Tensor penalty)
    {
        using var scope = NewDisposeScope();
        var logProbabilities = nn.functional.log_softmax(x.mm(w), 1);
        var penalized = penalty * w;
        var value = -(logProbabilities * targets).sum() / x.shape[0] + (penalized * w).sum() / 2;
        var gradient = x.t().mm(logProbabilities.exp_().sub_(targets)) / x.shape[0] + penalized;
        return (value.ToDouble(), gradient.MoveToOuterDisposeScope());
    }
}
