using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Interop;
using SimCLR.Core.Methods;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Views;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>All that determines a pretraining run, but for the images and the device.</summary>
public sealed record PretrainingSpec
{
    /// <summary>Makes the first view of each image.</summary>
    public required IView ViewA { get; init; }

    /// <summary>Makes the second view of each image.</summary>
    public required IView ViewB { get; init; }

    /// <summary>Makes further views of each image, for methods that use more than two: local crops of multi-crop (SwAV, 2006.09882, section 3.3), of the same size or
    /// another. The same object may stand there several times.</summary>
    public IReadOnlyList<IView> MoreViews { get; init; } = [];

    /// <summary>The encoder, images to h.</summary>
    public required EncoderSpec Encoder { get; init; }

    /// <summary>The file that the encoder's weights are read from at the start; null: they are drawn.</summary>
    public InitialWeights? InitialWeights { get; init; }

    /// <summary>The projection head, h to z.</summary>
    public required HeadSpec Head { get; init; }

    /// <summary>What is trained with them.</summary>
    public required IMethodSpec Method { get; init; }

    /// <summary>The optimizer of all that is trained.</summary>
    public required OptimizerSpec Optimizer { get; init; }

    /// <summary>Highest learning rate, after scaling by batch size.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Length of the linear warmup, in epochs; 0 for none.</summary>
    public double WarmupEpochs { get; init; }

    /// <summary>What the learning rate does after the warmup.</summary>
    public Decay Decay { get; init; } = Decay.Cosine;

    /// <summary>What multiplies the optimizer's weight decay, over all steps.</summary>
    public Decay WeightDecayFactor { get; init; } = Decay.Constant;

    /// <summary>Images per step; each gives two views and <see cref="MoreViews"/>. An incomplete last batch of an epoch is left out.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Parts in which a batch goes through the encoder; null: whole.</summary>
    public MicroBatches? MicroBatches { get; init; }

    /// <summary>Groups of the batch that batch norm sees each by itself, as so many devices without synchronized statistics would; 1: it sees the whole
    /// batch, however many ranks compute it. A method's own groups (<see cref="MoCoSpec.NormGroups"/>) go before.</summary>
    public int NormGroups { get; init; } = 1;

    /// <summary>Passes over the images.</summary>
    public required int Epochs { get; init; }

    /// <summary>Number format of encoder and head.</summary>
    public Precision Precision { get; init; }

    /// <summary>Whether a GPU's steps may be recorded and launched as a whole: not where views, encoder or loss read numbers back from it.</summary>
    public bool MayBeRecorded { get; init; } = true;

    /// <summary>Seed of weights, order and views.</summary>
    public long Seed { get; init; }

    /// <summary>The encoder before any training.</summary>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="weights">Draws the weights, whether a file replaces them or not: what is drawn after them stays the same.</param>
    /// <exception cref="FileNotFoundException">There is no such file of weights.</exception>
    /// <exception cref="InvalidDataException">The file's weights do not fit the encoder; the message lists those that do not.</exception>
    public Encoders.Encoder CreateEncoder(long channels, Generator weights)
    {
        var encoder = Encoder.Create(channels, weights);
        try
        {
            if (InitialWeights is { } file)
                EncoderWeights.Load(encoder, file.Path, file.Names);
            return encoder;
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }

    /// <summary>All views, the first one first.</summary>
    internal IReadOnlyList<IView> Views => [ViewA, ViewB, .. MoreViews];

    /// <summary>What views are drawn for.</summary>
    internal BatchShape Shape(ImageSet images) => new(BatchSize, images.Channels, images.Height, images.Width, CPU);

    /// <summary>Of the weights. Float64 is for tests of exactness.</summary>
    internal ScalarType Type { get; init; } = ScalarType.Float32;
}
