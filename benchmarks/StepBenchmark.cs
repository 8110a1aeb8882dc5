using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>
/// Images per second of views, encoder, loss and whole training step, and what the step costs beside the encoder. All that is
/// compared takes turns in one process.
/// </summary>
internal sealed class StepBenchmark(string name, int batch, Device device, double seconds)
{
    private static readonly long[] LossSizes = [256, 4096];

    private readonly EncoderSpec encoder = Subjects.Encoders[name];

    internal const string Help =
        "views, encoder, loss and the whole training step (the default)\n"
        + "[--encoder NAME] [--batch 64] [--seconds 8] [--device cpu|cuda] [--write]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "encoder", "batch", "seconds", "device", "write");
        LibTorch.Load();
        var started = Machine.Age;
        options.Choice("encoder", "resnet18", Subjects.Encoders);
        var benchmark = new StepBenchmark(
            options.Text("encoder", "resnet18"),
            options.Number("batch", 64, 2),
            Subjects.DeviceOf(options),
            options.Positive("seconds", 8)
        );
        var section = new Section(benchmark.Title);
        benchmark.Run(section, started);
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    /// <summary>Title of its section.</summary>
    private string Title => $"Step: {name}, batch {batch}, {Machine.Place(device)}";

    /// <summary>Measures and tells.</summary>
    private void Run(Section section, double started)
    {
        using var images = Subjects.Noise(Math.Max(512, batch));
        section.Say(
            $"{Machine.Describe(device)}; start to first tensor {started:F2} s. CIFAR stem, 32x32 images, dkobak's recipe. "
                + "Images/s, not views/s; medians of turns."
        );
        var precisions = Subjects.Supported(device);
        if (precisions.Count == 1)
            section.Say("No bfloat16: this processor has no instructions for it.");
        var columns = precisions.Select(name => Measure(images, Subjects.Precisions[name])).ToList();
        section.Table(["images/s", .. precisions], [.. Rows(columns)]);
        section.Say("Beside the encoder, in milliseconds of processor time per step:");
        using var parts = new StepParts(encoder, batch, device, images);
        section.Table(["part", "ms", .. precisions.Select(name => $"% of {name} step")], [.. PartRows(parts, columns)]);
        section.Table(["NT-Xent alone, float32", "pairs/s", "peak memory"], [.. LossSizes.Select(LossRow)]);
    }

    private sealed record Column(double Views, Turns Contiguous, Turns ChannelsLast, Turns Step, double Peak);

    private Column Measure(ImageSet images, Precision precision)
    {
        Machine.ResetPeak();
        using var training = new Pretraining(Subjects.Training(encoder, batch, precision), images, device);
        using var some = ViewBatch.FromBytes(images.Images.narrow(0, 0, batch)).to(device);
        var turns = Timing.Interleaved(
            seconds,
            () => Views(some),
            Bare(some, precision, channelsLast: false),
            Bare(some, precision, channelsLast: true),
            () => Step(training)
        );
        return new Column(turns[0].Seconds, turns[1], turns[2], turns[3], Machine.Memory().Peak);
    }

    private IEnumerable<string[]> Rows(List<Column> columns)
    {
        string[] Row(string label, Func<Column, string> cell) => [label, .. columns.Select(cell)];
        string Speed(double secondsEach) => $"{batch / secondsEach:N0}";
        yield return Row("views alone (both, always float32)", c => Speed(c.Views));
        yield return Row("encoder and head alone, contiguous", c => Speed(c.Contiguous.Seconds));
        yield return Row("encoder and head alone, channels-last", c => Speed(c.ChannelsLast.Seconds));
        yield return Row("full step (channels-last)", c => Speed(c.Step.Seconds));
        yield return Row("full step / encoder alone, wall time", c => $"{c.Step.Over(c.ChannelsLast):F3}");
        if (device.type == DeviceType.CPU)
            yield return Row(
                "full step / encoder alone, processor time",
                c => $"{c.Step.ProcessorOver(c.ChannelsLast):F3}"
            );
        yield return Row("peak resident memory", c => $"{c.Peak:N0} MiB");
    }

    private IEnumerable<string[]> PartRows(StepParts parts, List<Column> columns)
    {
        var total = 0.0;
        foreach (var (part, counts, cost) in parts.Measure(seconds))
        {
            total += counts ? cost : 0;
            yield return Row(part, cost);
        }
        yield return Row("all of them", total);

        string[] Row(string part, double cost) =>
            [part, $"{cost * 1000:F2}", .. columns.Select(c => $"{100 * cost / StepParts.Cost(c.Step, device):F2}")];
    }

    private void Views(Tensor images)
    {
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(1).At(RandomStreams.ViewA, 0);
        var shape = BatchShape.Of(images);
        var (a, b) = (Subjects.View.Draw(shape, generator), Subjects.View.Draw(shape, generator));
        Subjects.View.Apply(cat([images, images]), ViewParameters.Concat(a, b).To(device));
        Subjects.Wait(device);
    }

    /// <summary>Forward and backward of encoder and head on ready-made views: what no training step can do without.</summary>
    private Action Bare(Tensor images, Precision precision, bool channelsLast)
    {
        using var generator = new Generator(1, CPU);
        var network = encoder.Create(3, generator);
        var head = new HeadSpec().Create(network.FeatureSize, generator);
        network.to(device);
        head.to(device);
        if (channelsLast)
            MemoryLayout.ToChannelsLast(network);
        var views = cat([images, images]);
        return () =>
        {
            using var scope = NewDisposeScope();
            Tensor z;
            using (Autocast.Enter(precision, device))
                z = head.forward(network.forward(channelsLast ? MemoryLayout.ChannelsLast(views) : views));
            z.to_type(ScalarType.Float32).square().sum().backward();
            foreach (var parameter in network.parameters().Concat(head.parameters()))
                parameter.grad = null;
            Subjects.Wait(device);
        };
    }

    private void Step(Pretraining training)
    {
        training.TrainStep().Dispose();
        Subjects.Wait(device);
    }

    private string[] LossRow(long n)
    {
        using var generator = new Generator(1, CPU);
        using var a = randn(n, 128, generator: generator).to(device).requires_grad_();
        using var b = randn(n, 128, generator: generator).to(device).requires_grad_();
        Machine.ResetPeak();
        var before = Machine.Memory().Now;
        var turns = Timing.Interleaved(
            seconds / 2,
            () =>
            {
                using var scope = NewDisposeScope();
                new NtXent(0.5).Compute(a, b).backward();
                Subjects.Wait(device);
            }
        )[0];
        return [$"N = {n}", $"{n / turns.Seconds:N0}", $"+{Machine.Memory().Peak - before:N0} MiB"];
    }
}
