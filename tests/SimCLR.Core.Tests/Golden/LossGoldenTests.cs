using SimCLR.Core.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>NT-Xent against PyTorch's cross entropy of one anchor at a time, in float64.</summary>
public class LossGoldenTests
{
    [Theory]
    [InlineData(6, "0.05", true)]
    [InlineData(6, "0.05", false)]
    [InlineData(6, "0.1", true)]
    [InlineData(6, "0.1", false)]
    [InlineData(6, "0.5", true)]
    [InlineData(6, "0.5", false)]
    [InlineData(6, "1.0", true)]
    [InlineData(6, "1.0", false)]
    [InlineData(32, "0.05", true)]
    [InlineData(32, "0.05", false)]
    [InlineData(32, "0.1", true)]
    [InlineData(32, "0.1", false)]
    [InlineData(32, "0.5", true)]
    [InlineData(32, "0.5", false)]
    [InlineData(32, "1.0", true)]
    [InlineData(32, "1.0", false)]
    public void Value_and_gradient_of_NtXent_are_those_of_cross_entropy(long n, string temperature, bool normalize)
    {
        using var golden = new GoldenFile("losses");
        using var scope = NewDisposeScope();
        var a = Views("a", n);
        var b = Views("b", n);
        var loss = new NtXent(double.Parse(temperature), normalize).Compute(a, b);
        loss.backward();
        var name = $"{n}.{temperature}.{(normalize ? "cosine" : "dot")}";
        golden.Compare($"{name}.value", loss, 1e-12);
        golden.Compare($"{name}.gradient", cat([a.grad!, b.grad!]), 1e-11);
    }

    private static Tensor Views(string which, long n) =>
        Formula.Numbers($"losses.{which}.{n}", [n, n == 6 ? 5 : 16]).requires_grad_();
}
