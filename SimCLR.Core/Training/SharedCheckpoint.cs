using System.Text.Json;
using SimCLR.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>A checkpoint that all ranks take up and only rank 0 reads: its folder may not be there for the others.</summary>
internal static class SharedCheckpoint
{
    private const long None = -1;
    private const long Failed = -2;

    /// <summary>Puts the newest checkpoint back on every rank.</summary>
    /// <param name="ranks">Who trains.</param>
    /// <param name="folder">Of rank 0; null: there are none.</param>
    /// <param name="state">The tensors in use, by name.</param>
    /// <param name="trainee">What is trained.</param>
    /// <returns>Step and notes, on every rank, to be disposed; null: there is none.</returns>
    /// <exception cref="TrainingFailedException">It is of another training; of all ranks but the first also what else is wrong with it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static Checkpoint? Newest(
        ICollective ranks,
        CheckpointFolder? folder,
        IReadOnlyDictionary<string, Tensor> state,
        ITrainee trainee
    )
    {
        Checkpoint? checkpoint = null;
        if (ranks.Rank == 0)
            try
            {
                checkpoint = folder?.Newest();
                checkpoint?.CopyTo(state, trainee.Name, trainee.TotalSteps);
            }
            catch when (ranks.Size > 1)
            {
                ranks.FromFirst(Failed);
                throw;
            }
        return ranks.Size == 1 ? checkpoint : Shared(ranks, checkpoint, state, trainee.Name);
    }

    private static Checkpoint? Shared(
        ICollective ranks,
        Checkpoint? checkpoint,
        IReadOnlyDictionary<string, Tensor> state,
        string training
    )
    {
        var step = ranks.FromFirst(checkpoint?.Step ?? None);
        if (step == Failed)
            throw new TrainingFailedException($"{training}: rank 0 cannot take up its checkpoint, and says why.");
        if (step == None)
            return null;
        var notes = ranks.FromFirst(checkpoint is null ? "" : JsonSerializer.Serialize(checkpoint.Notes));
        using var noGrad = no_grad();
        foreach (var (_, tensor) in state.OrderBy(named => named.Key, StringComparer.Ordinal))
            ranks.Broadcast(tensor);
        return checkpoint
            ?? new Checkpoint(
                step,
                new Dictionary<string, Tensor>(),
                JsonSerializer.Deserialize<Dictionary<string, string>>(notes)!
            );
    }
}
