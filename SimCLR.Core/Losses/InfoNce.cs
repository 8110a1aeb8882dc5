using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>
/// Cross-entropy of finding each query's key (van den Oord et al. 2018, 1807.03748; He et al. 2020, 1911.05722, equation 1), among
/// the keys of a queue or of the batch. Keys are constants; all vectors are normalized here.
/// </summary>
public static class InfoNce
{
    /// <summary>The loss of every query against its key and all of a queue.</summary>
    /// <param name="queries">[N, D].</param>
    /// <param name="keys">[N, D], those of the queries in order.</param>
    /// <param name="queue">[K, D]: negatives. This batch's keys must not be among them.</param>
    /// <param name="temperature">Above 0.</param>
    /// <returns>A scalar, the mean over queries.</returns>
    public static Tensor WithQueue(Tensor queries, Tensor keys, Tensor queue, double temperature)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(queries, keys, queue) / temperature;
        var first = zeros(logits.shape[0], ScalarType.Int64, logits.device);
        return nn.functional.cross_entropy(logits, first).MoveToOuterDisposeScope();
    }

    /// <summary>The loss of every query against the keys of all images of the batch; the query's own view is not among them.</summary>
    /// <param name="queries">[N, D].</param>
    /// <param name="keys">[N, D], those of the queries in order.</param>
    /// <param name="temperature">Above 0.</param>
    /// <returns>A scalar, the mean over queries.</returns>
    public static Tensor InBatch(Tensor queries, Tensor keys, double temperature)
    {
        using var scope = NewDisposeScope();
        var logits = Unit(queries).mm(Unit(keys.detach()).t()) / temperature;
        return nn
            .functional.cross_entropy(logits, arange(logits.shape[0], device: logits.device))
            .MoveToOuterDisposeScope();
    }

    /// <summary>How often the key is nearer to its query than all of the queue, as a fraction.</summary>
    /// <param name="queries">[N, D].</param>
    /// <param name="keys">[N, D], those of the queries in order.</param>
    /// <param name="queue">[K, D]: negatives.</param>
    /// <returns>A scalar, without a gradient.</returns>
    public static Tensor Top1(Tensor queries, Tensor keys, Tensor queue)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return Logits(queries, keys, queue).argmax(1).eq(0).to_type(queries.dtype).mean().MoveToOuterDisposeScope();
    }

    private static Tensor Logits(Tensor queries, Tensor keys, Tensor queue)
    {
        var q = Unit(queries);
        var positives = (q * Unit(keys.detach())).sum(1, keepdim: true);
        return cat([positives, q.mm(Unit(queue.detach()).t())], 1);
    }

    private static Tensor Unit(Tensor x) => nn.functional.normalize(x);
}
