using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Runtime;

/// <summary>
/// All randomness of a run, made from one seed. A draw depends on (seed, stream, step) alone, never on what was drawn before:
/// a resumed run needs no saved generator state, and the views of any step can be made again.
/// </summary>
public sealed class RandomStreams(long seed)
{
    /// <summary>Initial weights of encoder and head.</summary>
    public const string Weights = "weights";

    /// <summary>Order of the images; the step is the epoch.</summary>
    public const string Order = "order";

    /// <summary>First view; the step is the training step.</summary>
    public const string ViewA = "view A";

    /// <summary>Second view; the step is the training step.</summary>
    public const string ViewB = "view B";

    /// <summary>What a method draws at first: a predictor, a target of its own, a queue; and in a step.</summary>
    public const string Method = "method";

    /// <summary>Groups of batch norm that images come into; the step is the training step.</summary>
    public const string Shuffle = "shuffle";

    /// <summary>What an encoder from elsewhere drops while it trains; the step is the training step.</summary>
    public const string Dropped = "dropped";

    /// <summary>Splits and samples drawn for evaluation.</summary>
    public const string Evaluation = "evaluation";

    /// <summary>The stream of a view: <see cref="ViewA"/>, <see cref="ViewB"/>, "view 3", "view 4", ...</summary>
    /// <param name="number">0 for the first.</param>
    public static string View(int number) =>
        number switch
        {
            0 => ViewA,
            1 => ViewB,
            _ => $"view {number + 1}",
        };

    /// <summary>The run's seed.</summary>
    public long Seed { get; } = seed;

    /// <summary>A generator of the CPU, seeded by (seed, stream, step). The caller disposes it. What it draws is brought to where it is needed, so that a seed
    /// means the same numbers on every device.</summary>
    public Generator At(string stream, long step) => new((ulong)Key(stream, step), CPU);

    private long Key(string stream, long step)
    {
        var text = Encoding.UTF8.GetBytes($"{Seed}/{stream}/{step}");
        return BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(text));
    }
}
