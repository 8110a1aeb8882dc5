using SimCLR.Core.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

/// <summary>A weight (2-d) and a bias (1-d) with gradients that depend on the step alone, so that trajectories can be made by hand.</summary>
internal sealed class Network : IDisposable
{
    public Parameter Weight { get; }
    public Parameter Bias { get; }

    public Network(ScalarType type = ScalarType.Float64)
    {
        Weight = new Parameter(tensor(Start(0), [2, 3]).to(type));
        Bias = new Parameter(tensor(Start(1), [6]).to(type));
    }

    public IEnumerable<(string, Parameter)> Named => [("layer.weight", Weight), ("layer.bias", Bias)];

    /// <summary>First values of parameter 0 (the weight) or 1 (the bias).</summary>
    public static double[] Start(int parameter) => Numbers(100 + parameter);

    /// <summary>Gradient of parameter 0 or 1 at a step.</summary>
    public static double[] Gradient(int parameter, int step) => Numbers(2 * step + parameter);

    private static double[] Numbers(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, 6).Select(_ => random.NextDouble() * 2 - 1)];
    }

    public void SetGradients(int step)
    {
        using var scope = NewDisposeScope();
        Weight.grad = tensor(Gradient(0, step), [2, 3]).to(Weight.dtype);
        Bias.grad = tensor(Gradient(1, step), [6]).to(Bias.dtype);
    }

    /// <summary>Steps from..to-1 at a changing learning rate.</summary>
    public void Train(IOptimizer optimizer, int from, int to)
    {
        for (var step = from; step < to; step++)
        {
            SetGradients(step);
            optimizer.LearningRate = Rate(step);
            optimizer.Step();
        }
    }

    public static double Rate(int step) => 0.1 * (1 + step % 4);

    public double[] Values()
    {
        using var scope = NewDisposeScope();
        return [.. cat([Weight.detach().flatten(), Bias.detach()], 0).to(float64).data<double>()];
    }

    public void Dispose()
    {
        Weight.Dispose();
        Bias.Dispose();
    }
}
