using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>Where a training stood: named tensors and notes.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Tensors">Tensors by name, on the CPU.</param>
/// <param name="Notes">Texts by name.</param>
public sealed record Checkpoint(
    long Step,
    IReadOnlyDictionary<string, Tensor> Tensors,
    IReadOnlyDictionary<string, string> Notes
) : IDisposable
{
    /// <summary>The file that it was read from; null for one that was not.</summary>
    public string? Path { get; init; }

    /// <summary>Names of the sums of figures begin so. Those of an earlier version may be shorter: figures that have come since are the last ones.</summary>
    internal const string Sums = "loop.";

    /// <summary>Puts the tensors back; of shorter sums, the rest is 0.</summary>
    /// <param name="state">Those in use, by name.</param>
    /// <param name="training">What the training is called in the error.</param>
    /// <param name="totalSteps">Its steps.</param>
    /// <exception cref="CheckpointMisfitException">The checkpoint is of another training; nothing was changed.</exception>
    internal void CopyTo(IReadOnlyDictionary<string, Tensor> state, string training, long totalSteps)
    {
        var stranger = state.FirstOrDefault(named =>
            !Tensors.TryGetValue(named.Key, out var saved)
            || !(saved.shape.SequenceEqual(named.Value.shape) || IsShorter(named.Key, saved, named.Value))
        );
        if (stranger.Key is not null || Step > totalSteps)
            throw new CheckpointMisfitException(
                $"{training}: the checkpoint of step {Step} does not fit this training of {totalSteps} steps"
                    + (stranger.Key is null ? "" : $": it has no {stranger.Key} of this shape")
                    + $". If a newer version wrote it, go on with that. Delete the folder {System.IO.Path.GetDirectoryName(Path)} to start anew."
            );
        using var noGrad = no_grad();
        foreach (var (name, tensor) in state)
            if (IsShorter(name, Tensors[name], tensor))
            {
                tensor.zero_();
                using var known = tensor.narrow(0, 0, Tensors[name].shape[0]);
                known.copy_(Tensors[name]);
            }
            else
                tensor.copy_(Tensors[name]);
    }

    private static bool IsShorter(string name, Tensor saved, Tensor now) =>
        name.StartsWith(Sums, StringComparison.Ordinal)
        && (saved.dim(), now.dim()) == (1, 1)
        && saved.shape[0] < now.shape[0];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values)
            tensor.Dispose();
    }
}
