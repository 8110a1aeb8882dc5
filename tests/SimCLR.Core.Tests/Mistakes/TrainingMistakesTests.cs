using SimCLR.Core.Encoders;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Tests.Optimizers;
using SimCLR.Core.Training;
using TorchSharp;
using TorchSharp.Modules;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Mistakes;

/// <summary>Mistakes of other toolkits in the training loop, the encoder and the optimizers.</summary>
public class TrainingMistakesTests
{
    /// <summary>An encoder that remembers how many images it was given at a time.</summary>
    private sealed class Recording : Encoder
    {
        private readonly Encoder inner;

        internal Recording(Encoder inner)
            : base("Recording")
        {
            this.inner = inner;
            register_module("inner", inner);
        }

        internal List<long> Batches { get; } = [];

        public override long FeatureSize => inner.FeatureSize;

        public override Tensor forward(Tensor input)
        {
            Batches.Add(input.shape[0]);
            return inner.forward(input);
        }
    }

    private sealed record RecordingSpec : EncoderSpec
    {
        public override Encoder Create(long channels, Generator weights) =>
            new Recording(new SmallConvSpec([8, 16]).Create(channels, weights));
    }

    private static List<double> Rates(PretrainingSpec spec)
    {
        using var images = Noise();
        using var training = new Pretraining(spec, images, CPU);
        return [.. training.Run().Progress.Select(progress => progress.LearningRate)];
    }

    /// <summary>A parameter after a step of that gradient.</summary>
    private static double[] Step(IOptimizer optimizer, Parameter parameter, double rate, params double[] gradient)
    {
        optimizer.LearningRate = rate;
        parameter.SetGradient(tensor(gradient));
        optimizer.Step();
        return [.. parameter.data<double>()];
    }

    [Fact]
    public void The_schedule_is_stepped_per_step_of_which_its_length_is_the_number()
    {
        // 3 epochs of 4 steps: half-way after six steps, nearly 0 at the last one. Per epoch it would still be near the peak.
        var rates = Rates(Spec(learningRate: 0.1));
        Assert.Equal(12, rates.Distinct().Count());
        Assert.Equal(0.05, rates[6], 1e-12);
        Assert.InRange(rates[^1], 0, 0.02 * 0.1);
    }

    [Fact]
    public void The_warmup_rises_and_is_no_constant_rate()
    {
        var rates = Rates(Spec(learningRate: 0.1) with { WarmupEpochs = 2 });
        Assert.All(Enumerable.Range(0, 9), step => Assert.Equal(0.1 * step / 8, rates[step], 1e-12));
    }

    [Fact]
    public void A_network_for_small_images_has_no_ImageNet_stem_and_no_padding_of_2()
    {
        using var scope = NewDisposeScope();
        using var weights = new Generator(1, CPU);
        using var encoder = new ResNetSpec(18, 0.125).Create(3, weights);
        var modules = encoder.named_modules().ToDictionary(named => named.name, named => named.module);
        Assert.DoesNotContain(modules.Values, module => module is MaxPool2d);
        var stem = Assert.IsType<SimCLR.Core.Encoders.Convolution>(modules["conv1"]);
        Assert.Equal([8, 3, 3, 3], stem.weight.shape);
        Assert.Equal([1, 8, 32, 32], stem.forward(zeros(1, 3, 32, 32)).shape);
    }

    [Fact]
    public void Both_views_go_through_the_encoder_in_one_forward_pass()
    {
        using var images = Noise();
        using var training = new Pretraining(Spec() with { Encoder = new RecordingSpec() }, images, CPU);
        training.TrainStep().Dispose();
        Assert.Equal([2L * Spec().BatchSize], ((Recording)training.Encoder).Batches);
        Assert.Equal(1, training.Encoder.state_dict()["inner.stages.1.num_batches_tracked"].ToInt64());
    }

    [Fact]
    public void Gradient_caching_is_exact_with_frozen_batch_norm_alone_and_says_so()
    {
        double FirstLoss(MicroBatches? parts)
        {
            using var images = Noise();
            using var training = new Pretraining(Spec() with { MicroBatches = parts }, images, CPU);
            using var step = training.TrainStep();
            return step[0].ToDouble();
        }
        Assert.Equal(FirstLoss(new MicroBatches(16, true)), FirstLoss(new MicroBatches(4, true)), 1e-5);
        Assert.NotEqual(FirstLoss(null), FirstLoss(new MicroBatches(4)), 1e-4);
    }

    [Fact]
    public void A_resumed_run_does_not_restart_the_schedule()
    {
        using var folder = new TemporaryFolder();
        var spec = Spec(learningRate: 0.1) with { WarmupEpochs = 1 };
        var checkpointing = new Checkpointing(new CheckpointFolder(folder.Root), TimeSpan.FromHours(1));
        using var images = Noise();
        using (var first = new Pretraining(spec, images, CPU))
        {
            using var stop = new CancellationTokenSource();
            Assert.Throws<TrainingInterruptedException>(() =>
                first.Run(
                    progress =>
                    {
                        if (progress.Step == 5)
                            stop.Cancel();
                    },
                    stop.Token,
                    checkpointing
                )
            );
        }
        using var second = new Pretraining(spec, images, CPU);
        var steps = new List<(long Step, double Rate)>();
        second.Run(progress => steps.Add((progress.Step, progress.LearningRate)), checkpointing: checkpointing);
        Assert.Equal(6, steps[0].Step);
        Assert.Equal(Rates(spec)[5..], steps.Select(step => step.Rate));
    }

    [Fact]
    public void Lars_has_its_trust_coefficient()
    {
        // |w| = 5, |g + d w| = |(6, 8)| = 10: the step is 0.001 · 5 / 10 of the rate times (6, 8).
        using var scope = NewDisposeScope();
        var w = new Parameter(tensor(new double[] { 3, 4 }).view(1, 2));
        using var lars = new LarsSpec(WeightDecay: 1).Create(Groups.Of(("w", w)));
        var after = Step(lars, w, 100, 3, 4);
        Assert.Equal(3 - 100 * 0.0005 * 6, after[0], 1e-12);
        Assert.Equal(4 - 100 * 0.0005 * 8, after[1], 1e-12);
    }

    [Fact]
    public void Lars_leaves_biases_and_batch_norm_out_of_adaptation_and_decay()
    {
        using var scope = NewDisposeScope();
        using var weights = new Generator(1, CPU);
        using var encoder = new ResNetSpec(18, 0.125).Create(3, weights);
        var named = encoder.named_parameters().ToList();
        using var lars = new LarsSpec(Momentum: 0, WeightDecay: 1e3).Create(ParameterGroups.Of(encoder));
        lars.LearningRate = 0.5;
        var before = named.ToDictionary(entry => entry.name, entry => entry.parameter.detach().clone());
        foreach (var (_, parameter) in named)
            parameter.SetGradient(full_like(parameter, 0.25));
        lars.Step();
        var norms = named.Where(entry => entry.name.Contains("bn") || entry.name.Contains("downsample.1")).ToList();
        Assert.NotEmpty(norms);
        foreach (var (name, parameter) in norms)
            Assert.InRange((before[name] - 0.125 - parameter).abs().max().ToDouble(), 0, 1e-6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Momentum_is_remembered(bool lars)
    {
        // Of a bias, so that LARS does not adapt: after a gradient of 1 and one of 0 it has moved by the rate times 1 and 0.9.
        using var scope = NewDisposeScope();
        var b = new Parameter(tensor(new double[] { 0 }));
        OptimizerSpec spec = lars ? new LarsSpec() : new SgdSpec();
        using var optimizer = spec.Create(Groups.Of(("b", b)));
        Assert.Equal(-0.1, Step(optimizer, b, 0.1, 1)[0], 1e-12);
        Assert.Equal(-0.19, Step(optimizer, b, 0.1, 0)[0], 1e-12);
    }
}
