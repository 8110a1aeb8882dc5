using SimCLR.Core.Distributed;
using SimCLR.Core.Encoders;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Tests.Methods;
using SimCLR.Core.Tests.Training;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

/// <summary>Trainings by several ranks beside the same by one process.</summary>
internal static class RankEquality
{
    internal const int Steps = 20;

    /// <summary>Shared evenly by 2, 3, 4 and 6 ranks.</summary>
    internal const int Batch = 12;

    private static readonly Dictionary<string, ILoss> Losses = new()
    {
        ["NT-Xent"] = new NtXent(0.5),
        ["NT-Xent without normalization"] = new NtXent(5, normalize: false),
        ["SupCon"] = new SupCon(0.5),
        ["NT-Logistic"] = new NtLogistic(0.5),
        ["margin triplet"] = new MarginTriplet(0.4),
        ["DCL"] = new Dcl(0.5),
        ["hard negatives"] = new HardNegative(0.5),
    };

    private static readonly IView View = new Sequence([new RandomResizedCrop(8), new HorizontalFlip()]);

    /// <summary>Every method, and SimCLR with every loss.</summary>
    internal static IEnumerable<string> Names => Losses.Keys.Concat(Every.Names.Select(row => row.Data).Skip(1));

    /// <summary>The training of that name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="parts">The parts of its batches.</param>
    /// <param name="groups">MoCo's groups of batch norm, which the ranks and every part share.</param>
    internal static PretrainingSpec Spec(string name, MicroBatches? parts = null, int groups = 6)
    {
        var spec = Losses.TryGetValue(name, out var loss)
            ? Small.Spec() with
            {
                Method = new SimClrSpec(loss),
            }
            : Every.Spec(name);
        return spec with
        {
            ViewA = View,
            ViewB = View,
            Encoder = new SmallConvSpec([4, 8]),
            Method = Even(spec.Method, groups),
            // Rounding grows from step to step; where a training learns fast, tenfold in a few.
            LearningRate = 0.002,
            BatchSize = Batch,
            Epochs = 4,
            MicroBatches = parts,
            Type = ScalarType.Float64,
        };
    }

    /// <summary>All that a training's coming steps depend on after some steps, by name.</summary>
    internal static Dictionary<string, double[]> Trained(PretrainingSpec spec, ICollective? ranks, int steps = Steps)
    {
        using var images = Small.Noise(side: 8);
        return Trained(spec, images, ranks, steps);
    }

    /// <summary>The same on other images.</summary>
    internal static Dictionary<string, double[]> Trained(
        PretrainingSpec spec,
        ImageSet images,
        ICollective? ranks,
        int steps = Steps
    )
    {
        using var training = new Pretraining(spec, images, CPU, ranks: ranks);
        var figures = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            using var taken = training.TrainStep();
            figures.AddRange(taken.to_type(ScalarType.Float64).data<double>().ToArray());
        }
        var state = Numbers(training);
        // Figures are numbers of 32 bits, which may be rounded the other way.
        state["figures"] = [.. figures.Select(figure => figure * 1e-7)];
        return state;
    }

    /// <summary>The state as numbers.</summary>
    internal static Dictionary<string, double[]> Numbers(Pretraining training)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return training.State.ToDictionary(
            named => named.Key,
            named => named.Value.to_type(ScalarType.Float64).flatten().clone().data<double>().ToArray()
        );
    }

    /// <summary>The largest difference of two states.</summary>
    internal static double Deviation(Dictionary<string, double[]> expected, Dictionary<string, double[]> actual) =>
        expected.Keys.Order().SequenceEqual(actual.Keys.Order())
            ? expected.Max(named => named.Value.Zip(actual[named.Key], (a, b) => Math.Abs(a - b)).Max())
            : double.PositiveInfinity;

    /// <summary>By real ranks: some methods that between them use all that ranks exchange.</summary>
    internal static void Check(ICollective ranks)
    {
        foreach (var name in (string[])["NT-Xent", "MoCo", "SwAV"])
        foreach (var parts in (MicroBatches?[])[null, new MicroBatches(6)])
        {
            var spec = parts is null ? Spec(name) : Spec(name, parts, ranks.Size);
            var deviation = Deviation(Trained(spec, null, 5), Trained(spec, ranks, 5));
            RankChecks.Check(deviation < 1e-12, $"{name}, {parts}: the deviation is {deviation:g3}");
            if (ranks.Rank == 0)
                Console.WriteLine($"{name}, {parts}: {deviation:g3}");
        }
    }

    /// <summary>With queues and groups that batches of 12 fit.</summary>
    private static IMethodSpec Even(IMethodSpec method, int groups) =>
        method switch
        {
            MoCoSpec moCo => moCo with { Queue = 48, NormGroups = moCo.NormGroups > 1 ? groups : 1 },
            SwavSpec swav => swav with { Queue = 24 },
            _ => method,
        };
}
