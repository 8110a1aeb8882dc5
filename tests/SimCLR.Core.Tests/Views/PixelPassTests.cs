using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

/// <summary>Views image by image, as a processor has them, beside operations on whole batches, as a GPU has them.</summary>
public class PixelPassTests
{
    private static readonly IView[] Each =
    [
        new RandomResizedCrop(7),
        new RandomResizedCrop(24, 0.5, interpolation: Interpolation.Bicubic),
        new RandomResizedCrop(9, antialias: false),
        new RandomResizedCrop(11, interpolation: Interpolation.Bicubic, antialias: false),
        new HorizontalFlip(),
        ColorJitter.OfStrength(1),
        ColorJitter.OfStrength(0.5, 0.8, BrightnessMode.Add, ContrastMean.PerChannel),
        new ColorJitter(0.4, 0.4, 0, 0),
        new Grayscale(0.5),
        new GaussianBlur(),
        new GaussianBlur(0.7, 0.5, 3, 0.9),
        new Solarize(0.3, 0.5),
        new Resize(10, 21),
        new Resize(30, 12, Interpolation.Bicubic),
        new Resize(8, 9, Interpolation.Bilinear, false),
    ];

    public static TheoryData<int, int, int, int> Shapes =>
        new(
            from view in Enumerable.Range(0, Each.Length)
            from shape in new[] { (3, 16, 16), (3, 13, 22), (1, 9, 17), (3, 64, 40), (4, 12, 11) }
            select (view, shape.Item1, shape.Item2, shape.Item3)
        );

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Image_by_image_gives_what_operations_on_the_batch_give(int number, int channels, int height, int width)
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(7);
        var view = Each[number];
        var images = RandomImages(24, channels, height, width).mul_(1.4).sub_(0.2).clamp_(0, 1);
        if (channels == 4 && view is Grayscale or ColorJitter { Saturation: > 0 })
        {
            Assert.Throws<ArgumentException>(() => view.Apply(images, ViewParameters.None));
            return;
        }
        var drawn = view.Draw(BatchShape.Of(images), generator);
        var before = images.clone();
        var one = view.Apply(images, drawn);
        Tensor whole;
        using (PixelPass.AsOnGpu())
            whole = view.Apply(images, drawn);
        Close(whole, one, 2e-6);
        Assert.True(Same(before, images));
        Assert.Equal(
            [24, channels, view.Output(BatchShape.Of(images)).Height, view.Output(BatchShape.Of(images)).Width],
            one.shape
        );
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(2);
        var images = RandomImages(33, 3, 32, 32);
        var drawn = Pipeline.Draw(BatchShape.Of(images), generator);
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var alone = Pipeline.Apply(images, drawn);
            set_num_threads(3);
            Assert.True(Same(alone, Pipeline.Apply(images, drawn)));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void Part_of_a_batch_gives_the_same_bits()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(3);
        var images = RandomImages(20, 3, 32, 32);
        var drawn = Pipeline.Draw(BatchShape.Of(images), generator);
        var whole = Pipeline.Apply(images, drawn);
        var part = Pipeline.Apply(images.narrow(0, 6, 5), drawn.Slice(6, 5));
        Assert.True(Same(whole.narrow(0, 6, 5).clone(), part));
    }

    [Fact]
    public void Bytes_are_read_as_their_share_of_255()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(4);
        var bytes = randint(0, 256, [12, 3, 19, 23], ScalarType.Byte, generator: generator);
        bytes.view(-1).narrow(0, 0, 256).copy_(arange(256));
        foreach (var view in new[] { Pipeline, new Solarize(), new Sequence(new GaussianNoise(), new Grayscale()) })
        {
            var drawn = view.Draw(BatchShape.Of(bytes), generator);
            Assert.True(Same(view.Apply(ViewBatch.FromBytes(bytes), drawn), ViewBatch.Apply(view, bytes, drawn)));
        }
    }

    [Fact]
    public void Every_number_of_16_bits_is_read_as_its_share_of_65535()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(4);
        // Rows of no whole number of vectors; all 65,536 bit patterns.
        var shorts = (arange(3 * 151 * 151) - 32768).to(ScalarType.Int16).view(1, 3, 151, 151);
        var kept = new Sequence(new HorizontalFlip(0));
        var drawn = kept.Draw(BatchShape.Of(shorts), generator);
        var read = ViewBatch.Apply(kept, shorts, drawn).data<float>().ToArray();
        Assert.Equal(shorts.data<short>().ToArray().Select(number => (ushort)number / 65535f), read);
        foreach (var view in new[] { Pipeline, new Solarize(), new Sequence(new GaussianNoise(), new Grayscale()) })
        {
            drawn = view.Draw(BatchShape.Of(shorts), generator);
            Assert.True(Same(view.Apply(ViewBatch.FromBytes(shorts), drawn), ViewBatch.Apply(view, shorts, drawn)));
        }
    }

    [Fact]
    public void So_they_are_by_a_view_that_returns_its_input()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(9);
        var bytes = randint(0, 256, [5, 1, 12, 12], ScalarType.Byte, generator: generator);
        var shorts = (randint(0, 65536, [5, 1, 12, 12], generator: generator) - 32768).to(ScalarType.Int16);
        foreach (var kept in new[] { bytes, shorts })
        foreach (IView step in new IView[] { new Grayscale(1), new Resize(12) })
        foreach (var view in new[] { step, new Sequence(step), new Sequence(step, new GaussianNoise()) })
        {
            var drawn = view.Draw(BatchShape.Of(kept), generator);
            var expected = view.Apply(ViewBatch.FromBytes(kept), drawn);
            Assert.True(Same(expected, ViewBatch.Apply(view, kept, drawn)));
        }
    }

    [Fact]
    public void Where_a_gradient_is_wanted_there_is_one()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(5);
        var images = RandomImages(3, 3, 8, 8).requires_grad_();
        var view = new RandomResizedCrop(5);
        view.Apply(images, view.Draw(BatchShape.Of(images), generator)).sum().backward();
        Assert.True(images.grad!.abs().sum().item<float>() > 0);
    }

    [Fact]
    public void No_images_are_no_images()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(6);
        var images = RandomImages(0, 3, 8, 8);
        Assert.Equal([0, 3, 32, 32], Pipeline.Apply(images, Pipeline.Draw(BatchShape.Of(images), generator)).shape);
    }

    [Fact]
    public void Nothing_is_left_behind()
    {
        using var images = RandomImages(8, 3, 40, 30);
        using var generator = Seeded(8);
        using var drawn = Pipeline.Draw(BatchShape.Of(images), generator);
        using var left = new LeftTensors();
        Pipeline.Apply(images, drawn).Dispose();
        Assert.Equal(0, left.Count);
    }

    private static IView Pipeline { get; } =
        new Sequence(
            new RandomResizedCrop(32),
            new HorizontalFlip(),
            ColorJitter.OfStrength(0.5),
            new Grayscale(),
            new GaussianBlur(),
            new Solarize(),
            new Normalize([0.5, 0.4, 0.3], [0.2, 0.3, 0.4])
        );
}
