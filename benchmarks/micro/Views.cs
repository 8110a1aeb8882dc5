using BenchmarkDotNet.Attributes;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Micro;

/// <summary>Drawing and applying each view to a batch of 256 images of 32 x 32.</summary>
[MemoryDiagnoser]
public class Views
{
    private static readonly Dictionary<string, IView> All = new()
    {
        ["crop"] = new RandomResizedCrop(32),
        ["crop, bicubic"] = new RandomResizedCrop(32, interpolation: Interpolation.Bicubic),
        ["flip"] = new HorizontalFlip(),
        ["jitter"] = ColorJitter.OfStrength(0.5),
        ["grayscale"] = new Grayscale(),
        ["blur"] = new GaussianBlur(),
        ["noise"] = new GaussianNoise(),
        ["cutout"] = new Cutout(),
        ["rotate"] = new Rotate(),
        ["sobel"] = new Sobel(),
        ["solarize"] = new Solarize(),
        ["rand augment"] = new RandAugment(),
        ["auto augment"] = new AutoAugment(),
        ["SimCLR's four"] = new Sequence(
            new RandomResizedCrop(32),
            new HorizontalFlip(),
            ColorJitter.OfStrength(0.5),
            new Grayscale()
        ),
    };

    private Tensor images = null!;
    private Generator generator = null!;

    /// <summary>Names of the views.</summary>
    public static IEnumerable<string> Names => All.Keys;

    /// <summary>Which view.</summary>
    [ParamsSource(nameof(Names))]
    public string View { get; set; } = "";

    /// <summary>Makes the batch.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        generator = new Generator(1, CPU);
        images = rand([256, 3, 32, 32], generator: generator);
    }

    /// <summary>Draws the parameters and applies the view.</summary>
    [Benchmark]
    public void DrawAndApply()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var drawn = All[View].Draw(BatchShape.Of(images), generator);
        All[View].Apply(images, drawn);
    }
}
