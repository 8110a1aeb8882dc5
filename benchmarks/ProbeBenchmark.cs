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
        "the linear probe's L-BFGS and k-NN on random features of many images and classes: time and memory. ImageNet's number of images:\n"
        + "--images 1281167 --features 16 --classes 100\n"
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
        var section = new Section($"Probe of {n:N0} images, {Machine.Place(CPU)}");
        section.Say(
            $"{Machine.Describe(CPU)}. N = {n:N0} images, D = {d}, C = {c} classes; {iterations} iterations of L-BFGS, without which it would take up to "
                + $"{LogisticRegression.MaxIterations}. By formula: features {4.0 * n * d / (1L << 30):F2} GiB (N D 4 bytes), 26 solutions of float64 "
                + $"{26.0 * 8 * (d + 1) * c / (1L << 30):F2} GiB (26 (D + 1) C 8 bytes), and blocks of at most some 0.4 GiB."
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
        var clock = Stopwatch.StartNew();
        var (fit, validation) = features.HoldOut(0.2, generator);
        var (holding, holdingPeak) = (clock.Elapsed.TotalSeconds, Machine.Memory().Peak);

        Machine.ResetPeak();
        clock.Restart();
        var rows = FeatureRows.Of(fit).Standardized();
        var minimum = LogisticRegression.Solve(rows, fit.Labels, c, 1e-3, maxIterations: iterations);
        var classifier = new LinearClassifier(minimum.At, rows.Mean!, rows.Scale!);
        var accuracy = classifier.Top1(validation);
        var (fitting, fitPeak) = (clock.Elapsed.TotalSeconds, Machine.Memory().Peak);

        // As between the measurements of a run.
        NativeHeap.ReleaseBeyond(Measurements.KeptBytes);
        Machine.ResetPeak();
        var queries = new TestFeatures(
            h.narrow(0, 0, Math.Min(n, options.Number("queries", 2000, 1))),
            labels.narrow(0, 0, Math.Min(n, options.Number("queries", 2000, 1))),
            c
        );
        clock.Restart();
        var neighbours = NearestNeighbours.Top1(features, queries);
        section.Table(
            ["", "seconds", "peak, MiB", "of it before, MiB", "top-1"],
            [
                ["a fifth held out", $"{holding:F0}", $"{holdingPeak:F0}", $"{before:F0}", ""],
                [
                    $"linear probe, one fit of {fit.Count:N0}, on the rest",
                    $"{fitting:F0}",
                    $"{fitPeak:F0}",
                    $"{before:F0}",
                    $"{accuracy:P1}",
                ],
                [
                    $"k-NN among all, {queries.Count:N0} queries of them",
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
