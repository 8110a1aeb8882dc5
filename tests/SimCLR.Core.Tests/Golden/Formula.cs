using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>The numbers that tests/golden/make.py computes from a name instead of storing them; the same formula as there.</summary>
internal static class Formula
{
    private const long P = int.MaxValue;

    /// <summary>float64 in [low, high), a function of the name and the position alone.</summary>
    internal static Tensor Numbers(string name, long[] shape, double low = -1, double high = 1)
    {
        var seed = 2166136261u;
        foreach (var letter in Encoding.UTF8.GetBytes(name))
            seed = unchecked((seed ^ letter) * 16777619u);
        var values = new double[shape.Aggregate(1L, (product, size) => product * size)];
        for (var i = 0L; i < values.Length; i++)
        {
            var k = (i * 1103515245 + seed) % P;
            k = k * k % P;
            k = (k * 48271 + i) % P;
            k = k * k % P;
            values[i] = low + (high - low) * (k / (double)P);
        }
        return tensor(values, shape);
    }

    /// <summary>Gives every tensor of the state its fixed value; the module becomes float64.</summary>
    internal static void Fill(string network, nn.Module module)
    {
        module.to(ScalarType.Float64);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, tensor) in module.state_dict())
            if (tensor.dtype == ScalarType.Float64)
                tensor.copy_(Weight(network, name, tensor.shape));
    }

    internal static Tensor Weight(string network, string name, long[] shape)
    {
        var (low, high) =
            name.EndsWith("running_mean") ? (-0.1, 0.1)
            : name.EndsWith("running_var") ? (0.5, 1.5)
            : shape.Length > 1 ? (-Bound(shape), Bound(shape))
            : name.EndsWith("weight") ? (0.5, 1.5)
            : (-0.1, 0.1);
        return Numbers($"{network}.{name}", shape, low, high);
    }

    private static double Bound(long[] shape) => Math.Sqrt(6.0 / shape.Skip(1).Aggregate((a, b) => a * b));
}
