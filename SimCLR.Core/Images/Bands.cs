using System.Numerics;
using NetVips;

namespace SimCLR.Core.Images;

/// <summary>How the bands of a file become channels.</summary>
/// <param name="Taken">The first so many bands are resized.</param>
/// <param name="Colours">How many of them are colours: 1 or 3, or all where bands are channels; what is behind them is opacity.</param>
/// <param name="Channels">Wanted.</param>
internal readonly record struct Bands(int Taken, int Colours, int Channels)
{
    /// <summary>
    /// Turns the pixels, in place, so that their first bands are the ones to take. As many bands as channels are taken as they are. Else one or
    /// three bands are gray or colour, and one more is opacity, which is kept for two and four channels alone.
    /// </summary>
    /// <exception cref="UnreadableImageException">The bands cannot become the channels.</exception>
    internal static Bands Convert<T>(Span<T> pixels, Image image, int channels)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        var bands = image.Bands;
        var inks = image.Interpretation == Enums.Interpretation.Cmyk && bands >= 4;
        if (bands == channels && !inks)
            return new Bands(bands, bands, channels);
        if ((bands > 4 && !inks) || channels > 4)
            throw new UnreadableImageException(
                Unreadable.Unsupported,
                $"it has {bands} bands, which cannot become {channels} channels; state as many channels as it has bands"
            );
        var (colours, opacity) = inks ? (3, false) : (bands <= 2 ? 1 : 3, bands is 2 or 4);
        if (inks)
            ToRgb(pixels, bands);
        if (channels <= 2 && colours == 3)
        {
            ToGray(pixels, bands, opacity);
            colours = 1;
        }
        return new Bands(opacity && channels is 2 or 4 ? colours + 1 : colours, colours, channels);
    }

    /// <summary>Makes all channels of the planes that were taken.</summary>
    internal void Spread<T>(Span<T> planes, int area)
        where T : IMinMaxValue<T>
    {
        if (Colours == Channels)
            return;
        if (Taken > Colours)
            planes.Slice(Colours * area, area).CopyTo(planes.Slice((Channels - 1) * area, area));
        else if (Channels is 2 or 4)
            planes.Slice((Channels - 1) * area, area).Fill(T.MaxValue);
        if (Colours == 1 && Channels >= 3)
            for (var c = 1; c < 3; c++)
                planes[..area].CopyTo(planes.Slice(c * area, area));
    }

    /// <summary>Inks of full strength at the largest value, without a colour profile: as Pillow.</summary>
    private static void ToRgb<T>(Span<T> pixels, int bands)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        var full = ulong.CreateTruncating(T.MaxValue);
        for (var at = 0; at < pixels.Length; at += bands)
        {
            var light = full - ulong.CreateTruncating(pixels[at + 3]);
            for (var c = 0; c < 3; c++)
                pixels[at + c] = T.CreateTruncating(
                    light - (ulong.CreateTruncating(pixels[at + c]) * light + full / 2) / full
                );
        }
    }

    /// <summary>Rec. 601's luma in 16 bits of fraction, as Pillow; opacity moves behind it.</summary>
    private static void ToGray<T>(Span<T> pixels, int bands, bool opacity)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        for (var at = 0; at < pixels.Length; at += bands)
        {
            var (red, green, blue) = (
                ulong.CreateTruncating(pixels[at]),
                ulong.CreateTruncating(pixels[at + 1]),
                ulong.CreateTruncating(pixels[at + 2])
            );
            if (opacity)
                pixels[at + 1] = pixels[at + 3];
            pixels[at] = T.CreateTruncating((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
        }
    }
}
