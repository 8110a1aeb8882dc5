using SimCLR.Core.Distributed;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Tests.Evaluation;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

/// <summary>Measurements by several ranks beside the same by one process.</summary>
internal static class RankMeasurements
{
    private static readonly ClassifierSettings Settings = new(1, 30, _ => 0.02);

    /// <summary>Every measurement that ranks take together.</summary>
    internal static readonly Dictionary<string, Func<ImageSplits, IMeasurement>> All = new()
    {
        ["linear probe"] = _ => new LinearEvaluation(),
        ["k-NN"] = _ => new NeighbourEvaluation(),
        ["choice of k"] = _ => new NeighbourChoice([(1, 0.1), (20, 0.1), (20, 0.07)]),
        ["probe of z"] = _ => new HeadProbe(),
        ["retention"] = _ => new Retention(),
        ["alignment and uniformity"] = _ => new AlignmentUniformity(false),
        ["RankMe"] = _ => new RankMe(true),
        ["LiDAR"] = _ => new Lidar(60, 4),
        ["fine-tuning"] = _ => new FineTuning(0.3, 1, Settings),
        ["linear SGD"] = _ => new LinearSgd(Settings),
        ["supervised"] = _ => new SupervisedBaseline(0.3, Settings),
        ["distillation"] = _ => new Distillation(new LinearSgd(Settings), null, 1, Settings),
        ["transfer"] = splits => new Transfer(splits, ProbeMetric.PerClassMean, [1e-3, 1e-1], [Settings]),
    };

    /// <summary>More images than one batch of an extraction; of which one is not full.</summary>
    internal static Tiny Images() =>
        new(splits: new ImageSplits(Tiny.Images(1230, 3, seed: 1, side: 8), Tiny.Images(620, 3, seed: 2, side: 8)));

    /// <summary>The figures of a measurement by name.</summary>
    internal static Dictionary<string, double> Figures(string name, ICollective? ranks)
    {
        using var tiny = Images();
        var measurement = All[name](tiny.Pretrained.Splits);
        var figures = ranks is null
            ? measurement.Measure(tiny.Pretrained)
            : JointWork.Do(ranks, joint => measurement.Measure(tiny.Pretrained.On(joint)));
        return figures.ToDictionary(figure => figure.Name, figure => figure.Value);
    }

    /// <summary>The largest difference of two measurements' figures.</summary>
    internal static double Deviation(Dictionary<string, double> expected, Dictionary<string, double> actual) =>
        expected.Keys.SequenceEqual(actual.Keys)
            ? expected.Max(named => Math.Abs(named.Value - actual[named.Key]))
            : double.PositiveInfinity;

    /// <summary>By real ranks: some that between them use all that ranks exchange.</summary>
    internal static void Check(ICollective ranks)
    {
        foreach (var name in (string[])["linear probe", "k-NN", "retention", "fine-tuning", "RankMe"])
        {
            var deviation = Deviation(Figures(name, null), Figures(name, ranks));
            RankChecks.Check(deviation < 1e-5, $"{name}: the deviation is {deviation:g3}");
            if (ranks.Rank == 0)
                Console.WriteLine($"{name}: deviation {deviation:g3}");
        }
    }
}
