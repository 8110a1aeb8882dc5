using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// How far embeddings are from a standard normal distribution (Balestriero and LeCun 2025, 2511.08544, SIGReg): the Epps-Pulley test of their
/// projections on random directions. It compares characteristic functions at 17 frequencies from 0 to 3.
/// </summary>
public static class SigReg
{
    private const int Frequencies = 17;
    private const double Largest = 3;

    /// <summary>N times the weighted squared distance of the characteristic functions, the mean over directions.</summary>
    /// <param name="z">[N, D], not normalized.</param>
    /// <param name="directions">[D, M], columns of length 1.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Compute(Tensor z, Tensor directions)
    {
        using var scope = NewDisposeScope();
        var t = linspace(0, Largest, Frequencies, z.dtype, z.device);
        var normal = (t.square() / -2).exp();
        var phase = z.mm(directions).unsqueeze(2) * t; // [N, M, frequencies]
        var error = (phase.cos().mean([0]) - normal).square() + phase.sin().mean([0]).square();
        return (z.shape[0] * error.mv(Weights(normal)).mean()).MoveToOuterDisposeScope();
    }

    /// <summary>The trapezoid rule over both signs of the frequency, of an integrand that is weighted by the normal's own function.</summary>
    private static Tensor Weights(Tensor normal)
    {
        var step = Largest / (Frequencies - 1);
        var weights = full_like(normal, 2 * step);
        weights.narrow(0, 0, 1).fill_(step);
        weights.narrow(0, Frequencies - 1, 1).fill_(step);
        return weights * normal;
    }
}
