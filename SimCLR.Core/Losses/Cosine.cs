using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>The agreement of predictions with targets: BYOL's and SimSiam's, which have no negatives.</summary>
public static class Cosine
{
    /// <summary>Mean of the negative cosine of each prediction with its target (SimSiam, 2011.10566, equation 1): -1 to 1.</summary>
    /// <param name="predictions">[N, D].</param>
    /// <param name="targets">[N, D].</param>
    /// <param name="stopGradient">Targets count as constants; without it a training collapses.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Negative(Tensor predictions, Tensor targets, bool stopGradient = true)
    {
        using var scope = NewDisposeScope();
        var constants = stopGradient ? targets.detach() : targets;
        return (Unit(predictions) * Unit(constants)).sum(1).mean().neg().MoveToOuterDisposeScope();
    }

    /// <summary>Mean squared distance of normalized predictions from normalized targets, which are constants (BYOL, 2006.07733, equation 2):
    /// 2 - 2 cos, 0 to 4.</summary>
    /// <param name="predictions">[N, D].</param>
    /// <param name="targets">[N, D].</param>
    /// <returns>A scalar.</returns>
    public static Tensor Distance(Tensor predictions, Tensor targets)
    {
        using var scope = NewDisposeScope();
        return (2 + 2 * Negative(predictions, targets)).MoveToOuterDisposeScope();
    }

    private static Tensor Unit(Tensor x) => nn.functional.normalize(x);
}
