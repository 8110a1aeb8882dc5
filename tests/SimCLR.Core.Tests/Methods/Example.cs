using SimCLR.Core.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

/// <summary>A small example whose losses tests/golden/oracles.py computes with PyTorch and compares with the same numbers.</summary>
internal static class Example
{
    /// <summary>First views, [4, 3], float64.</summary>
    internal static Tensor A => Rows([1, 0, 2], [0, 1, -1], [-1, 1, 0], [2, -1, 1]);

    /// <summary>Second views.</summary>
    internal static Tensor B => Rows([1, 1, 1], [0, 2, -1], [-2, 1, 1], [1, -1, 0]);

    /// <summary>A queue, [5, 3], not normalized.</summary>
    internal static Tensor Queue => Rows([1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [-1, 0, 1]);

    /// <summary>Within 1e-9.</summary>
    internal static void Is(double expected, Tensor actual) => Assert.Equal(expected, actual.ToDouble(), 1e-9);

    /// <summary>Rows within 1e-8, as the numbers are written.</summary>
    internal static void Is(double[] expected, Tensor actual) =>
        Assert.All(expected.Zip(actual.data<double>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-8));

    /// <summary>The gradient of a scalar function at x.</summary>
    internal static Tensor Gradient(Func<Tensor, Tensor> function, Tensor x)
    {
        var leaf = x.detach().clone().requires_grad_();
        function(leaf).backward();
        return leaf.grad!;
    }

    /// <summary>Compares a function's gradient with central differences of every number of x.</summary>
    internal static void HasTheGradientOfDifferences(Func<Tensor, Tensor> function, Tensor x)
    {
        const double step = 1e-6;
        var gradient = Gradient(function, x).flatten();
        for (var i = 0L; i < x.numel(); i++)
        {
            var by = zeros(x.numel(), ScalarType.Float64);
            by[i] = step;
            using var noGrad = no_grad();
            var difference = function(x + by.view(x.shape)) - function(x - by.view(x.shape));
            Assert.Equal(difference.ToDouble() / (2 * step), gradient[i].ToDouble(), 1e-6);
        }
    }

    private static Tensor Rows(params double[][] rows) =>
        tensor([.. rows.SelectMany(row => row)], [rows.Length, rows[0].Length], ScalarType.Float64);
}
