using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>The same, computed as on a GPU: by operations on the whole batch.</summary>
public sealed class ViewOfBatchGoldenTests : ViewGoldenTests, IDisposable
{
    private readonly IDisposable _asOnGpu = PixelPass.AsOnGpu();

    [Fact]
    public void These_views_are_not_computed_image_by_image()
    {
        using var images = zeros(1, 3, 4, 4);
        Assert.False(PixelPass.Serves(images));
    }

    public void Dispose() => _asOnGpu.Dispose();
}

/// <summary>Views with fixed parameters against torchvision.transforms.functional on float32 tensors.</summary>
public class ViewGoldenTests
{
    private const double Tolerance = 1e-5;

    private static Tensor Images() => Formula.Numbers("views.images", [5, 3, 24, 20], 0, 1).to(ScalarType.Float32);

    private static Tensor Large() => Formula.Numbers("views.large", [5, 3, 40, 40], 0, 1).to(ScalarType.Float32);

    /// <summary>make.py keeps every third column of large images.</summary>
    private static Tensor Third(Tensor images) => images[.., .., .., TensorIndex.Slice(step: 3)];

    [Theory]
    [InlineData(Interpolation.Bilinear, true, "crop.bilinear.antialias")]
    [InlineData(Interpolation.Bilinear, false, "crop.bilinear")]
    [InlineData(Interpolation.Bicubic, true, "crop.bicubic.antialias")]
    [InlineData(Interpolation.Bicubic, false, "crop.bicubic")]
    public void Crops_are_torchvisions(Interpolation interpolation, bool antialias, string name)
    {
        using var golden = new GoldenFile("views");
        using var scope = NewDisposeScope();
        var boxes = Parameters(
            ("top", tensor(new long[] { 0, 3, 5, 1, 10 })),
            ("left", tensor(new long[] { 0, 2, 7, 0, 4 })),
            ("height", tensor(new long[] { 24, 16, 12, 20, 7 })),
            ("width", tensor(new long[] { 20, 11, 12, 20, 9 }))
        );
        var view = new RandomResizedCrop(12, interpolation: interpolation, antialias: antialias);
        golden.Compare(name, view.Apply(Images(), boxes), Tolerance);
    }

    [Fact]
    public void Jitter_in_any_order_is_torchvisions()
    {
        using var golden = new GoldenFile("views");
        using var scope = NewDisposeScope();
        var parameters = Parameters(
            ("apply", All(5)),
            ("brightness", tensor([0.4f, 1.6f, 1.2f, 0.9f, 1.0f])),
            ("contrast", tensor([1.7f, 0.5f, 1.2f, 0.2f, 1.0f])),
            ("saturation", tensor([0.3f, 1.8f, 0.0f, 1.4f, 1.0f])),
            ("hue", tensor([0.2f, -0.2f, 0.45f, -0.5f, 0.1f])),
            (
                "order",
                tensor(
                    new long[] { 0, 1, 2, 3, 3, 2, 1, 0, 1, 3, 0, 2, 2, 0, 3, 1, 3, 0, 1, 2 },
                    [5, 4],
                    ScalarType.Int64
                )
            )
        );
        golden.Compare("jitter", new ColorJitter(1, 1, 1, 0.5).Apply(Images(), parameters), Tolerance);
    }

    [Fact]
    public void Blurs_are_torchvisions()
    {
        using var golden = new GoldenFile("views");
        using var scope = NewDisposeScope();
        var parameters = Parameters(("apply", All(5)), ("sigma", tensor([0.1f, 0.5f, 1.0f, 1.5f, 2.0f])));
        golden.Compare("blur", Third(new GaussianBlur().Apply(Large(), parameters)), Tolerance);
    }

    [Fact]
    public void Grayscale_and_solarize_are_torchvisions()
    {
        using var golden = new GoldenFile("views");
        using var scope = NewDisposeScope();
        var all = Parameters(("apply", All(5)));
        golden.Compare("grayscale", new Grayscale().Apply(Images(), all), Tolerance);
        golden.Compare("solarize", new Solarize(0.5).Apply(Images(), all), Tolerance);
    }

    [Fact]
    public void Flips_and_quarter_turns_are_torchvisions_exactly()
    {
        using var golden = new GoldenFile("views");
        using var scope = NewDisposeScope();
        golden.Compare("flip", new HorizontalFlip().Apply(Images(), Parameters(("apply", All(5)))), 0);
        var turns = Parameters(("quarterTurns", tensor(new long[] { 0, 1, 2, 3, 0 })));
        golden.Compare("rotate", Third(new Rotate().Apply(Large(), turns)), 0);
    }
}
