namespace SimCLR.Core.Images;

/// <summary>How the files of an image folder are read. As it is: with labels, three channels of 8 bits, as torchvision's loader.</summary>
public sealed record FolderOptions
{
    /// <summary>The most channels that files may have.</summary>
    public const int MaxChannels = 64;

    /// <summary>Whether the folders in train/ and test/, or in the root, are classes. If not, images of any folders below are read, without labels (-1).</summary>
    public bool Labelled { get; init; } = true;

    /// <summary>Channels, 1 to <see cref="MaxChannels"/>. 1: gray; 2: gray and opacity; 3: colour; 4: colour and opacity. Files with as many bands are taken as they are, others are
    /// converted. More: files must have as many.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is out of range.</exception>
    public int Channels
    {
        get;
        init =>
            field = value is >= 1 and <= MaxChannels
                ? value
                : throw new ArgumentOutOfRangeException(
                    nameof(Channels),
                    value,
                    $"Channels is {value}; use 1 to {MaxChannels}."
                );
    } = 3;

    /// <summary>Bits of each number in memory and in the cache, 8 or 16.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is another.</exception>
    public int Bits
    {
        get;
        init =>
            field = value is 8 or 16
                ? value
                : throw new ArgumentOutOfRangeException(nameof(Bits), value, $"Bits is {value}; use 8 or 16.");
    } = 8;

    /// <summary>Numbers of the files that become 0 and 1; null: 0 and the largest of the files' depth.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside 0 to 65535, or the first is not the smaller.</exception>
    public PixelRange? Range
    {
        get;
        init =>
            field =
                value is null or { Low: >= 0, High: <= ushort.MaxValue } && !(value?.Low >= value?.High)
                    ? value
                    : throw new ArgumentOutOfRangeException(
                        nameof(Range),
                        value,
                        $"Range is {value?.Low} to {value?.High}; use two numbers from 0 to {ushort.MaxValue}, the smaller one first."
                    );
    }

    /// <summary>Whether the camera's orientation tag is followed.</summary>
    public bool FollowOrientation { get; init; }

    /// <summary>Whether images are kept whole: the shorter side is resized to the size, and crops are of all of the image (SimCLR, appendix A), not of the square at
    /// its centre. They lie on disk in any case. What measures sees the squares.</summary>
    public bool Whole { get; init; }

    /// <summary>The layout of an image of that size.</summary>
    internal PixelLayout Layout(int height, int width) =>
        new(Channels, height, width, Bits, FollowOrientation, Range) { Whole = Whole };
}
