using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Libtorch's global generator, seeded from a named stream until this is disposed, and then put back as it was: for modules of TorchSharp, which draw
/// their weights, and what they drop, from nowhere else. One thread at a time; what other threads draw from it meanwhile is not held off.
/// </summary>
internal sealed class GlobalRandomness : IDisposable
{
    private static readonly object Gate = new();
    private readonly Tensor before;

    /// <summary>Seeds it by a number that a generator draws.</summary>
    internal GlobalRandomness(Generator generator)
    {
        Monitor.Enter(Gate);
        using var scope = NewDisposeScope();
        before = random.get_rng_state().DetachFromDisposeScope();
        manual_seed(randint(long.MaxValue, [1], ScalarType.Int64, generator: generator).ToInt64());
    }

    /// <summary>Seeds it from a stream.</summary>
    internal static GlobalRandomness At(RandomStreams streams, string stream, long step)
    {
        using var generator = streams.At(stream, step);
        return new GlobalRandomness(generator);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        random.set_rng_state(before);
        before.Dispose();
        Monitor.Exit(Gate);
    }
}
