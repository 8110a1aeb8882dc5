namespace SimCLR.Core.Images;

/// <summary>
/// A small random number generator (SplitMix64, Steele, Lea and Flood 2014) whose numbers are the same on every
/// machine and every version of .NET: the generated data set depends on nothing else.
/// </summary>
internal struct SplitMix(ulong seed)
{
    private ulong state = seed;

    /// <summary>A generator that depends on both numbers.</summary>
    internal static SplitMix Of(ulong seed, ulong index)
    {
        var first = new SplitMix(seed);
        return new SplitMix(first.Next() ^ (index * 0xd1342543de82ef95UL));
    }

    /// <summary>64 random bits.</summary>
    internal ulong Next()
    {
        state += 0x9e3779b97f4a7c15UL;
        var bits = state;
        bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9UL;
        bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebUL;
        return bits ^ (bits >> 31);
    }

    /// <summary>Uniform in [low, high).</summary>
    internal float Uniform(float low, float high) => low + (high - low) * ((Next() >> 40) * (1f / (1 << 24)));

    /// <summary>Uniform in 0 .. count - 1.</summary>
    internal int Below(int count) => (int)(Next() >> 33) % count;

    /// <summary>True half of the time.</summary>
    internal bool Coin() => (long)Next() < 0;
}
