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

    /// <summary>Splits and samples drawn for evaluation.</summary>
    public const string Evaluation = "evaluation";

    /// <summary>The run's seed.</summary>
    public long Seed { get; } = seed;

    /// <summary>A generator for the device, seeded by (seed, stream, step). The caller disposes it.</summary>
    /// <remarks>
    /// CPU and CUDA generators of the same key give different numbers. TorchSharp makes generators of the CPU only (dotnet/TorchSharp, issue 1194):
    /// on a GPU this seeds the device's own generator, so draw what is to be drawn from one stream before the next is asked for.
    /// </remarks>
    public Generator At(string stream, long step, Device device)
    {
        var key = Key(stream, step);
        // The seed is set on the host; nothing waits.
        if (device.type == DeviceType.CUDA)
            cuda.manual_seed(key);
        return new((ulong)key, device);
    }

    /// <summary>What an operation on the device takes as its generator: null, which is the device's own, on a GPU.</summary>
    internal static Generator? For(Device device, Generator generator) =>
        device.type == DeviceType.CUDA ? null : generator;

    private long Key(string stream, long step)
    {
        var text = Encoding.UTF8.GetBytes($"{Seed}/{stream}/{step}");
        return BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(text));
    }
}
