using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>What the losses share: checked and normalised embeddings, their similarities, and who is whose positive.</summary>
internal static class Embeddings
{
    /// <summary>Elements of a block of similarities: 128 MiB in float32.</summary>
    public const long BlockElements = 1L << 25;

    /// <summary>Floor of the norm, so that a zero vector stays zero instead of becoming NaN.</summary>
    private const double NormFloor = 1e-12;

    /// <summary>Checks the two views and returns them in at least float32, each row of length 1 if asked.</summary>
    public static (Tensor A, Tensor B) Views(Tensor viewA, Tensor viewB, bool normalize)
    {
        Check(viewA, viewB);
        return (Prepare(viewA, normalize), Prepare(viewB, normalize));
    }

    /// <summary>Both views as one tensor [2N, D]: rows 0..N-1 are of view A, rows N..2N-1 of view B.</summary>
    public static Tensor Stack(Tensor viewA, Tensor viewB, bool normalize)
    {
        Check(viewA, viewB);
        return Prepare(cat([viewA, viewB], 0), normalize);
    }

    /// <summary>One set of embeddings [N, D], checked, in at least float32, each row of length 1 if asked.</summary>
    public static Tensor One(Tensor embeddings, bool normalize)
    {
        Check(embeddings, embeddings);
        return Prepare(embeddings, normalize);
    }

    /// <summary>Similarities of the rows over temperature, [2N, 2N]. The small factor is scaled, not the large product.</summary>
    public static Tensor Similarities(Tensor z, double temperature) => (z / temperature).mm(z.t());

    /// <summary>For each row of <see cref="Stack"/> the row of the other view of the same image, [2N] int64.</summary>
    public static Tensor Positives(Tensor z) => arange(z.shape[0], int64, z.device).roll(z.shape[0] / 2, 0);

    /// <summary>Similarity of each row with its positive, [2N], not over temperature.</summary>
    public static Tensor PositiveSimilarities(Tensor z)
    {
        var n = z.shape[0] / 2;
        return (z.narrow(0, 0, n) * z.narrow(0, n, n)).sum(1).repeat(2);
    }

    /// <summary>True on the diagonal, [2N, 2N]: a row and itself.</summary>
    public static Tensor SelfMask(Tensor z) => eye(z.shape[0], dtype: ScalarType.Bool, device: z.device);

    /// <summary>True where two rows are views of one image, [2N, 2N]: a row and itself, a row and its positive.</summary>
    public static Tensor SameImageMask(Tensor z)
    {
        var image = arange(z.shape[0], int64, z.device).remainder(z.shape[0] / 2);
        return image.unsqueeze(0).eq(image.unsqueeze(1));
    }

    private static Tensor Prepare(Tensor x, bool normalize)
    {
        var wide = x.dtype is ScalarType.Float32 or ScalarType.Float64 ? x : x.to(float32);
        return normalize ? nn.functional.normalize(wide, 2, 1, NormFloor) : wide;
    }

    private static void Check(Tensor a, Tensor b)
    {
        if (a.dim() != 2 || !a.shape.SequenceEqual(b.shape))
            throw new ArgumentException(
                $"The views have the shapes {Shape(a)} and {Shape(b)}; both must be the same [N, D]. Pass the head's outputs."
            );
        if (a.shape[0] < 2)
            throw new ArgumentException(
                $"The batch has {a.shape[0]} pair(s); at least 2 are needed to have negatives. Drop the last, incomplete batch."
            );
        if (!a.is_floating_point() || a.dtype != b.dtype || a.device.ToString() != b.device.ToString())
            throw new ArgumentException(
                $"The views are {a.dtype} on {a.device} and {b.dtype} on {b.device}; both must be of one floating type on one device."
            );
    }

    private static string Shape(Tensor x) => $"[{string.Join(", ", x.shape)}]";
}
