using SimCLR.Core.Encoders;
using SimCLR.Core.Evaluation;
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

namespace SimCLR.Core.Tests.Encoders;

/// <summary>What holds for every encoder.</summary>
public class EveryEncoderTests
{
    private static readonly Dictionary<string, EncoderSpec> Specs = new()
    {
        ["small"] = new SmallConvSpec([8, 16]),
        ["resnet18"] = new ResNetSpec(18, 0.125),
        ["resnet50"] = new ResNetSpec(50, 0.125, Stem.ImageNet),
        ["resnet50-sk"] = new ResNetSpec(50, 0.125, SelectiveKernel: 1.0 / 16),
        ["resnet50-sk on ImageNet"] = new ResNetSpec(50, 0.125, Stem.ImageNet, SelectiveKernel: 1.0 / 16),
        ["vit"] = new VisionTransformerSpec(24, 4, 48, 2, 3),
    };

    public static TheoryData<string> Names => [.. Specs.Keys];

    internal static Encoder Create(string name, long channels)
    {
        using var weights = new Generator(0, CPU);
        return Specs[name].Create(channels, weights);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_number_of_channels_is_taken(string name)
    {
        foreach (var channels in (long[])[1, 3, 4, 13])
        {
            using var encoder = Create(name, channels);
            using var images = rand(2, channels, 24, 24);
            using var h = encoder.forward(images);
            Assert.Equal([2, encoder.FeatureSize], h.shape);
            Assert.True(h.isfinite().all().ToBoolean());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_channel_of_the_image_counts(string name)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var encoder = Create(name, 4);
        encoder.eval();
        var images = rand(1, 4, 24, 24);
        var h = encoder.forward(images);
        for (var channel = 0; channel < 4; channel++)
        {
            var other = images.clone();
            other.select(1, channel).mul_(0.2);
            Assert.True((encoder.forward(other) - h).abs().max().ToDouble() > 1e-6, $"channel {channel}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_short_run_moves_every_weight_and_is_evaluated(string name)
    {
        using var splits = new Shapes(64, 32, 24).Load();
        var view = new Sequence(new RandomResizedCrop(24), ColorJitter.OfStrength(0.5));
        var spec = new PretrainingSpec
        {
            ViewA = view,
            ViewB = view,
            Encoder = Specs[name],
            Head = new HeadSpec(Output: 16),
            Method = new SimClrSpec(new NtXent(0.5)),
            Optimizer = new SgdSpec(),
            LearningRate = 0.05,
            BatchSize = 16,
            Epochs = 1,
            Precision = Precision.Float32,
        };
        using var training = new Pretraining(spec, splits.Train, CPU);
        var before = training
            .Encoder.named_parameters()
            .ToDictionary(entry => entry.name, entry => entry.parameter.detach().clone());
        var result = training.Run();
        Assert.Equal(4, result.Steps);
        Assert.True(double.IsFinite(result.Loss));
        Assert.All(
            training.Encoder.named_parameters(),
            entry => Assert.True((entry.parameter - before[entry.name]).abs().max().ToDouble() > 0, entry.name)
        );
        var evaluation = new EvaluationSpec(new Resize(24), [1e-2], 0.25, 5, 0.1);
        using var pretrained = new Pretrained(spec, training.Encoder, training.Head, evaluation, splits, CPU);
        Assert.All(
            new LinearEvaluation().Measure(pretrained).Concat(new NeighbourEvaluation().Measure(pretrained)),
            figure => Assert.InRange(figure.Value, 0, 1)
        );
        foreach (var tensor in before.Values)
            tensor.Dispose();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void BFloat16_stays_near_float32(string name)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var encoder = Create(name, 3);
        using var generator = new Generator(1, CPU);
        var images = rand(8, 3, 24, 24, generator: generator);
        var exact = encoder.forward(images);
        Tensor rough;
        using (Autocast.Enter(Precision.BFloat16, CPU))
            rough = encoder.forward(images).to(ScalarType.Float32);
        var difference = ((rough - exact).norm() / exact.norm()).ToDouble();
        Assert.InRange(difference, 1e-7, 0.1);
    }
}
