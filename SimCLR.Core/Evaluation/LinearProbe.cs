using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>What a linear probe found.</summary>
/// <param name="Top1">Test accuracy, as a fraction; of <see cref="LinearProbe.Measure"/>, the metric asked for.</param>
/// <param name="L2">The strength chosen.</param>
/// <param name="ValidationTop1">The same on the validation split.</param>
public sealed record LinearProbeResult(double Top1, double L2, double ValidationTop1);

/// <summary>
/// Linear evaluation: logistic regression on frozen representations, its L2 strength chosen on a validation split and then
/// fitted again to all training features (SimCLR, appendix B.8). Features are standardized by the mean and deviation of what
/// is fitted, so that a strength means the same for every encoder.
/// </summary>
public static class LinearProbe
{
    /// <summary>Chooses, fits and measures accuracy.</summary>
    /// <param name="train">Features to fit.</param>
    /// <param name="test">Features to measure on; nothing is chosen on them.</param>
    /// <param name="strengths">L2 strengths to choose from, each 0 or more.</param>
    /// <param name="validationFraction">Part of the training features to choose on, between 0 and 1.</param>
    /// <param name="generator">Draws the validation split, on the CPU.</param>
    /// <exception cref="ArgumentException">There is no strength, or one or the fraction is out of range.</exception>
    /// <exception cref="Training.TrainingFailedException">Some features are not finite.</exception>
    public static LinearProbeResult Run(
        TrainFeatures train,
        TestFeatures test,
        IReadOnlyList<double> strengths,
        double validationFraction,
        Generator generator
    ) => Measure(ProbeMetric.Top1, train, test, strengths, validationFraction, generator);

    /// <summary>Chooses by a metric, fits and measures it.</summary>
    /// <param name="metric">What a strength is chosen by, on the validation split, and what is measured.</param>
    /// <param name="train">Features to fit.</param>
    /// <param name="test">Features to measure on; nothing is chosen on them.</param>
    /// <param name="strengths">L2 strengths to choose from, each 0 or more.</param>
    /// <param name="validationFraction">Part of the training features to choose on, between 0 and 1.</param>
    /// <param name="generator">Draws the validation split, on the CPU.</param>
    /// <param name="warn">Told, in words, of fits that did not converge.</param>
    /// <param name="cancellation">Looked at in every iteration of L-BFGS.</param>
    /// <exception cref="ArgumentException">There is no strength, or one or the fraction is out of range.</exception>
    /// <exception cref="Training.TrainingFailedException">Some features are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static LinearProbeResult Measure(
        ProbeMetric metric,
        TrainFeatures train,
        TestFeatures test,
        IReadOnlyList<double> strengths,
        double validationFraction,
        Generator generator,
        Action<string>? warn = null,
        CancellationToken cancellation = default
    )
    {
        using var scope = NewDisposeScope();
        var unfinished = new List<string>();
        var (fit, validation) = train.HoldOut(validationFraction, generator);
        var (l2, onValidation) = Choose(fit, validation, strengths, metric, unfinished.Add, cancellation);
        var top1 = Fit(train, l2, null, unfinished.Add, cancellation).Measure(metric, test);
        if (unfinished.Count > 0)
            warn?.Invoke(
                $"{unfinished.Count} of {strengths.Count + 1} fits of the linear probe have not converged ({string.Join("; ", unfinished)}): "
                    + "their accuracies are not quite those of the minimum. Choose among strengths that converge, usually stronger ones."
            );
        return new LinearProbeResult(top1, l2, onValidation);
    }

    /// <summary>What can be known before there are features.</summary>
    /// <exception cref="ArgumentException">There is no strength, or one is out of range.</exception>
    internal static void Check(IReadOnlyList<double> strengths)
    {
        if (strengths.Count == 0 || strengths.Any(l2 => !(l2 >= 0) || double.IsInfinity(l2)))
            throw new ArgumentException(
                $"L2 strengths are [{string.Join(", ", strengths)}]; give one or more finite values, 0 or more, for example 1e-4, 1e-2."
            );
    }

    /// <summary>The strength with the best validation accuracy, or another metric; of equal ones the stronger.</summary>
    /// <param name="fit">Features to fit.</param>
    /// <param name="validation">Features to choose on.</param>
    /// <param name="strengths">L2 strengths to choose from, each 0 or more.</param>
    /// <param name="metric">What is compared.</param>
    /// <param name="warn">Told, in words, of each fit that did not converge.</param>
    /// <param name="cancellation">Looked at in every iteration of L-BFGS.</param>
    /// <returns>The strength, and the metric that it reached, as a fraction.</returns>
    /// <exception cref="ArgumentException">There is no strength, or one is out of range.</exception>
    /// <exception cref="Training.TrainingFailedException">Some features are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static (double L2, double ValidationTop1) Choose(
        TrainFeatures fit,
        ValidationFeatures validation,
        IReadOnlyList<double> strengths,
        ProbeMetric metric = ProbeMetric.Top1,
        Action<string>? warn = null,
        CancellationToken cancellation = default
    )
    {
        Check(strengths);
        using var scope = NewDisposeScope();
        var x = FeatureRows.Of(fit).Standardized();
        var best = (L2: 0.0, Value: -1.0);
        LinearClassifier? previous = null;
        foreach (var l2 in strengths.OrderDescending())
        {
            previous = Fit(x, fit, l2, previous, warn, cancellation);
            var value = previous.Measure(metric, validation);
            if (value > best.Value)
                best = (l2, value);
        }
        return best;
    }

    /// <summary>Fits one classifier, from the weights of another where given.</summary>
    /// <param name="train">Features to fit.</param>
    /// <param name="l2">The strength, 0 or more.</param>
    /// <param name="start">Where to begin; null: at zeros.</param>
    /// <param name="warn">Told, in words, of a fit that did not converge.</param>
    /// <param name="cancellation">Looked at in every iteration of L-BFGS.</param>
    /// <exception cref="Training.TrainingFailedException">Some features are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static LinearClassifier Fit(
        TrainFeatures train,
        double l2,
        LinearClassifier? start = null,
        Action<string>? warn = null,
        CancellationToken cancellation = default
    )
    {
        using var scope = NewDisposeScope();
        var x = FeatureRows.Of(train).Standardized();
        var classifier = Fit(x, train, l2, start, warn, cancellation);
        x.Mean!.MoveToOuterDisposeScope();
        x.Scale!.MoveToOuterDisposeScope();
        classifier.Weights.MoveToOuterDisposeScope();
        return classifier;
    }

    /// <summary>Fits one classifier to features that are standardized already, whose mean and scale it shares.</summary>
    private static LinearClassifier Fit(
        FeatureRows x,
        TrainFeatures train,
        double l2,
        LinearClassifier? start,
        Action<string>? warn,
        CancellationToken cancellation
    )
    {
        var minimum = LogisticRegression.Solve(x, train.Labels, train.Classes, l2, start?.Weights, cancellation);
        if (!minimum.Converged)
            warn?.Invoke(
                $"L2 {l2:g3}: gradient {minimum.GradientNorm:g2} after {minimum.Iterations} iterations, "
                    + $"above {LogisticRegression.GradientTolerance:g2}"
            );
        return new LinearClassifier(minimum.At, x.Mean!, x.Scale!);
    }
}

/// <summary>A fitted linear classifier of representations.</summary>
/// <param name="Weights">[D + 1, C]; the last row is the bias.</param>
/// <param name="Mean">[1, D]: it is subtracted from features before they are scaled.</param>
/// <param name="Scale">[1, D]: features are divided by it.</param>
public sealed record LinearClassifier(Tensor Weights, Tensor Mean, Tensor Scale)
{
    /// <summary>The score of every class, [N, C], float64.</summary>
    /// <exception cref="Training.TrainingFailedException">Some features are not finite.</exception>
    public Tensor Scores(Features features)
    {
        using var scope = NewDisposeScope();
        var scores = empty([features.Count, Weights.shape[1]], ScalarType.Float64, Weights.device);
        InBlocks(features, (start, some) => scores.narrow(0, start, some.shape[0]).copy_(some));
        return scores.MoveToOuterDisposeScope();
    }

    /// <summary>The scores of some rows after the others, with the first row of each part.</summary>
    private void InBlocks(Features features, Action<long, Tensor> use)
    {
        using var noGrad = no_grad();
        var x = new FeatureRows(features.H, features.Rows, Mean, Scale);
        foreach (var (start, count) in x.Blocks(Weights.shape[1]))
        {
            using var block = NewDisposeScope();
            var scores = x.Block(start, count, ScalarType.Float64).mm(Weights);
            // A feature that is not finite makes scores that are not, and scores are fewer.
            if (!double.IsFinite(scores.sum().ToDouble()))
                features.RequireFinite();
            use(start, scores);
        }
    }

    /// <summary>The class with the highest score, image by image.</summary>
    public long[] Predictions(Features features)
    {
        using var scope = NewDisposeScope();
        return Scores(features).argmax(1).cpu().data<long>().ToArray();
    }

    /// <summary>A metric of these features, as a fraction.</summary>
    public double Measure(ProbeMetric metric, Features features)
    {
        if (metric != ProbeMetric.Top1)
        {
            using var scores = Scores(features);
            return Metrics.Score(metric, scores, features.Labels);
        }
        var right = 0.0;
        InBlocks(
            features,
            (start, some) =>
                right += some.shape[0] * Metrics.Score(metric, some, features.Labels.narrow(0, start, some.shape[0]))
        );
        return Math.Round(right) / features.Count;
    }

    /// <summary>Accuracy, as a fraction.</summary>
    public double Top1(Features features) => Measure(ProbeMetric.Top1, features);
}
