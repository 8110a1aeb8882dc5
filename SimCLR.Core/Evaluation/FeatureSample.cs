using System.Text.Json;
using SimCLR.Core.Images;
using SimCLR.Core.Interop;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Representations of some test images, kept to be looked at; no result is computed from them.</summary>
/// <param name="H">[Count, Dimension], row by row, each of length 1.</param>
/// <param name="Dimension">Numbers of a representation.</param>
public sealed record FeatureSample(Half[] H, int Dimension)
{
    /// <summary>Most images of a sample.</summary>
    public const int MaxCount = 500;

    /// <summary>Number of images.</summary>
    public int Count => H.Length / Dimension;

    /// <summary>Which images of a test set a sample is of: the first of each class, [N], int64, on the CPU.</summary>
    internal static Tensor Indices(ImageSet test) =>
        Subsets.Balanced(test.Labels, Math.Min(MaxCount, test.Count)).cpu();

    /// <summary>The sample of a test set's representations.</summary>
    internal static FeatureSample Of(TestFeatures features, ImageSet test)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = features.H.index_select(0, Indices(test).to(features.H.device));
        var unit = nn.functional.normalize(rows.to_type(ScalarType.Float32)).to_type(ScalarType.Float16).cpu();
        return new FeatureSample(unit.contiguous().data<Half>().ToArray(), (int)unit.shape[1]);
    }

    /// <summary>[Count, Dimension], float32.</summary>
    internal Tensor Tensor()
    {
        using var half = Halves();
        return half.to_type(ScalarType.Float32);
    }

    /// <summary>[Count, Dimension], float16.</summary>
    internal Tensor Halves() => tensor(H, [Count, Dimension], ScalarType.Float16);
}

/// <summary>Samples of the same test images by an encoder before and after training.</summary>
/// <param name="Untrained">Before training.</param>
/// <param name="Trained">After it.</param>
/// <param name="Labels">One per image.</param>
/// <param name="Indices">Of the images in the test set.</param>
/// <param name="ClassNames">The label is the index.</param>
public sealed record FeatureSamples(
    FeatureSample Untrained,
    FeatureSample Trained,
    IReadOnlyList<long> Labels,
    IReadOnlyList<long> Indices,
    IReadOnlyList<string> ClassNames
)
{
    private const string ClassesKey = "classes";

    /// <summary>Both samples of a test set's images.</summary>
    public static FeatureSamples Of(EvaluationResult untrained, EvaluationResult trained, ImageSet test)
    {
        using var scope = NewDisposeScope();
        var indices = FeatureSample.Indices(test);
        var labels = test.Labels.cpu().index_select(0, indices);
        return new FeatureSamples(
            untrained.Sample,
            trained.Sample,
            labels.data<long>().ToArray(),
            indices.data<long>().ToArray(),
            test.ClassNames
        );
    }

    /// <summary>Writes them as safetensors, whole or not at all: "untrained" and "trained" [N, D] of float16, "labels" and "indices" [N].</summary>
    public void Save(string path)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["untrained"] = Untrained.Halves(),
            ["trained"] = Trained.Halves(),
            ["labels"] = tensor(Labels.ToArray()),
            ["indices"] = tensor(Indices.ToArray()),
        };
        var notes = new Dictionary<string, string> { [ClassesKey] = JsonSerializer.Serialize(ClassNames) };
        AtomicFile.Write(path, stream => Safetensors.Write(stream, tensors, notes));
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is not such a file; the message says why.</exception>
    public static FeatureSamples Load(string path)
    {
        using var scope = NewDisposeScope();
        using var stream = File.OpenRead(path);
        var (tensors, notes) = Safetensors.Read(stream, path);
        try
        {
            return new FeatureSamples(
                Sample(tensors["untrained"]),
                Sample(tensors["trained"]),
                tensors["labels"].data<long>().ToArray(),
                tensors["indices"].data<long>().ToArray(),
                JsonSerializer.Deserialize<string[]>(notes[ClassesKey]) ?? []
            );
        }
        catch (Exception error) when (error is KeyNotFoundException or JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{path} holds no samples of features: {error.Message}", error);
        }
        finally
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
        }

        static FeatureSample Sample(Tensor h) => new(h.data<Half>().ToArray(), (int)h.shape[1]);
    }
}
