namespace SimCLR.Core.Images;

/// <summary>Looks at some files of a folder before all are read: how many bits they have, and which of their numbers are used.</summary>
internal static class PixelDepth
{
    /// <summary>How many files are looked at, spread over the folder.</summary>
    internal const int Looked = 32;

    /// <summary>Half of what 16 bits hold. Where no number is larger, they are of fewer bits, as the 12 of medical images, or dark.</summary>
    private const double Bright = 32768;

    /// <summary>Refuses 16-bit images of which only the lower half of the numbers is used, where no range is given: they would be dark.</summary>
    /// <exception cref="ImageSourceException">That is so; the message names the range.</exception>
    internal static void Check(
        string root,
        IReadOnlyList<LabelledFile> files,
        FolderOptions options,
        Action<string>? report
    )
    {
        if (options.Range is not null)
            return;
        var found = Ranges(files).ToList();
        if (found.Count == 0)
            return;
        var (low, high) = (found.Min(range => range.Low), found.Max(range => range.High));
        var measured = FormattableString.Invariant($"{low} to {high}, measured on {found.Count} of {files.Count}");
        if (high < Bright)
            throw new ImageSourceException(
                FormattableString.Invariant(
                    $"{root} has images of 16 bits whose numbers end far below 65535 ({measured}): they would be black. State the range that becomes 0 to 1 (Images.withRange, FolderOptions.Range), "
                )
                    + FormattableString.Invariant(
                        $"for example 0 to {Likely(high)}, or 0 to 65535 to take them as they are."
                    )
            );
        report?.Invoke(
            $"{root} has images of 16 bits ({measured}); 0 to 65535 become 0 to 1"
                + (options.Bits == 8 ? ", in steps of 8 bits." : ".")
        );
    }

    /// <summary>Of the files that have 16 bits, among some.</summary>
    private static IEnumerable<PixelRange> Ranges(IReadOnlyList<LabelledFile> files)
    {
        var step = Math.Max(1, files.Count / Looked);
        for (var i = 0; i < files.Count; i += step)
        {
            PixelRange range;
            try
            {
                if (ImageDecoder.Measure(files[i].Path).Bits != 16)
                    continue;
                range = ImageDecoder.RangeOf(files[i].Path);
            }
            catch (Exception error)
                when (error is UnreadableImageException or IOException or UnauthorizedAccessException)
            {
                continue; // Counted, and reported by name, when it is decoded.
            }
            yield return range;
        }
    }

    /// <summary>The largest number of as many bits.</summary>
    private static int Likely(double high) => (1 << (int)Math.Floor(Math.Log2(Math.Max(1, high)) + 1)) - 1;
}
