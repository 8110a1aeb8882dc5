using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SimCLR.Core.Kernels;

/// <summary>Eight neighbouring numbers in a processor's memory, computed with as float32.</summary>
internal unsafe interface ILanes
{
    /// <summary>Numbers at a time.</summary>
    const int Count = 8;

    /// <summary>Of one number.</summary>
    static abstract int Bytes { get; }

    /// <summary>Reads eight numbers.</summary>
    static abstract Vector256<float> Load(byte* at);

    /// <summary>Writes eight numbers, rounded to nearest, ties to even.</summary>
    static abstract void Store(Vector256<float> numbers, byte* at);
}

/// <summary>float32.</summary>
internal readonly unsafe struct Float32Lanes : ILanes
{
    public static int Bytes => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* at) => Vector256.Load((float*)at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> numbers, byte* at) => numbers.Store((float*)at);
}

/// <summary>bfloat16: the upper half of a float32.</summary>
internal readonly unsafe struct BFloat16Lanes : ILanes
{
    private const ushort NaN = 0x7fc0;

    public static int Bytes => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* at) =>
        (Vector256.WidenLower(Vector128.Load((ushort*)at).ToVector256Unsafe()) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> numbers, byte* at)
    {
        var bits = numbers.AsUInt32();
        var even = (bits >>> 16) & Vector256<uint>.One;
        var upper = (bits + Vector256.Create(0x7fffu) + even) >>> 16;
        var rounded = Vector256.ConditionalSelect(
            Vector256.Equals(numbers, numbers).AsUInt32(),
            upper,
            Vector256.Create((uint)NaN)
        );
        Vector128.Narrow(rounded.GetLower(), rounded.GetUpper()).Store((ushort*)at);
    }
}
