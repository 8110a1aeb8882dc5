using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>What an encoder must keep to be trained, tried on four images.</summary>
public static class EncoderContract
{
    private const int Count = 4;

    /// <summary>What an encoder does wrong, each with a remedy; nothing for one that can be trained: it makes h of the length that it tells, finite and
    /// float32, has weights that a gradient reaches and that its seed decides, and sees each image by itself when it evaluates.</summary>
    /// <param name="spec">Makes it, twice, on the CPU.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="side">Their height and width, in pixels: what the views make.</param>
    public static IReadOnlyList<string> Check(EncoderSpec spec, long channels = 3, long side = 32)
    {
        LibTorch.Load();
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var images = rand([Count, channels, side, side], ScalarType.Float32, generator: generator);
        try
        {
            using var encoder = Make(spec, channels);
            using var again = Make(spec, channels);
            return [.. Wrong(encoder, again, images)];
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return [$"it fails on {Count} images [{channels}, {side}, {side}]: {error.Message.Trim()}"];
        }
    }

    private static Encoder Make(EncoderSpec spec, long channels)
    {
        using var weights = new Generator(2);
        return spec.Create(channels, weights);
    }

    private static IEnumerable<string> Wrong(Encoder encoder, Encoder again, Tensor images) =>
        Unregistered.Of(encoder) is { } problem ? [problem]
        : !encoder.parameters().Any()
            ? ["it has no parameters; register its modules (RegisterComponents, register_module)."]
        : new ModuleContract("images", "h", encoder.FeatureSize).Wrong(encoder, again, images);
}
