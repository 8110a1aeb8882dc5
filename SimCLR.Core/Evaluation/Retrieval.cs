using SimCLR.Core.Images;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Which images an encoder takes for similar.</summary>
public static class Retrieval
{
    private const int Border = 2;

    // Okabe and Ito's bluish green and vermillion, told apart by colour-blind readers too, and a dark grey.
    private static readonly float[] Right = [0, 158 / 255f, 115 / 255f];
    private static readonly float[] Wrong = [213 / 255f, 94 / 255f, 0];
    private static readonly float[] Query = [31 / 255f, 41 / 255f, 51 / 255f];

    /// <summary>The other images of a sample that are most similar to each, by cosine, the nearest first: [Count][k].</summary>
    /// <param name="sample">Two images or more.</param>
    /// <param name="k">How many, 1 or more; all others where there are fewer.</param>
    public static int[][] Nearest(FeatureSample sample, int k)
    {
        using var scope = NewDisposeScope();
        var h = sample.Tensor();
        var similarity = h.mm(h.t());
        similarity.masked_fill_(eye(sample.Count, dtype: ScalarType.Bool), double.NegativeInfinity);
        k = Math.Min(k, sample.Count - 1);
        var (_, indices) = similarity.topk(k, 1);
        return [.. indices.data<long>().ToArray().Select(index => (int)index).Chunk(k)];
    }

    /// <summary>How many of the neighbours show the class of the image whose neighbours they are, as a fraction.</summary>
    /// <param name="nearest">As from <see cref="Nearest"/>.</param>
    /// <param name="labels">One per image of the sample.</param>
    public static double Precision(int[][] nearest, IReadOnlyList<long> labels) =>
        nearest.SelectMany((row, i) => row.Select(j => labels[j] == labels[i] ? 1.0 : 0.0)).Average();

    /// <summary>
    /// Writes a PNG with a row for the first image of each class: the image, then its nearest neighbours, framed green where they show the
    /// same class and red where they do not.
    /// </summary>
    /// <param name="path">Where to.</param>
    /// <param name="nearest">As from <see cref="Nearest"/>.</param>
    /// <param name="samples">What the images are of.</param>
    /// <param name="test">The test images that were sampled.</param>
    /// <param name="rows">Classes shown, at most.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void WriteSheet(string path, int[][] nearest, FeatureSamples samples, ImageSet test, int rows = 10)
    {
        using var scope = NewDisposeScope();
        var labels = samples.Labels;
        var queries = Enumerable.Range(0, nearest.Length).DistinctBy(i => labels[i]).OrderBy(i => labels[i]).Take(rows);
        var shown = queries.SelectMany(i => nearest[i].Prepend(i).Select(j => (Image: j, Query: i))).ToList();
        var colours = shown.Select(at =>
            at.Image == at.Query ? Query
            : labels[at.Image] == labels[at.Query] ? Right
            : Wrong
        );
        var indices = tensor(shown.Select(at => samples.Indices[at.Image]).ToArray(), device: CPU);
        var images = ViewBatch.FromBytes(test.Gather(indices.to(test.Labels.device))).cpu();
        var columns = nearest[0].Length + 1;
        ContactSheet.Write(path, Framed(images, [.. colours]), columns, test.Height <= 64 ? 2 : 1);
    }

    /// <summary>[N, 3, H, W] with a border of each image's colour.</summary>
    private static Tensor Framed(Tensor images, float[][] colours)
    {
        var (count, height, width) = (images.shape[0], images.shape[2], images.shape[3]);
        var framed = tensor(colours.SelectMany(colour => colour).ToArray(), device: CPU)
            .view(count, 3, 1, 1)
            .repeat(1, 1, height + 2 * Border, width + 2 * Border);
        // Of other numbers of channels the first three, or the first alone.
        var shown = images.narrow(1, 0, images.shape[1] >= 3 ? 3 : 1);
        framed.narrow(2, Border, height).narrow(3, Border, width).copy_(shown);
        return framed;
    }
}
