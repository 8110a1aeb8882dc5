using System.Diagnostics;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>The linear probe and k-NN on random features of any number: time and memory, by formula and as measured.</summary>
internal static class ProbeBenchmark
{
    internal const string Help =
        "the linear probe's L-BFGS and k-NN on random features of many images and classes: time and memory\n"
        + "[--images 100000] [--features 2048] [--classes 1000] [--iterations 12] [--queries 2000] [--write]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "images", "features", "classes", "iterations", "queries", "write");
        LibTorch.Load();
        var (n, d, c) = (
            options.Number("images", 100_000, 10),
            options.Number("features", 2048, 1),
            options.Number("classes", 1000, 2)
        );
        var iterations = options.Number("iterations", 12, 1);
        var section = new Section($"Probe, {Machine.Place(CPU)}");
        section.Say(
            $"{Machine.Describe(CPU)}. N = {n:N0} images, D = {d}, C = {c} classes; {iterations} iterations of L-BFGS, without which it would take up to "
                + $"{LogisticRegression.MaxIterations}. By formula: features {4.0 * n * d / (1L << 30):F2} GiB, 26 solutions of float64 "
                + $"{26.0 * 8 * (d + 1) * c / (1L << 30):F2} GiB."
        );
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator(1);
        var labels = arange(n).remainder(c);
        var centres = randn(c, d, generator: generator);
        var h = randn(n, d, generator: generator);
        for (var start = 0L; start < n; start += c)
            h.narrow(0, start, Math.Min(c, n - start)).add_(centres.narrow(0, 0, Math.Min(c, n - start)));
        var features = new TrainFeatures(h, labels, c);

        var before = Machine.Memory().Now;
        Machine.ResetPeak();
        var (clock, rows) = (Stopwatch.StartNew(), FeatureRows.Standardized(h));
        var minimum = LogisticRegression.Solve(rows, labels, c, 1e-3, maxIterations: iterations);
        var classifier = new LinearClassifier(minimum.At, rows.Mean!, rows.Scale!);
        var accuracy = classifier.Top1(features);
        var (fit, fitPeak) = (clock.Elapsed.TotalSeconds, Machine.Memory().Peak);

        Machine.ResetPeak();
        var queries = new TestFeatures(
            h.narrow(0, 0, Math.Min(n, options.Number("queries", 2000, 1))),
            labels.narrow(0, 0, Math.Min(n, options.Number("queries", 2000, 1))),
            c
        );
        clock.Restart();
        var neighbours = NearestNeighbours.Top1(features, queries);
        section.Table(
            ["", "seconds", "peak, MiB", "of it before, MiB", "top-1 on what was fitted"],
            [
                ["linear probe, one fit", $"{fit:F0}", $"{fitPeak:F0}", $"{before:F0}", $"{accuracy:P1}"],
                [
                    $"k-NN, {queries.Count} queries",
                    $"{clock.Elapsed.TotalSeconds:F0}",
                    $"{Machine.Memory().Peak:F0}",
                    $"{before:F0}",
                    $"{neighbours:P1}",
                ],
            ]
        );
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }
}
