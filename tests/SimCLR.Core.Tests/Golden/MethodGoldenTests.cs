using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Methods;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>Three steps of whole trainings against those of a plain PyTorch script, in float64: every weight, every running statistic, the target.</summary>
public class MethodGoldenTests
{
    private const double Tolerance = 1e-10;

    private static readonly HeadSpec Plain = new(2, 6, 10, BatchNorm: false);
    private static readonly HeadSpec NoLastNorm = new(2, 6, 10, LastNorm: LastNorm.None);

    private static readonly Dictionary<string, (IMethodSpec Method, HeadSpec Head)> Methods = new()
    {
        ["moco"] = (new MoCoSpec(16, new(0.9, 0.9), 0.2), Plain),
        ["moco2"] = (new MoCoSpec(16, new(0.9, 0.9), 0.2, Symmetric: true), Plain),
        ["byol"] = (new ByolSpec(NoLastNorm, new(0.9, 1)), NoLastNorm),
        ["simsiam"] = (
            new SimSiamSpec(new HeadSpec(2, 6, 10, LastNorm: LastNorm.None, LastBias: true)),
            new HeadSpec(2, 6, 10, LastNorm: LastNorm.WithoutAffine)
        ),
        ["barlow"] = (new BarlowTwinsSpec(0.005, 0.1, 0.5), NoLastNorm),
        ["vicreg"] = (new VicRegSpec(), NoLastNorm),
        ["swav"] = (new SwavSpec(7), NoLastNorm),
        ["dino"] = (
            new DinoSpec(7, new(0.9, 1), LargestGradient: 0.05, TeacherWarmup: new TemperatureWarmup(0.02, 3)),
            NoLastNorm
        ),
    };

    /// <summary>Those that see two smaller crops beside the pair.</summary>
    private static readonly string[] OfSeveralCrops = ["swav", "dino"];

    [Theory]
    [InlineData("moco")]
    [InlineData("moco2")]
    [InlineData("byol")]
    [InlineData("simsiam")]
    [InlineData("barlow")]
    [InlineData("vicreg")]
    [InlineData("swav")]
    [InlineData("dino")]
    public void Three_steps_come_to_the_weights_of_plain_PyTorch(string name)
    {
        using var golden = new GoldenFile("methods");
        using var scope = NewDisposeScope();
        using var images = Images();
        using var training = new Pretraining(Spec(name), images, CPU);
        Fill(training.State);
        for (var step = 0; step < 3; step++)
            golden.Compare($"{name}.losses", Loss(training, step, golden[$"{name}.losses"]), 1e-6);
        var state = training.State;
        foreach (var (key, tensor) in state)
            if (Golden(key) is { } known && tensor.dtype == ScalarType.Float64)
                golden.Compare($"{name}.{known}", tensor, Tolerance);
        Assert.Equal(
            golden.Keys.Count(key => key.StartsWith($"{name}.") && !key.EndsWith("num_batches_tracked")) - 1,
            state.Count(named => Golden(named.Key) is not null && named.Value.dtype == ScalarType.Float64)
        );
    }

    [Theory]
    [InlineData("swav")]
    [InlineData("dino")]
    [InlineData("lejepa")]
    public void Losses_and_gradients_of_several_crops_are_those_of_plain_PyTorch(string name)
    {
        using var golden = new GoldenFile("methods");
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(5);
        Embedding Drawn(string what, int i) => new(Formula.Numbers($"methods.{what} {i}", [6, 5]).requires_grad_());
        var context = Contexts.Of(networks, 6) with
        {
            ViewsBySize =
            [
                [0, 1],
                [2, 3, 4],
            ],
        };
        var crops = Enumerable.Range(0, 5).Select(i => Drawn("crop", i)).ToList();
        Embedding[] taught = [Drawn("taught", 0), Drawn("taught", 1)];
        using var method = (Methods.TryGetValue(name, out var known) ? known.Method : new LeJepaSpec()).Create(context);
        var prototypes = nn.functional.normalize(Formula.Numbers("methods.crop prototypes", [7, 5]));
        using (no_grad())
            foreach (var (key, tensor) in method.State)
                if (key == "centre")
                    tensor.copy_(Formula.Numbers("methods.crop centre", [1, 7], -0.2, 0.2));
                else if (key is "prototypes" or "student" or "teacher")
                    tensor.copy_(prototypes);
        var loss = method is LeJepa jepa
            ? jepa.Compute(crops, nn.functional.normalize(Formula.Numbers("methods.crop directions", [5, 8]), dim: 0))
            : method.Loss(method is Dino ? [.. crops, .. taught] : crops, Contexts.Input(step: 1000));
        loss.backward();
        golden.Compare($"crops.{name}", loss.reshape(1), 1e-9);
        golden.Compare($"crops.{name}.gradients", stack([.. crops.Select(crop => crop.Projection.grad!)]), 1e-9);
        Assert.All(taught, view => Assert.Null(view.Projection.grad));
    }

    /// <summary>All losses, of which one is what the step gives: float32, as figures are.</summary>
    private static Tensor Loss(Pretraining training, int step, Tensor expected)
    {
        using var figures = training.TrainStep();
        var all = expected.clone();
        all[step] = figures[0].to_type(ScalarType.Float64);
        return all;
    }

    /// <summary>The name in the script's file; null for what it does not keep.</summary>
    private static string? Golden(string key) =>
        key switch
        {
            "method.prototypes" or "method.student" => "outputs.weight",
            "method.teacher" => "target.outputs.weight",
            _ when key.StartsWith("optimizer.") || key.Contains("queue.") => null,
            _ => key.Replace("method.", ""),
        };

    private static PretrainingSpec Spec(string name)
    {
        var middle = new CenterCrop(8);
        return new()
        {
            ViewA = new Identity(),
            ViewB = new HorizontalFlip(1),
            Encoder = new SmallConvSpec([4, 8]),
            Head = Methods[name].Head,
            MoreViews = OfSeveralCrops.Contains(name) ? [middle, new Sequence(middle, new HorizontalFlip(1))] : [],
            Method = OfSeveralCrops.Contains(name) ? Methods[name].Method : new OfManyImages(Methods[name].Method),
            WeightDecayFactor = name == "dino" ? new CosineDecay(1, 10) : Decay.Constant,
            Optimizer = new SgdSpec(0.9, 1e-4),
            LearningRate = 0.1,
            BatchSize = 8,
            Epochs = 3,
            Precision = Precision.Float32,
            Type = ScalarType.Float64,
        };
    }

    /// <summary>Every step is to see the same eight images, and queues are to hold more than these.</summary>
    private sealed record OfManyImages(IMethodSpec Inner) : IMethodSpec
    {
        public IMethod Create(MethodContext context) => Inner.Create(context with { Images = 100 });
    }

    private static ImageSet Images()
    {
        var bytes = Formula.Numbers("methods.images", [8, 3, 12, 12], 0, 256).floor().to_type(ScalarType.Byte);
        return new ImageSet(bytes, arange(8) % 2, ["a", "b"]);
    }

    private static void Fill(IReadOnlyDictionary<string, Tensor> state)
    {
        using var noGrad = no_grad();
        foreach (var (key, tensor) in state)
            if (key.EndsWith("queue.rows"))
                tensor.copy_(nn.functional.normalize(Formula.Numbers("methods.queue", tensor.shape)));
            else if (Golden(key) is { } name && name.Contains('.') && tensor.dtype == ScalarType.Float64)
                tensor.copy_(Formula.Weight($"methods.{Part(name)}", Name(name), tensor.shape));

        static string Part(string name) => name.Replace("target.", "").Split('.')[0];
        static string Name(string name) => name.Replace("target.", "").Split('.', 2)[1];
    }
}
