using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>A prototype for every training image: a running mean of its embeddings (Wu et al. 2018, 1805.01978). It begins with random rows, each number evenly within
/// √(3 / D), so that their length is about 1.</summary>
internal sealed class MemoryBank : IDisposable
{
    internal MemoryBank(MethodContext context, long dimensions)
    {
        using var scope = NewDisposeScope();
        using var generator = context.Streams.At(RandomStreams.Method, 0);
        var bound = Math.Sqrt(3.0 / dimensions);
        Rows = empty([context.Images, dimensions], device: CPU)
            .uniform_(-bound, bound, generator)
            .to(context.Online.Type)
            .to(context.Device)
            .DetachFromDisposeScope();
    }

    /// <summary>[images, D].</summary>
    internal Tensor Rows { get; }

    /// <summary>Moves prototypes toward normalized embeddings of their images, and gives them the length 1.</summary>
    /// <param name="rows">Which images, [N], each once.</param>
    /// <param name="z">Their embeddings, [N, D], normalized here.</param>
    /// <param name="momentum">How much of a prototype is kept, 0 to below 1.</param>
    internal void Follow(Tensor rows, Tensor z, double momentum)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var moved = Rows.index_select(0, rows)
            .mul_(momentum)
            .add_(nn.functional.normalize(z.detach()), alpha: 1 - momentum);
        Rows.index_copy_(0, rows, nn.functional.normalize(moved));
    }

    public void Dispose() => Rows.Dispose();
}
