using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>What an encoder must keep to be trained, tried on four images.</summary>
public static class EncoderContract
{
    private const int Count = 4;
    private const double Tolerance = 1e-4;

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

    private static IEnumerable<string> Wrong(Encoder encoder, Encoder again, Tensor images)
    {
        var before = images.clone();
        if (!encoder.parameters().Any())
            yield return "it has no parameters; register its modules (RegisterComponents, register_module).";
        else if (
            !encoder.state_dict().Values.Zip(again.state_dict().Values).All(pair => pair.First.Equals(pair.Second))
        )
            yield return "one seed gives it two sets of weights; draw them by TorchSharp's modules and initializers alone.";
        else
        {
            encoder.train();
            var h = encoder.forward(images);
            if (!images.Equals(before))
                yield return "it changes the images that it is given; work without operations that end in _ on the input.";
            if (h.dim() != 2 || h.shape[0] != Count || h.shape[1] != encoder.FeatureSize)
                yield return $"it makes h [{string.Join(", ", h.shape)}] of {Count} images, but its feature size is told as {encoder.FeatureSize}; make [N, {encoder.FeatureSize}], for example by a mean over positions.";
            else if (h.dtype != ScalarType.Float32)
                yield return $"it makes h of {h.dtype}; make float32.";
            else
                foreach (var wrong in Numbers(encoder, images, h))
                    yield return wrong;
        }
    }

    private static IEnumerable<string> Numbers(Encoder encoder, Tensor images, Tensor h)
    {
        if (!h.isfinite().all().item<bool>())
            yield return "it makes h that is not finite.";
        h.square().sum().backward();
        if (!encoder.parameters().Any(weight => weight.grad is { } gradient && gradient.abs().sum().ToDouble() > 0))
            yield return "no gradient reaches its weights; compute with tensors throughout, without detach or no_grad.";
        encoder.eval();
        using var noGrad = no_grad();
        var all = encoder.forward(images);
        if (!encoder.forward(images).Equals(all))
            yield return "it makes another h of the same images when it evaluates; draw in training alone (the module's 'training').";
        else if (
            !encoder.forward(images.narrow(0, 1, 2).contiguous()).allclose(all.narrow(0, 1, 2), Tolerance, Tolerance)
        )
            yield return "two of the images come out otherwise than in the batch when it evaluates; h must be of its image alone.";
    }
}
