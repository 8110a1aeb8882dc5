using SimCLR.Core.Encoders;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Training;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

/// <summary>A small encoder and images to measure, whose classes differ in how red they are.</summary>
internal sealed class Tiny : IDisposable
{
    internal const int Side = 16;

    internal Tiny(
        EncoderSpec? encoder = null,
        HeadSpec? head = null,
        ImageSplits? splits = null,
        IView? viewA = null,
        IView? viewB = null
    )
    {
        var spec = Small.Spec();
        spec = spec with
        {
            Encoder = encoder ?? spec.Encoder,
            Head = head ?? spec.Head,
            ViewA = viewA ?? spec.ViewA,
            ViewB = viewB ?? spec.ViewB,
        };
        splits ??= new ImageSplits(Images(60, 2, seed: 1), Images(40, 2, seed: 2));
        using var weights = new RandomStreams(5).At("test", 0);
        var made = spec.Encoder.Create(splits.Train.Channels, weights);
        Pretrained = new Pretrained(
            spec,
            made,
            spec.Head.Create(made.FeatureSize, weights),
            new EvaluationSpec(new Resize(splits.Train.Height), [1e-4, 1e-2, 1], 0.25, 5, 0.1),
            splits,
            CPU
        );
    }

    internal Pretrained Pretrained { get; init; }

    /// <summary>A fresh optimizer's settings that learn these images in a moment.</summary>
    internal static ClassifierSettings Quick(int epochs = 8, double rate = 0.1) => new(epochs, 20, _ => rate);

    internal static ImageSet Images(int count, int classes, long seed = 1, long side = Side)
    {
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(seed).At("images", 0);
        var labels = arange(count) % classes;
        var images = randint(0, 60, [count, 3, side, side], generator: generator);
        images.select(1, 0).add_((labels * (195 / Math.Max(1, classes - 1))).view(-1, 1, 1));
        return new ImageSet(
            images.to_type(ScalarType.Byte),
            labels,
            [.. Enumerable.Range(0, classes).Select(label => $"{label}")]
        );
    }

    /// <summary>Weights and statistics, and whether they are in training: what a measurement must leave as it is.</summary>
    internal string State() => Bytes(Pretrained.Encoder) + Bytes(Pretrained.Head);

    internal static string Bytes(nn.Module module)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var values = module
            .state_dict()
            .Select(named => named.Key + Convert.ToHexString(named.Value.detach().clone().contiguous().bytes));
        return $"{module.training} {string.Concat(values)}";
    }

    public void Dispose()
    {
        Pretrained.Dispose();
        Pretrained.Encoder.Dispose();
        Pretrained.Head.Dispose();
        Pretrained.Splits.Dispose();
    }
}

/// <summary>An encoder that keeps every pixel.</summary>
internal sealed record PixelsSpec(long Side) : EncoderSpec
{
    public override Encoder Create(long channels, Generator weights) => new Pixels(channels * Side * Side);

    private sealed class Pixels(long size) : Encoder("Pixels")
    {
        public override long FeatureSize => size;

        public override Tensor forward(Tensor input) => input.contiguous().reshape(input.shape[0], -1).clone();
    }
}

/// <summary>A view that counts how often it was drawn.</summary>
internal sealed class Counted(IView view) : IView
{
    internal int Draws { get; private set; }

    public BatchShape Output(BatchShape input) => view.Output(input);

    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        Draws++;
        return view.Draw(batch, generator);
    }

    public Tensor Apply(Tensor images, ViewParameters parameters) => view.Apply(images, parameters);
}
