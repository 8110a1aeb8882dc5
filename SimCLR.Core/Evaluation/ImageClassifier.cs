using SimCLR.Core.Distributed;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// An encoder, the first layers of its projection head, and a linear classifier: images [N, C, H, W] to scores [N, classes].
/// </summary>
public sealed class ImageClassifier : Module<Tensor, Tensor>
{
    private const double InitialDeviation = 0.01;

    private readonly Encoder encoder;
    private readonly ProjectionHead? head;
    private readonly int headLayers;
    private readonly Linear classifier;
    private readonly bool frozen;
    private readonly Device device;

    private ImageClassifier(
        Encoder encoder,
        ProjectionHead? head,
        int headLayers,
        int classes,
        bool frozen,
        Device device,
        Generator weights
    )
        : base("ImageClassifier")
    {
        (this.encoder, this.head, this.headLayers) = (encoder, head, headLayers);
        (this.frozen, this.device) = (frozen, device);
        classifier = Linear(head?.SizeAfter(encoder.FeatureSize, headLayers) ?? encoder.FeatureSize, classes);
        using (no_grad())
        {
            // As in the reference code.
            classifier.weight.normal_(0, InitialDeviation, weights);
            classifier.bias!.zero_();
        }
        register_module("classifier", classifier);
        // A frozen encoder is not registered: it is somebody else's, and nothing here trains, moves or disposes it.
        if (!frozen)
        {
            register_module("encoder", encoder);
            if (head is not null && headLayers > 0)
                register_module("head", head);
        }
        this.to(device);
        if (!frozen)
            MemoryLayout.ToChannelsLast(encoder);
    }

    /// <summary>A linear classifier on an encoder that stays as it is, and its owner's: no gradient, batch norm in evaluation mode.</summary>
    internal static ImageClassifier OnFrozen(Encoder encoder, int classes, Device device, Generator weights) =>
        new(encoder, null, 0, classes, frozen: true, device, weights);

    /// <summary>A classifier whose every weight is trained. It owns the encoder and the head.</summary>
    internal static ImageClassifier Of(
        Encoder encoder,
        ProjectionHead? head,
        int headLayers,
        int classes,
        Device device,
        Generator weights
    ) => new(encoder, head, headLayers, classes, frozen: false, device, weights);

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return classifier.forward(frozen ? Frozen(input) : Embed(input)).MoveToOuterDisposeScope();
    }

    /// <summary>What its encoder draws from in a step of a training, until it is disposed; null where it draws nothing.</summary>
    internal IDisposable? Draws(RandomStreams streams, string name, long step) =>
        frozen ? null : Dropped.Draws(encoder, head, streams, $"{name} {RandomStreams.Dropped}", step);

    /// <summary>Scores of images [N, C, H, W] in that number format, [N, classes], float32.</summary>
    internal Tensor Scores(Tensor images, Precision precision)
    {
        using var scope = NewDisposeScope();
        using var autocast = Autocast.Enter(precision, device);
        return forward(images).to_type(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Scores of every image, [N, classes], float32: batch norm in evaluation mode, no gradient.</summary>
    /// <param name="images">The images.</param>
    /// <param name="view">The evaluation view, which draws nothing.</param>
    /// <param name="cancellation">Looked at before each batch of 500 images.</param>
    /// <param name="ranks">Who has the same classifier; each batch is one rank's. Null: this process alone.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Tensor Scores(
        ImageSet images,
        IView view,
        CancellationToken cancellation = default,
        ICollective? ranks = null
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var mode = new EvaluationMode(this);
        return SharedRows
            .Of(
                ranks ?? Alone.Instance,
                images,
                device,
                (bytes, _) => forward(ViewBatch.FromBytes(bytes).Through(view)),
                cancellation
            )
            .MoveToOuterDisposeScope();
    }

    /// <summary>A metric of the images, as a fraction.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public double Measure(
        ProbeMetric metric,
        ImageSet images,
        IView view,
        CancellationToken cancellation = default,
        ICollective? ranks = null
    )
    {
        using var scope = NewDisposeScope();
        return Metrics.Score(
            metric,
            Scores(images, view, cancellation, ranks),
            (images.Targets ?? images.Labels).to(device)
        );
    }

    private Tensor Embed(Tensor images)
    {
        var h = encoder.forward(MemoryLayout.ChannelsLast(images));
        return head is null ? h : head.FirstLayers(h, headLayers);
    }

    private Tensor Frozen(Tensor images)
    {
        using var noGrad = no_grad();
        using var mode = new EvaluationMode(encoder);
        return Embed(images);
    }
}
