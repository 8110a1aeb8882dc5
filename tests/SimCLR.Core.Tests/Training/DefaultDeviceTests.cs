using SimCLR.Core.Encoders;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Tests.Losses;
using SimCLR.Core.Tests.Methods;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

/// <summary>
/// Every tensor is made on a device that is named: with another default device, here one that has no numbers at all, a training comes to the same bits. On a GPU a
/// tensor of the default device would be one of the processor among those of the GPU.
/// </summary>
[Collection("determinism")]
public class DefaultDeviceTests
{
    private static T OnMeta<T>(Func<T> action)
    {
        set_default_device(META);
        try
        {
            return action();
        }
        finally
        {
            set_default_device(CPU);
        }
    }

    /// <summary>Figures and state after two steps, with views as on a GPU.</summary>
    private static string Trained(PretrainingSpec spec, bool meta)
    {
        using var asOnGpu = PixelPass.AsOnGpu();
        using var images = Noise();
        using var training = new Pretraining(spec, images, CPU);
        if (meta)
            return OnMeta(Steps);
        return Steps();

        string Steps()
        {
            using var scope = NewDisposeScope();
            var figures = Enumerable.Range(0, 2).Select(_ => Convert.ToHexString(training.TrainStep().bytes)).ToList();
            return string.Join('\n', figures.Concat(Bytes(training).OrderBy(named => named.Key).Select(n => n.Value)));
        }
    }

    private static void Same(PretrainingSpec spec) => Assert.Equal(Trained(spec, false), Trained(spec, true));

    private static readonly IView Crop = new RandomResizedCrop(16);

    /// <summary>Those without a target that follows: TorchSharp makes a tensor of its momentum, on the default device.</summary>
    public static TheoryData<string> Methods =>
        [
            .. Every
                .Names.Select(row => row.Data)
                .Except([
                    "MoCo",
                    "symmetric MoCo",
                    "SimCLR with memory",
                    "BYOL",
                    "MoCo v3",
                    "DINO",
                    "DINO of several crops",
                ]),
        ];

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_step_of_every_method_names_its_device(string method) => Same(Every.Spec(method));

    [Fact]
    public void So_does_every_view()
    {
        IView[] views =
        [
            new RandomResizedCrop(16, interpolation: Interpolation.Bicubic),
            ColorJitter.OfStrength(0.5, 0.8, BrightnessMode.Add, ContrastMean.PerChannel),
            new GaussianBlur(),
            new Rotate(),
            new Cutout(),
            new Cutout(fill: CutoutFill.Mean),
            new GaussianNoise(),
            new Sobel(),
            new Solarize(),
            new RandAugment(),
            new AutoAugment(),
            new Normalize([0.5, 0.4, 0.3], [0.2, 0.2, 0.2]),
            new Sequence(new Resize(12), new Resize(16)),
            new Sequence(new CenterCrop(12), new Resize(16)),
        ];
        foreach (var view in views)
            Same(Spec() with { ViewA = view, ViewB = Crop });
    }

    [Fact]
    public void So_does_every_loss()
    {
        foreach (var loss in LossTests.All.Select(row => row.Data))
            Same(Spec() with { Method = new SimCLR.Core.Methods.SimClrSpec(loss) });
    }

    [Fact]
    public void So_do_optimizers_encoders_and_parts()
    {
        foreach (var optimizer in new OptimizerSpec[] { new LarsSpec(), new AdamSpec(WeightDecay: 1e-4) })
            Same(Spec() with { Optimizer = optimizer });
        EncoderSpec[] encoders =
        [
            new ResNetSpec(50, 0.125, SelectiveKernel: 0.125),
            new VisionTransformerSpec(ImageSize: 16, Patch: 4, Dim: 24, Depth: 2, Heads: 3),
        ];
        foreach (var encoder in encoders)
            Same(Spec() with { Encoder = encoder });
        Same(Spec() with { MicroBatches = new MicroBatches(4) });
        Same(Spec() with { NormGroups = 2, Precision = SimCLR.Core.Runtime.Precision.BFloat16 });
    }

    [Fact]
    public void So_does_evaluation()
    {
        using var images = Noise(60);
        using var tests = Noise(30);
        using var training = new Pretraining(Spec(), images, CPU);
        double[] Figures()
        {
            var frozen = new FrozenEncoder(training.Encoder, CPU, new Resize(16));
            using var train = frozen.Train(images);
            using var test = frozen.Test(tests);
            using var generator = new Generator(0, CPU);
            return
            [
                NearestNeighbours.Top1(train, test, 10),
                LinearProbe.Run(train, test, [1e-4, 1e-2], 0.2, generator).Top1,
            ];
        }
        Assert.Equal(Figures(), OnMeta(Figures));
    }
}
