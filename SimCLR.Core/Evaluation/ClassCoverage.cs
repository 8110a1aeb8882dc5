using SimCLR.Core.Images;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Whether every class is in every part of the images that a probe needs. A class that is not there would not be noticed: it
/// would be an error of every prediction, or be left out of what is measured.
/// </summary>
public static class ClassCoverage
{
    private const int NamesShown = 5;

    /// <summary>Checks the labels. Images that may show several classes each are not looked at.</summary>
    /// <exception cref="ArgumentException">An image has no label; or a class has fewer than two training images, one to fit and one to
    /// choose on, or no test image.</exception>
    public static void Check(ImageSplits splits)
    {
        if (splits.Train.Targets is not null)
            return;
        var (train, test) = (Counts(splits.Train, "training"), Counts(splits.Test, "test"));
        var lacks = new[]
        {
            Lack(splits.Train, train, count => count == 0, "no training image of"),
            Lack(
                splits.Train,
                train,
                count => count == 1,
                "a single training image, so that none is left for validation, of"
            ),
            Lack(splits.Test, test, count => count == 0, "no test image of"),
        };
        var told = string.Join("; ", lacks.OfType<string>());
        if (told.Length > 0)
            throw new ArgumentException(
                $"The probe needs every class in training, validation and test images, but there is {told}. "
                    + $"Train on more images (a limit of {2 * train.Length} or more), or leave those classes out of the data set."
            );
    }

    private static long[] Counts(ImageSet images, string split)
    {
        using var labels = images.Labels.cpu();
        var counts = new long[images.ClassNames.Count];
        var without = 0L;
        foreach (var label in labels.data<long>())
            if (label < 0)
                without++;
            else
                counts[label]++;
        return without == 0
            ? counts
            : throw new ArgumentException(
                $"{without} of the {images.Count} {split} images have no label; the probe needs images of one class each."
            );
    }

    private static string? Lack(ImageSet images, long[] counts, Func<long, bool> isLacking, string what)
    {
        var names = images.ClassNames.Where((_, label) => isLacking(counts[label])).ToList();
        var rest = names.Count > NamesShown ? $" and {names.Count - NamesShown} more" : "";
        return names.Count == 0 ? null : $"{what} {string.Join(", ", names.Take(NamesShown))}{rest}";
    }
}
