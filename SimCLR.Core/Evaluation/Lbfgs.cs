using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Where a minimization ended.</summary>
/// <param name="At">The point.</param>
/// <param name="Converged">Whether no component of the gradient is larger than the tolerance; else the iterations were used up, or no
/// step lowered the value.</param>
/// <param name="GradientNorm">The largest component of the gradient, in magnitude.</param>
/// <param name="Iterations">Iterations taken.</param>
internal readonly record struct Minimum(Tensor At, bool Converged, double GradientNorm, int Iterations);

/// <summary>
/// Limited-memory BFGS (Nocedal and Wright, algorithm 7.5) with backtracking to Armijo's condition.
/// TorchSharp's L-BFGS has no line search, and diverges on badly scaled features.
/// </summary>
internal static class Lbfgs
{
    private const int Memory = 10;
    private const double SufficientDecrease = 1e-4;

    /// <summary>Where a convex function is smallest. Some 26 points are in memory at once, however many iterations there are.</summary>
    /// <param name="start">Where to begin; unchanged.</param>
    /// <param name="evaluate">Value and gradient; the gradient is disposed here.</param>
    /// <param name="maxIterations">Iterations at most.</param>
    /// <param name="tolerance">Ends when no component of the gradient is larger.</param>
    /// <param name="cancellation">Looked at before each evaluation but the first.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal static Minimum Minimize(
        Tensor start,
        Func<Tensor, (double Value, Tensor Gradient)> evaluate,
        int maxIterations,
        double tolerance,
        CancellationToken cancellation = default
    )
    {
        using var scope = NewDisposeScope();
        var w = start.clone();
        var (value, gradient) = evaluate(w);
        var norm = Norm(gradient);
        var history = new LinkedList<(Tensor S, Tensor Y, double Rho)>();
        var iterations = 0;
        for (; iterations < maxIterations && norm > tolerance; iterations++)
        {
            using var iteration = NewDisposeScope();
            var direction = Direction(gradient, history);
            var slope = Dot(gradient, direction);
            if (!(slope < 0) || Search(w, value, direction, slope, evaluate, cancellation) is not { } next)
                break;
            Remember(history, next.W - w, next.Gradient - gradient);
            w.Dispose();
            gradient.Dispose();
            (w, value, gradient) = (
                next.W.MoveToOuterDisposeScope(),
                next.Value,
                next.Gradient.MoveToOuterDisposeScope()
            );
            norm = Norm(gradient);
        }
        return new Minimum(w.MoveToOuterDisposeScope(), norm <= tolerance, norm, iterations);
    }

    private static (Tensor W, double Value, Tensor Gradient)? Search(
        Tensor w,
        double value,
        Tensor direction,
        double slope,
        Func<Tensor, (double, Tensor)> evaluate,
        CancellationToken cancellation
    )
    {
        for (var step = 1.0; step > 1e-10; step /= 2)
        {
            cancellation.ThrowIfCancellationRequested();
            var next = w + direction * step;
            var (nextValue, gradient) = evaluate(next);
            if (nextValue <= value + SufficientDecrease * step * slope)
                return (next, nextValue, gradient);
            next.Dispose();
            gradient.Dispose();
        }
        return null;
    }

    private static void Remember(LinkedList<(Tensor S, Tensor Y, double Rho)> history, Tensor s, Tensor y)
    {
        var curvature = Dot(s, y);
        if (curvature <= 1e-12)
            return;
        history.AddLast((s.MoveToOuterDisposeScope(), y.MoveToOuterDisposeScope(), 1 / curvature));
        if (history.Count <= Memory)
            return;
        history.First!.Value.S.Dispose();
        history.First!.Value.Y.Dispose();
        history.RemoveFirst();
    }

    private static Tensor Direction(Tensor gradient, LinkedList<(Tensor S, Tensor Y, double Rho)> history)
    {
        var q = gradient.neg();
        if (history.Last is not { } last)
            return q / Math.Max(1, gradient.norm().ToDouble());
        var alphas = new Stack<double>();
        for (var node = last; node is not null; node = node.Previous)
        {
            alphas.Push(node.Value.Rho * Dot(node.Value.S, q));
            Add(q, node.Value.Y, -alphas.Peek());
        }
        q.div_(last.Value.Rho * Dot(last.Value.Y, last.Value.Y));
        foreach (var (s, y, rho) in history)
            Add(q, s, alphas.Pop() - rho * Dot(y, q));
        return q;
    }

    private static void Add(Tensor sum, Tensor part, double factor) => sum.add_(part, factor);

    private static double Dot(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        return a.reshape(-1).dot(b.reshape(-1)).ToDouble();
    }

    private static double Norm(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        return gradient.abs().max().ToDouble();
    }
}
