using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>The parts of a training step that are not the encoder, each on its own, taking turns.</summary>
internal sealed class StepParts : IDisposable
{
    private readonly Device device;
    private readonly MemoryFeed feed;
    private readonly List<nn.Module> modules = [];
    private readonly Tensor bytes;
    private readonly Tensor z;
    private readonly IOptimizer sgd;
    private readonly IOptimizer lars;
    private readonly (ViewParameters A, ViewParameters B) drawn;
    private long step;

    internal StepParts(EncoderSpec encoder, int batch, Device device, ImageSet images)
    {
        this.device = device;
        feed = new MemoryFeed(images, new BatchOrder(new RandomStreams(1), images.Count, batch), device);
        bytes = images.Images.narrow(0, 0, batch).to(device);
        using var generator = new Generator(1, CPU);
        z = randn([2 * batch, 128], generator: generator).to(device);
        sgd = Optimizer(new SgdSpec(0.9, 5e-4), encoder, generator);
        lars = Optimizer(new LarsSpec(), encoder, generator);
        drawn = Draw();
    }

    /// <summary>An optimizer of a network of its own, with gradients.</summary>
    private IOptimizer Optimizer(OptimizerSpec spec, EncoderSpec encoder, Generator generator)
    {
        var network = encoder.Create(3, generator);
        var head = new HeadSpec().Create(network.FeatureSize, generator);
        // Kept: a module that nobody holds is finalized, and its parameters with it.
        modules.AddRange([network.to(device), head.to(device)]);
        MemoryLayout.ToChannelsLast(network);
        var optimizer = spec.Create([.. ParameterGroups.Of(network, "encoder"), .. ParameterGroups.Of(head, "head")]);
        optimizer.LearningRate = 1e-4;
        foreach (var parameter in network.parameters().Concat(head.parameters()))
            parameter.grad?.uniform_(0, 1);
        return optimizer;
    }

    /// <summary>What counts: processor time on the CPU, where others may be computing; the clock on a GPU.</summary>
    internal static double Cost(Turns turns, Device device) =>
        device.type == DeviceType.CPU ? turns.ProcessorSeconds : turns.Seconds;

    /// <summary>Seconds of each part of one step; LARS is what some recipes have in SGD's place, and so is no part.</summary>
    internal IReadOnlyList<(string Part, bool Counts, double Seconds)> Measure(double seconds)
    {
        (string Name, bool Counts, Action Action)[] parts =
        [
            ("gather the batch", true, () => Gather()),
            ("draw both views", true, () => Draw()),
            ("apply both views", true, Apply),
            ("NT-Xent, forward and backward", true, Loss),
            ("contrastive metrics", true, Metrics),
            ("SGD", true, sgd.Step),
            ("(LARS in its place)", false, lars.Step),
        ];
        var turns = Timing.Interleaved(seconds / 2, [.. parts.Select(part => (Action)(() => InScope(part.Action)))]);
        return [.. parts.Zip(turns, (part, cost) => (part.Name, part.Counts, Cost(cost, device)))];
    }

    private void Gather()
    {
        var (images, labels) = feed.Batch(step++);
        images.Dispose();
        labels.Dispose();
    }

    private (ViewParameters A, ViewParameters B) Draw()
    {
        using var generator = new RandomStreams(1).At(RandomStreams.ViewA, 0);
        var shape = BatchShape.Of(bytes);
        return (Subjects.View.Draw(shape, generator), Subjects.View.Draw(shape, generator));
    }

    private void Apply()
    {
        using var noGrad = no_grad();
        var both = ViewParameters.Concat(drawn.A, drawn.B).To(device);
        Subjects.View.Apply(ViewBatch.FromBytes(cat([bytes, bytes])), both);
    }

    private void Loss()
    {
        var pair = z.detach().requires_grad_().chunk(2);
        new NtXent(0.5).Compute(pair[0], pair[1]).backward();
    }

    private void Metrics()
    {
        var pair = z.chunk(2);
        ContrastiveMetrics.Compute(pair[0], pair[1], 0.5, true);
        ContrastiveMetrics.Deviation(pair[0]);
    }

    private void InScope(Action action)
    {
        using var scope = NewDisposeScope();
        action();
        Subjects.Wait(device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        feed.Dispose();
        bytes.Dispose();
        z.Dispose();
        modules.ForEach(module => module.Dispose());
        drawn.A.Dispose();
        drawn.B.Dispose();
        sgd.Dispose();
        lars.Dispose();
    }
}
