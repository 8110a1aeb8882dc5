using System.Numerics;

namespace SimCLR.Core.Images;

/// <summary>The numbers of image files that become 0 and 1; those outside are clipped.</summary>
/// <param name="Low">Becomes 0.</param>
/// <param name="High">Becomes 1; more than <paramref name="Low"/>.</param>
public readonly record struct PixelRange(double Low, double High)
{
    /// <summary>Spreads the range over all that the target's type holds, rounded.</summary>
    internal void Map<TSource, TTarget>(ReadOnlySpan<TSource> source, Span<TTarget> target)
        where TSource : IBinaryInteger<TSource>
        where TTarget : IBinaryInteger<TTarget>, IMinMaxValue<TTarget>
    {
        var largest = double.CreateTruncating(TTarget.MaxValue);
        var scale = largest / (High - Low);
        for (var i = 0; i < source.Length; i++)
            target[i] = TTarget.CreateTruncating(
                Math.Clamp((double.CreateTruncating(source[i]) - Low) * scale, 0, largest) + 0.5
            );
    }
}
