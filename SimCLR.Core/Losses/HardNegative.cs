using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Contrastive loss with hard negatives (Robinson et al. 2021, 2010.04592): negatives weigh exp(β s/τ), and false ones are corrected for
/// as in the debiased loss (Chuang et al. 2020, 2007.00224), which is the case β = 0. With β = 0 and no prior it is NT-Xent.
/// </summary>
/// <remarks>
/// With M = 2N - 2 negatives of an anchor and weights w = exp(β s/τ) / mean exp(β s/τ):
/// G = max((Σ w e^{s/τ} - M p e^{s⁺/τ}) / (1 - p), M e^{-1/τ}); loss = -log(e^{s⁺/τ} / (e^{s⁺/τ} + G)), as both papers' code.
/// </remarks>
public sealed record HardNegative : ILoss
{
    /// <summary>Makes the loss.</summary>
    /// <param name="temperature">τ, above 0.</param>
    /// <param name="beta">β, 0 or more: how much harder negatives weigh.</param>
    /// <param name="positivePrior">p, from 0 to below 1: how often a negative is of the anchor's class.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public HardNegative(double temperature = 0.5, double beta = 1, double positivePrior = 0.1)
    {
        Temperature = Require.Temperature(temperature);
        Beta = Require.Within("beta", beta, 0, 1000, 1);
        PositivePrior = Require.Within("positive prior", positivePrior, 0, 1, 0.1);
    }

    /// <summary>The temperature τ.</summary>
    public double Temperature { get; }

    /// <summary>The weight β of harder negatives.</summary>
    public double Beta { get; }

    /// <summary>The prior p of a negative of the anchor's class.</summary>
    public double PositivePrior { get; }

    /// <inheritdoc/>
    public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        var logits = Similarities.AllPairs(viewA, viewB, Temperature);
        var count = logits.shape[0] - 2;
        var none = Similarities.NoNegative(logits);
        var positives = Similarities.Positives(logits);
        // Each row is shifted by its largest logit, so that exp neither overflows nor vanishes; the shift cancels.
        var self = eye(logits.shape[0], dtype: ScalarType.Bool, device: logits.device);
        var shift = logits.detach().masked_fill(self, double.NegativeInfinity).amax([1], keepdim: true);
        var weights = nn.functional.softmax((logits * Beta).masked_fill(none, double.NegativeInfinity), 1) * count;
        // Masked before exp: a view's similarity to itself is not in the shift and may overflow, and its gradient with it.
        var negatives = ((logits - shift).masked_fill(none, double.NegativeInfinity).exp() * weights).sum(1);
        var positive = (positives - shift.squeeze(1)).exp();
        var corrected = (negatives - positive * (count * PositivePrior)) / (1 - PositivePrior);
        corrected = maximum(corrected, (-shift.squeeze(1) - 1 / Temperature).exp() * count);
        return ((positive + corrected).log() - (positives - shift.squeeze(1))).mean().MoveToOuterDisposeScope();
    }
}
