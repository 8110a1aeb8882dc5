using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Libtorch's global generator, seeded from a named stream until this is disposed, and then put back as it was: for modules of TorchSharp, which draw
/// their weights, and what they drop, from nowhere else. One thread at a time; what other threads draw from it meanwhile is not held off. Modules that know
/// <see cref="Current"/> draw from it instead, which is this thread's alone.
/// </summary>
internal sealed class GlobalRandomness : IDisposable
{
    private static readonly object Gate = new();
    private readonly Tensor before;
    private readonly Generator? outer;
    private Generator? owned;

    [ThreadStatic]
    private static Generator? current;

    /// <summary>The generator of the pass that this thread is in, of the CPU; null outside of any.</summary>
    internal static Generator? Current => current;

    /// <summary>Seeds it by a number that a generator draws.</summary>
    internal GlobalRandomness(Generator generator)
    {
        Monitor.Enter(Gate);
        (outer, current) = (current, generator);
        using var scope = NewDisposeScope();
        before = random.get_rng_state().DetachFromDisposeScope();
        manual_seed(randint(long.MaxValue, [1], ScalarType.Int64, CPU, generator: generator).ToInt64());
    }

    /// <summary>Seeds it from a stream.</summary>
    internal static GlobalRandomness At(RandomStreams streams, string stream, long step)
    {
        var generator = streams.At(stream, step);
        return new GlobalRandomness(generator) { owned = generator };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        random.set_rng_state(before);
        before.Dispose();
        current = outer;
        owned?.Dispose();
        Monitor.Exit(Gate);
    }
}
