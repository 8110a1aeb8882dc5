using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>What a linear probe found.</summary>
/// <param name="Top1">Test accuracy, as a fraction.</param>
/// <param name="L2">The strength chosen.</param>
/// <param name="ValidationTop1">Its accuracy on the validation split.</param>
public sealed record LinearProbeResult(double Top1, double L2, double ValidationTop1);

/// <summary>
/// Linear evaluation: logistic regression on frozen representations, its L2 strength chosen on a validation split and then
/// fitted again to all training features (SimCLR, appendix B.8). Features are standardized by the mean and deviation of what
/// is fitted, so that a strength means the same for every encoder.
/// </summary>
public static class LinearProbe
{
    /// <summary>Chooses, fits and measures.</summary>
    /// <param name="train">Features to fit.</param>
    /// <param name="test">Features to measure on; nothing is chosen on them.</param>
    /// <param name="strengths">L2 strengths to choose from, each 0 or more.</param>
    /// <param name="validationFraction">Part of the training features to choose on.</param>
    /// <param name="generator">Draws the validation split, on the CPU.</param>
    public static LinearProbeResult Run(
        TrainFeatures train,
        TestFeatures test,
        IReadOnlyList<double> strengths,
        double validationFraction,
        Generator generator
    )
    {
        using var scope = NewDisposeScope();
        var (fit, validation) = train.HoldOut(validationFraction, generator);
        var (l2, validationTop1) = Choose(fit, validation, strengths);
        return new LinearProbeResult(Fit(train, l2).Top1(test), l2, validationTop1);
    }

    /// <summary>The strength with the best validation accuracy; of equal ones the stronger.</summary>
    public static (double L2, double ValidationTop1) Choose(
        TrainFeatures fit,
        ValidationFeatures validation,
        IReadOnlyList<double> strengths
    )
    {
        if (strengths.Count == 0 || strengths.Any(l2 => !(l2 >= 0) || double.IsInfinity(l2)))
            throw new ArgumentException(
                $"L2 strengths are [{string.Join(", ", strengths)}]; give one or more finite values, 0 or more, for example 1e-4, 1e-2."
            );
        using var scope = NewDisposeScope();
        var best = (L2: 0.0, Top1: -1.0);
        LinearClassifier? previous = null;
        foreach (var l2 in strengths.OrderDescending())
        {
            previous = Fit(fit, l2, previous);
            var top1 = previous.Top1(validation);
            if (top1 > best.Top1)
                best = (l2, top1);
        }
        return best;
    }

    /// <summary>Fits one classifier, from the weights of another where given.</summary>
    public static LinearClassifier Fit(TrainFeatures train, double l2, LinearClassifier? start = null)
    {
        using var scope = NewDisposeScope();
        // In float64: near the minimum, float32's rounding of the loss hides the descent from the line search.
        var h = train.H.to_type(ScalarType.Float64);
        var mean = h.mean([0], keepdim: true);
        var scale = h.std(0, unbiased: false, keepdim: true).clamp_min(1e-6);
        var x = (h - mean) / scale;
        var weights = LogisticRegression.Solve(x, train.Labels, train.Classes, l2, start?.Weights);
        return new LinearClassifier(
            weights.MoveToOuterDisposeScope(),
            mean.MoveToOuterDisposeScope(),
            scale.MoveToOuterDisposeScope()
        );
    }
}

/// <summary>A fitted linear classifier of representations.</summary>
/// <param name="Weights">[D + 1, C]; the last row is the bias.</param>
/// <param name="Mean">[1, D], taken from features before scaling.</param>
/// <param name="Scale">[1, D], features are divided by it.</param>
public sealed record LinearClassifier(Tensor Weights, Tensor Mean, Tensor Scale)
{
    /// <summary>Accuracy, as a fraction.</summary>
    public double Top1(Features features)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var x = (features.H - Mean) / Scale;
        var logits = x.mm(Weights.narrow(0, 0, x.shape[1])) + Weights[-1];
        return logits.argmax(1).eq(features.Labels).to_type(ScalarType.Float64).mean().ToDouble();
    }
}
