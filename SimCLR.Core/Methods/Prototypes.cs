using SimCLR.Core.Losses;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>Trained directions that normalized embeddings are compared with.</summary>
internal sealed class Prototypes : IDisposable
{
    private readonly Linear linear;
    private readonly long frozenUntil;

    internal Prototypes(MethodContext context, long count, long dimensions, double frozenEpochs)
    {
        frozenUntil = (long)Math.Round(frozenEpochs * context.StepsPerEpoch);
        linear = nn.Linear(dimensions, count, hasBias: false);
        using (no_grad())
        using (var weights = context.Streams.At($"{RandomStreams.Method} prototypes", 0))
        {
            var bound = 1 / Math.Sqrt(dimensions);
            linear.weight.uniform_(-bound, bound, weights);
        }
        if (context.Online.Type != ScalarType.Float32)
            linear.to(context.Online.Type);
        linear.to(context.Device);
    }

    /// <summary>[K, D].</summary>
    internal Parameter Rows => linear.weight;

    /// <summary>The group of the optimizer, which leaves them as they are for the first epochs.</summary>
    internal IReadOnlyList<ParameterGroup> Groups =>
        [.. ParameterGroups.Of(linear, "prototypes").Select(group => group with { FrozenUntil = frozenUntil })];

    /// <summary>Gives every prototype the length 1.</summary>
    internal void Normalize()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Rows.copy_(nn.functional.normalize(Rows));
    }

    /// <summary>Products of normalized embeddings, [N, D], with prototypes: [N, K]. The gradient goes to both.</summary>
    internal Tensor Products(Tensor z) => nn.functional.normalize(z).mm(Rows.t());

    /// <summary>Cosines of embeddings, [N, D], and of the prototypes: [N, K]. The gradient goes to both, through the prototypes' length too.</summary>
    internal static Tensor Cosines(Tensor z, Tensor prototypes)
    {
        using var scope = NewDisposeScope();
        return nn.functional.normalize(z).mm(nn.functional.normalize(prototypes).t()).MoveToOuterDisposeScope();
    }

    /// <summary>The perplexity of how often each prototype is the nearest one, as a part of the largest possible: a scalar, above 0 and at most 1.</summary>
    /// <param name="scores">[N, K].</param>
    internal static Tensor Used(Tensor scores)
    {
        using var scope = NewDisposeScope();
        var (n, k) = (scores.shape[0], scores.shape[1]);
        var nearest = scores.argmax(1, keepdim: true);
        var often = zeros_like(scores).scatter_(1, nearest, ones_like(scores)).mean([0], keepdim: true);
        return (SelfDistillation.Entropy(often).exp() / Math.Min(n, k)).MoveToOuterDisposeScope();
    }

    public void Dispose() => linear.Dispose();
}
