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

    /// <summary>Puts the tensors back.</summary>
    /// <param name="state">Those in use, by name.</param>
    /// <param name="training">What the training is called in the error.</param>
    /// <param name="totalSteps">Its steps.</param>
    /// <exception cref="TrainingFailedException">The checkpoint is of another training; nothing was changed.</exception>
    internal void CopyTo(IReadOnlyDictionary<string, Tensor> state, string training, long totalSteps)
    {
        var stranger = state.FirstOrDefault(named =>
            !Tensors.TryGetValue(named.Key, out var saved) || !saved.shape.SequenceEqual(named.Value.shape)
        );
        if (stranger.Key is not null || Step > totalSteps)
            throw new TrainingFailedException(
                $"{training}: the checkpoint of step {Step} does not fit this training of {totalSteps} steps"
                    + (stranger.Key is null ? "" : $": it has no {stranger.Key} of this shape")
                    + $". Delete the folder {System.IO.Path.GetDirectoryName(Path)} to start anew."
            );
        using var noGrad = no_grad();
        foreach (var (name, tensor) in state)
            tensor.copy_(Tensors[name]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values)
            tensor.Dispose();
    }
}
