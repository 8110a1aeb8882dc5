using SimCLR.Core.Encoders;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Views;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class NormalizedTests
{
    /// <summary>Takes no images but those of the normalization below: numbers in [-2, -1].</summary>
    private sealed record ParticularSpec : EncoderSpec
    {
        public override Encoder Create(long channels, Generator weights) => new Particular(channels);

        private sealed class Particular : Encoder
        {
            private readonly Conv2d conv;

            internal Particular(long channels)
                : base("Particular")
            {
                conv = nn.Conv2d(channels, 8, 3);
                register_module("conv", conv);
            }

            public override long FeatureSize => 8;

            public override Tensor forward(Tensor input)
            {
                Assert.InRange(input.min().item<float>(), -2.001, -0.999);
                Assert.InRange(input.max().item<float>(), -2.001, -0.999);
                return conv.forward(input).mean([2, 3]);
            }
        }
    }

    public static TheoryData<string, IMeasurement> Measurements =>
        new()
        {
            { "linear", new LinearEvaluation() },
            { "k-NN", new NeighbourEvaluation() },
            { "linear SGD", new LinearSgd(Tiny.Quick(1)) },
            { "fine-tuning", new FineTuning(1, 0, Tiny.Quick(1)) },
            { "supervised", new SupervisedBaseline(1, Tiny.Quick(1)) },
            { "retention", new Retention() },
            { "LiDAR", new Lidar(10, 2) },
            { "alignment", new AlignmentUniformity(false) },
            { "distillation", new Distillation(new FineTuning(1, 0, Tiny.Quick(1)), null, 1, Tiny.Quick(1)) },
        };

    [Theory]
    [MemberData(nameof(Measurements))]
    public void An_encoder_of_normalized_images_is_shown_no_others(string name, IMeasurement measurement)
    {
        var normalize = new Normalize([2, 2, 2], [1, 1, 1]);
        var view = new Sequence(new RandomResizedCrop(Tiny.Side), normalize);
        using var tiny = new Tiny(new ParticularSpec(), viewA: view, viewB: view);
        var spec = tiny.Pretrained.Evaluation;
        using var normalized = tiny.Pretrained with
        {
            Evaluation = new EvaluationSpec(spec.Picture, [1e-2], 0.25, 5, 0.1, normalize),
        };
        Assert.True(measurement.Measure(normalized).Count > 0, name);
    }
}
