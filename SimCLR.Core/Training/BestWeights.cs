using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>What a training had learnt at its best look, beside what it goes on with.</summary>
internal sealed class BestWeights : IDisposable
{
    private const string Prefix = "best.";
    private readonly List<(string Name, Tensor InUse, Tensor Best)> pairs;

    /// <summary>Begins with what the trainee has now.</summary>
    internal BestWeights(ITrainee trainee)
    {
        using var noGrad = no_grad();
        pairs =
        [
            .. trainee.Kept.Select(named =>
                (named.Key, named.Value, named.Value.detach().clone().DetachFromDisposeScope())
            ),
        ];
    }

    /// <summary>The copies, by name, for checkpoints.</summary>
    internal IEnumerable<KeyValuePair<string, Tensor>> State =>
        pairs.Select(pair => KeyValuePair.Create(Prefix + pair.Name, pair.Best));

    /// <summary>Takes what the trainee has now.</summary>
    internal void Take()
    {
        using var noGrad = no_grad();
        foreach (var (_, inUse, best) in pairs)
            best.copy_(inUse);
    }

    /// <summary>Gives it back.</summary>
    internal void PutBack()
    {
        using var noGrad = no_grad();
        foreach (var (_, inUse, best) in pairs)
            inUse.copy_(best);
    }

    /// <inheritdoc/>
    public void Dispose() => pairs.ForEach(pair => pair.Best.Dispose());
}
