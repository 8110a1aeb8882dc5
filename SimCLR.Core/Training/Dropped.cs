using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Training;

/// <summary>What networks from elsewhere drop while they train.</summary>
internal static class Dropped
{
    /// <summary>What a pass through them draws from, until it is disposed; null where nothing is drawn: in networks of this library, and in any that evaluate.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="head">Its head; null: none.</param>
    /// <param name="streams">The randomness of the training.</param>
    /// <param name="stream">The same for the same images.</param>
    /// <param name="step">The step.</param>
    internal static GlobalRandomness? Draws(
        Encoder encoder,
        ProjectionHead? head,
        RandomStreams streams,
        string stream,
        long step
    ) =>
        encoder is ModuleEncoder { training: true } || head is { IsOwn: true, training: true }
            ? GlobalRandomness.At(streams, stream, step)
            : null;
}
