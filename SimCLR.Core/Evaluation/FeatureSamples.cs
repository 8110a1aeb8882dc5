namespace SimCLR.Core.Evaluation;

/// <summary>Samples of the same test images by an encoder before and after training.</summary>
public sealed record FeatureSamples
{
    private const string UntrainedKey = "untrained";
    private const string TrainedKey = "trained";

    /// <summary>Puts both side by side.</summary>
    /// <exception cref="ArgumentException">They are not of the same images.</exception>
    public FeatureSamples(FeatureSample untrained, FeatureSample trained)
    {
        if (!untrained.Indices.SequenceEqual(trained.Indices) || !untrained.Labels.SequenceEqual(trained.Labels))
            throw new ArgumentException(
                $"The samples are of different images ({untrained.Count} untrained, {trained.Count} trained); take both of one test set."
            );
        (Untrained, Trained) = (untrained, trained);
    }

    /// <summary>Representations before training.</summary>
    public FeatureSample Untrained { get; }

    /// <summary>Representations after training.</summary>
    public FeatureSample Trained { get; }

    /// <summary>Labels, one per image.</summary>
    public IReadOnlyList<long> Labels => Trained.Labels;

    /// <summary>Places of the images in the test set.</summary>
    public IReadOnlyList<long> Indices => Trained.Indices;

    /// <summary>Names of the classes; the label is the index.</summary>
    public IReadOnlyList<string> ClassNames => Trained.ClassNames;

    /// <summary>Writes them as safetensors, whole or not at all: as <see cref="FeatureSample.Save"/>, with "untrained" and "trained"
    /// instead of "h".</summary>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written.</exception>
    public void Save(string path) => FeatureSample.Write(path, (UntrainedKey, Untrained), (TrainedKey, Trained));

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not such a file; the message says why.</exception>
    public static FeatureSamples Load(string path)
    {
        var samples = FeatureSample.Read(path, UntrainedKey, TrainedKey);
        return new FeatureSamples(samples[0], samples[1]);
    }
}
