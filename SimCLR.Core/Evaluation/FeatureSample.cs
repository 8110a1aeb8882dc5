using System.Text.Json;
using SimCLR.Core.Images;
using SimCLR.Core.Interop;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Representations of some test images, kept to be looked at; no result is computed from them.</summary>
/// <param name="H">[Count, Dimension], float16, row by row, each of length 1.</param>
/// <param name="Dimension">Numbers of a representation.</param>
/// <param name="Labels">Labels, one per image.</param>
/// <param name="Indices">Places of the images in the test set.</param>
/// <param name="ClassNames">Names of the classes; the label is the index.</param>
public sealed record FeatureSample(
    Half[] H,
    int Dimension,
    IReadOnlyList<long> Labels,
    IReadOnlyList<long> Indices,
    IReadOnlyList<string> ClassNames
)
{
    /// <summary>Most images of a sample.</summary>
    public const int MaxCount = 500;

    private const string HKey = "h";
    private const string LabelsKey = "labels";
    private const string IndicesKey = "indices";
    private const string ClassesKey = "classes";

    /// <summary>Number of images.</summary>
    public int Count => Labels.Count;

    /// <summary>The sample of a test set's representations: the first images of each class, the same number of each as far as there are
    /// enough, <see cref="MaxCount"/> at most.</summary>
    /// <param name="features">Those of all test images.</param>
    /// <param name="test">The test images.</param>
    public static FeatureSample Of(TestFeatures features, ImageSet test)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var indices = Subsets.Balanced(test.Labels, Math.Min(MaxCount, test.Count)).cpu();
        var rows = features.H.index_select(0, indices.to(features.H.device));
        var unit = nn.functional.normalize(rows.to_type(ScalarType.Float32)).to_type(ScalarType.Float16).cpu();
        return new FeatureSample(
            unit.contiguous().data<Half>().ToArray(),
            (int)unit.shape[1],
            test.Labels.cpu().index_select(0, indices).data<long>().ToArray(),
            indices.data<long>().ToArray(),
            test.ClassNames
        );
    }

    /// <summary>Writes it as safetensors, whole or not at all: "h" [Count, Dimension] of float16, "labels" and "indices" [Count] of int64, and the
    /// class names as the note "classes".</summary>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written.</exception>
    public void Save(string path) => Write(path, (HKey, this));

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not such a file; the message says why.</exception>
    public static FeatureSample Load(string path) => Read(path, HKey)[0];

    /// <summary>Writes samples of the same images into one file, each under its name.</summary>
    internal static void Write(string path, params (string Name, FeatureSample Sample)[] samples)
    {
        using var scope = NewDisposeScope();
        var (_, first) = samples[0];
        var tensors = samples.ToDictionary(named => named.Name, named => named.Sample.Halves());
        tensors[LabelsKey] = tensor(first.Labels.ToArray());
        tensors[IndicesKey] = tensor(first.Indices.ToArray());
        var notes = new Dictionary<string, string> { [ClassesKey] = JsonSerializer.Serialize(first.ClassNames) };
        AtomicFile.Write(path, stream => Safetensors.Write(stream, tensors, notes));
    }

    /// <summary>Reads the samples of these names from one file.</summary>
    internal static FeatureSample[] Read(string path, params string[] names)
    {
        using var stream = File.OpenRead(path);
        var (tensors, notes) = Safetensors.Read(stream, path);
        try
        {
            var labels = tensors[LabelsKey].data<long>().ToArray();
            var indices = tensors[IndicesKey].data<long>().ToArray();
            var classes = JsonSerializer.Deserialize<string[]>(notes[ClassesKey]) ?? [];
            return [.. names.Select(name => Of(tensors[name]))];

            FeatureSample Of(Tensor h) =>
                h.dim() == 2 && h.shape[0] == labels.Length && indices.Length == labels.Length
                    ? new(h.data<Half>().ToArray(), (int)h.shape[1], labels, indices, classes)
                    : throw new ArgumentException(
                        $"there are {labels.Length} labels and {indices.Length} indices, but features [{string.Join(", ", h.shape)}]"
                    );
        }
        catch (Exception error) when (error is KeyNotFoundException or JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{path} holds no sample of features: {error.Message}", error);
        }
        finally
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
        }
    }

    /// <summary>[Count, Dimension], float32.</summary>
    internal Tensor Tensor()
    {
        using var half = Halves();
        return half.to_type(ScalarType.Float32);
    }

    /// <summary>[Count, Dimension], float16.</summary>
    private Tensor Halves() => tensor(H, [Count, Dimension], ScalarType.Float16);
}
