using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Noise-contrastive estimation of a softmax over many classes by some of them (Gutmann and Hyvärinen 2010; Wu et al. 2018, 1805.01978, section 3.2, and its code): the own
/// class is to be told from classes drawn evenly.
/// </summary>
public static class NoiseContrastive
{
    /// <summary>The code's, so that no quotient is 0 / 0.</summary>
    private const double Epsilon = 1e-7;

    /// <summary>The loss -ln h(own) - Σ ln(1 - h(drawn)), where h = P / (P + m / n) and P = score / Z; the mean over images.</summary>
    /// <param name="scores">exp(similarity / τ), [N, 1 + m], above 0: of the own class, then of m drawn ones.</param>
    /// <param name="constant">Z, which the scores of all n classes are taken to sum to; one number, without a gradient.</param>
    /// <param name="classes">n, the number of all classes.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Compute(Tensor scores, Tensor constant, long classes)
    {
        using var scope = NewDisposeScope();
        var drawn = scores.shape[1] - 1;
        var noise = (double)drawn / classes;
        var p = scores / constant;
        var (own, others) = (p.narrow(1, 0, 1), p.narrow(1, 1, drawn));
        var told = (own / (own + (noise + Epsilon))).log().sum() + (noise / (others + (noise + Epsilon))).log().sum();
        return (told.neg() / scores.shape[0]).MoveToOuterDisposeScope();
    }

    /// <summary>The loss of somebody who cannot tell, whose P is 1 / n for all.</summary>
    /// <param name="drawn">m.</param>
    internal static double Untold(int drawn) => Math.Log(1 + drawn) + drawn * Math.Log(1 + 1.0 / drawn);
}
