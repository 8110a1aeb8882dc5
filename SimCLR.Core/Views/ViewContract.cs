using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>What a view must keep to be trained with, tried on four images.</summary>
public static class ViewContract
{
    private const int Count = 4;
    private const double Tolerance = 1e-5;

    /// <summary>What a view does wrong, each with a remedy; nothing for one that keeps the contract: it tells its shapes, its parameters have the
    /// batch first and can be sliced and replayed, it reads no other generator than its own, and it leaves its input as it is.</summary>
    /// <param name="view">Draws and is applied on the CPU.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="side">Their height and width, in pixels.</param>
    public static IReadOnlyList<string> Check(IView view, long channels = 3, long side = 32)
    {
        LibTorch.Load();
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator(1);
        var images = rand([Count, channels, side, side], ScalarType.Float32, generator: generator);
        var shape = BatchShape.Of(images);
        try
        {
            return [.. Wrong(view, images, images.clone(), shape)];
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return [$"it fails on {Count} images [{channels}, {side}, {side}]: {error.Message.Trim()}"];
        }
    }

    private static IEnumerable<string> Wrong(IView view, Tensor images, Tensor before, BatchShape shape)
    {
        var state = random.get_rng_state();
        var parameters = Draw(view, shape, 5);
        var output = view.Apply(images, parameters);
        if (!random.get_rng_state().Equals(state))
            yield return "it draws from libtorch's global generator; draw in Draw, and pass its generator to every rand.";
        if (!images.Equals(before))
            yield return "it changes the images that it is given; work without operations that end in _.";
        foreach (var (name, tensor) in All(parameters))
            if (tensor.dim() == 0 || tensor.shape[0] != Count)
                yield return $"its parameter '{name}' is [{string.Join(", ", tensor.shape)}] for {Count} images; every parameter has the images as its first dimension.";
            else if (tensor.device_type != DeviceType.CPU)
                yield return $"its parameter '{name}' is on {tensor.device}; draw on the CPU, so that a seed means the same views everywhere.";
        var told = view.Output(shape);
        long[] expected = [told.Count, told.Channels, told.Height, told.Width];
        if (told.Count != Count || !output.shape.SequenceEqual(expected))
            yield return $"it makes [{string.Join(", ", output.shape)}], but its shape is told as [{string.Join(", ", expected)}]; views of one size must come out.";
        else if (output.dtype != ScalarType.Float32)
            yield return $"it makes {output.dtype}; make float32.";
        else if (
            !output.isfinite().all().item<bool>()
            || output.min().item<float>() < 0
            || output.max().item<float>() > 1
        )
            yield return "it makes numbers outside [0, 1]; end with clamp(0, 1).";
        else
            foreach (var wrong in Repeats(view, images, shape, parameters, output))
                yield return wrong;
    }

    private static IEnumerable<string> Repeats(
        IView view,
        Tensor images,
        BatchShape shape,
        ViewParameters parameters,
        Tensor output
    )
    {
        var again = Draw(view, shape, 5);
        if (!All(parameters).Zip(All(again)).All(pair => pair.First.Tensor.Equals(pair.Second.Tensor)))
            yield return "it draws other parameters from a generator of the same seed; draw from that generator alone.";
        if (!view.Apply(images, parameters).Equals(output))
            yield return "it makes another picture of the same images and parameters; draw in Draw alone.";
        if (All(parameters).All(named => named.Tensor.dim() > 0 && named.Tensor.shape[0] == Count))
        {
            var two = view.Apply(images.narrow(0, 1, 2).contiguous(), parameters.Slice(1, 2));
            if (two.shape[0] != 2 || !two.allclose(output.narrow(0, 1, 2), Tolerance, Tolerance))
                yield return "two of the images, with their own parameters, come out otherwise than in the batch; an image's view must depend on nothing but it and its parameters.";
        }
    }

    private static ViewParameters Draw(IView view, BatchShape shape, ulong seed)
    {
        using var generator = new Generator(seed);
        return view.Draw(shape, generator);
    }

    private static IEnumerable<(string Name, Tensor Tensor)> All(ViewParameters parameters) =>
        parameters.Tensors.Select(named => (named.Key, named.Value)).Concat(parameters.Children.SelectMany(All));
}
