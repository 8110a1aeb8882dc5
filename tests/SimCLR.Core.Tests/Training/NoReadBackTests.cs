using System.Reflection;
using SimCLR.Core.Differentiation;
using SimCLR.Core.Encoders;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Losses;
using SimCLR.Core.Tests.Methods;
using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

/// <summary>
/// A training step must not wait for a GPU: it asks libtorch for no operation whose result the CPU has to know, and makes no tensor of
/// numbers that .NET holds.
/// </summary>
public class NoReadBackTests
{
    /// <summary>Operations that read a number, or whose result has a shape that depends on numbers.</summary>
    private static readonly string[] Reading =
    [
        "aten::item",
        "aten::_local_scalar_dense",
        "aten::is_nonzero",
        "aten::equal",
        "aten::allclose",
        "aten::nonzero",
        "aten::masked_select",
        "aten::unique_dim",
        "aten::_unique2",
        "aten::bincount",
        "aten::repeat_interleave",
    ];

    private static IEnumerable<string> ReadBy(Action action) => OperationRecorder.Of(action).Intersect(Reading);

    /// <summary>What a step reads, once the first one has been taken, with views as on a GPU.</summary>
    private static IEnumerable<string> Read(PretrainingSpec spec, bool observed = false)
    {
        using var asOnGpu = PixelPass.AsOnGpu();
        using var images = Noise();
        using var training = new Pretraining(spec, images, CPU);
        using var probe = new OnlineProbe(training.Encoder.FeatureSize, 2, 0.1, new RandomStreams(0), CPU);
        training.Observer = observed ? probe : null;
        training.TrainStep().Dispose();
        return ReadBy(() => training.TrainStep().Dispose());
    }

    private static PretrainingSpec Plain => Spec() with { ViewA = new RandomResizedCrop(16), ViewB = new Grayscale() };

    private static IView[] Views =>
        [
            new RandomResizedCrop(16),
            new RandomResizedCrop(16, interpolation: Interpolation.Bicubic),
            ColorJitter.OfStrength(0.5),
            ColorJitter.OfStrength(0.5, 0.8, BrightnessMode.Add, ContrastMean.PerChannel),
            new HorizontalFlip(),
            new Grayscale(),
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
            new Resize(12),
            new CenterCrop(12),
            new Identity(),
            new FunctionView(
                (batch, generator) => [("share", rand(batch.Count, generator: generator))],
                (images, drawn) => images * drawn["share"].view(-1, 1, 1, 1)
            ),
        ];

    [Fact]
    public void No_view_reads_back()
    {
        foreach (var view in Views)
            Assert.Empty(Read(Plain with { ViewA = view, ViewB = view }));
    }

    private static ILoss[] Losses =>
        [
            .. LossTests.All.Select(row => row.Data),
            new NtXent(0.5, blockRows: 8),
            new FunctionLoss((a, b) => (a - b).square().mean()),
            new ValueLoss((a, b) => Value.Mean(Value.Exp(a - b))),
        ];

    [Fact]
    public void No_loss_reads_back()
    {
        foreach (var loss in Losses)
            Assert.Empty(Read(Plain with { Method = new SimClrSpec(loss) }));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void No_method_reads_back(string name) =>
        Assert.Empty(Read(Every.Spec(name) with { ViewA = Plain.ViewA, ViewB = Plain.ViewA }));

    public static TheoryData<string> Methods => Every.Names;

    [Fact]
    public void Every_view_and_every_loss_is_tried()
    {
        // Jitter has a test of its own; a sequence only calls its parts.
        Type[] apart = [typeof(ColorJitter), typeof(Sequence)];
        Assert.Empty(Kinds<IView>().Except(apart).Except(Views.Select(view => view.GetType())));
        Assert.Empty(Kinds<ILoss>().Except(Losses.Select(loss => loss.GetType())));

        static IEnumerable<Type> Kinds<T>() =>
            typeof(T).Assembly.GetTypes().Where(type => !type.IsAbstract && typeof(T).IsAssignableFrom(type));
    }

    [Fact]
    public void No_optimizer_reads_back()
    {
        OptimizerSpec[] optimizers =
        [
            new SgdSpec(0.9, 1e-4),
            new SgdSpec(0.9, 1e-4, Nesterov: true),
            new LarsSpec(),
            new AdamSpec(WeightDecay: 1e-4),
            new AdamSpec(WeightDecay: 1e-4, Decoupled: true),
        ];
        foreach (var optimizer in optimizers)
            Assert.Empty(Read(Plain with { Optimizer = optimizer }));
    }

    [Fact]
    public void No_encoder_reads_back()
    {
        EncoderSpec[] encoders =
        [
            new ResNetSpec(18, 0.125),
            new ResNetSpec(50, 0.125, SelectiveKernel: 0.125),
            new VisionTransformerSpec(ImageSize: 16, Patch: 4, Dim: 24, Depth: 2, Heads: 3),
        ];
        foreach (var encoder in encoders)
            Assert.Empty(Read(Plain with { Encoder = encoder }));
    }

    [Fact]
    public void Neither_bfloat16_nor_gradient_caching_nor_an_online_probe_reads_back()
    {
        Assert.Empty(Read(Plain with { Precision = Precision.BFloat16 }));
        Assert.Empty(Read(Plain with { MicroBatches = new MicroBatches(4) }));
        Assert.Empty(Read(Plain, observed: true));
    }

    /// <summary>As it is on a GPU, where the gradient's norm and the means are read once per interval.</summary>
    [Fact]
    public void A_run_reads_once_per_logging_interval()
    {
        using var images = Noise(320);
        using var training = new Pretraining(Plain with { Epochs = 15 }, images, CPU);
        Assert.Equal(300, training.TotalSteps);
        var names = OperationRecorder.Of(() => training.Run());
        // 100 intervals of 3 steps: the norm is read as one number; the means are copied.
        Assert.Equal(100, names.Count(name => name == "aten::item"));
    }

    /// <summary>Such a tensor is copied to the device, and the process waits meanwhile: DeviceConstants copies it once.</summary>
    [Fact]
    public void Views_losses_encoders_and_optimizers_make_no_tensor_of_numbers_of_NET()
    {
        string[] places = ["Views", "Losses", "Encoders", "Heads", "Methods", "Optimizers"];
        var makers =
            from type in typeof(IView).Assembly.GetTypes()
            where places.Contains(type.Namespace?.Split('.')[^1])
            from method in type.GetMembers((BindingFlags)(-1) & ~BindingFlags.IgnoreCase).OfType<MethodBase>()
            where method.DeclaringType == type && Calls(method).Any(IsMaker)
            select $"{type.Name}.{method.Name}";
        Assert.Empty(makers);
        // The search finds one where it is.
        Assert.Contains(typeof(DeviceConstants).GetMethods((BindingFlags)(-1)), method => Calls(method).Any(IsMaker));

        static bool IsMaker(MethodBase called) =>
            called.DeclaringType == typeof(torch)
            && called.Name is "tensor" or "as_tensor" or "from_array" or "frombuffer";
    }

    /// <summary>The methods that a method calls: of its code, what follows an instruction to call and is a method's token.</summary>
    private static IEnumerable<MethodBase> Calls(MethodBase method)
    {
        const byte call = 0x28;
        var code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (var at = 0; at + 4 < code.Length; at++)
            if (code[at] == call && Resolve(BitConverter.ToInt32(code, at + 1)) is { } called)
                yield return called;

        MethodBase? Resolve(int token)
        {
            try
            {
                return method.Module.ResolveMethod(
                    token,
                    method.DeclaringType?.GetGenericArguments(),
                    method.IsGenericMethod ? method.GetGenericArguments() : null
                );
            }
            catch (Exception error) when (error is ArgumentException or BadImageFormatException)
            {
                return null; // the byte was part of something else
            }
        }
    }
}
