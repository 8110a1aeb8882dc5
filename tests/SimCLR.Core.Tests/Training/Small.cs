using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

/// <summary>A training of a second, for tests.</summary>
internal static class Small
{
    private static readonly IView View = new Sequence([
        new RandomResizedCrop(16),
        new HorizontalFlip(),
        ColorJitter.OfStrength(0.5),
        new Grayscale(),
    ]);

    internal static PretrainingSpec Spec(long seed = 0, double learningRate = 0.05) =>
        new()
        {
            ViewA = View,
            ViewB = View,
            Encoder = new SmallConvSpec([8, 16]),
            Head = new HeadSpec(Output: 16),
            Method = new SimClrSpec(new NtXent(0.5), 0.5),
            Optimizer = new SgdSpec(),
            LearningRate = learningRate,
            BatchSize = 16,
            Epochs = 3,
            Precision = Precision.Float32,
            Seed = seed,
        };

    internal static ImageSet Noise(int count = 70, long side = 16)
    {
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(9).At("images", 0);
        return new ImageSet(
            randint(0, 256, [count, 3, side, side], generator: generator).to_type(ScalarType.Byte),
            arange(count) % 2,
            ["a", "b"]
        );
    }

    /// <summary>All weights, statistics and velocities, as bytes by name.</summary>
    internal static Dictionary<string, string> Bytes(Pretraining training)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return training.State.ToDictionary(
            named => named.Key,
            named => Convert.ToHexString(named.Value.detach().clone().contiguous().bytes)
        );
    }
}
