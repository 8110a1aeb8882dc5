using SimCLR.Core.Encoders;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

/// <summary>
/// How much a device is asked for, with views as operations on batches, as on a GPU: there every operation costs its launch, and what it reads its bytes
/// (benchmarks/GPU.md has the figures). The bounds are a little above what is found.
/// </summary>
public class OperationCountTests(ITestOutputHelper output)
{
    private const int Side = 32;

    /// <summary>The paper's views on CIFAR-10.</summary>
    private static readonly IView View = new Sequence(
        new RandomResizedCrop(Side),
        new HorizontalFlip(),
        ColorJitter.OfStrength(0.5),
        new Grayscale()
    );

    private static List<Operation> Work(Action action)
    {
        using var asOnGpu = PixelPass.AsOnGpu();
        return [.. OperationRecorder.All(action).Where(operation => operation.Works)];
    }

    private (int Operations, double BytesPerImage) Views(IView view, int batch, bool inOnePass)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2, CPU);
        var images = randint(0, 256, [batch, 3, Side, Side], ScalarType.Byte, generator: generator);
        using var pairs = new BatchViews(
            new SimCLR.Core.Images.ImageBatch(images, zeros(batch, int64)),
            [view, view],
            new RandomStreams(5),
            0
        )
        {
            InOnePass = inOnePass,
        };
        // What is made once per process.
        using (PixelPass.AsOnGpu())
            pairs.Views(0, batch).Dispose();
        var work = Work(() => pairs.Views(0, batch).Dispose());
        var found = (work.Count, work.Sum(operation => operation.Bytes) / (double)batch);
        output.WriteLine($"{batch} images, both views: {found.Count} operations, {found.Item2:N0} bytes an image");
        foreach (var kind in work.GroupBy(o => o.Name).OrderByDescending(kind => kind.Sum(o => o.Bytes)).Take(15))
            output.WriteLine($"  {kind.Count(), 4} {kind.Key, -30} {kind.Sum(o => o.Bytes) / batch, 10:N0}");
        return found;
    }

    [Fact]
    public void Operations_of_views_do_not_grow_with_the_batch_and_are_bounded_with_their_bytes()
    {
        var (few, many) = (Views(View, 8, true), Views(View, 64, true));
        Assert.Equal(few.Operations, many.Operations);
        Assert.InRange(many.Operations, 1, 220);
        Assert.InRange(many.BytesPerImage, 1, 2.1e6);
    }

    private static PretrainingSpec Training(OptimizerSpec optimizer) =>
        Spec() with
        {
            ViewA = View,
            ViewB = View,
            Encoder = new ResNetSpec(18, 0.125),
            Method = new SimClrSpec(new NtXent(0.5), 0.5),
            Optimizer = optimizer,
        };

    [Theory]
    [InlineData("LARS", 1100)]
    [InlineData("SGD", 1070)]
    public void Operations_of_a_whole_step_are_bounded(string optimizer, int most)
    {
        OptimizerSpec spec = optimizer == "LARS" ? new LarsSpec() : new SgdSpec(0.9, 1e-4);
        using var images = Noise(70, Side);
        using var training = new Pretraining(Training(spec), images, CPU);
        using (PixelPass.AsOnGpu())
            for (var i = 0; i < 2; i++)
                training.TrainStep().Dispose();
        var work = Work(() => training.TrainStep().Dispose());
        output.WriteLine($"{optimizer}: {work.Count} operations");
        foreach (var kind in work.GroupBy(o => o.Name).OrderByDescending(kind => kind.Count()).Take(25))
            output.WriteLine($"  {kind.Count(), 4} {kind.Key}");
        Assert.InRange(work.Count, 1, most);
    }
}
