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

    internal Prototypes(MethodContext context, long count, long dimensions)
    {
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

    /// <summary>The group of the optimizer.</summary>
    internal IReadOnlyList<ParameterGroup> Groups => ParameterGroups.Of(linear, "prototypes");

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

    public void Dispose() => linear.Dispose();
}
