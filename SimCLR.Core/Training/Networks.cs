using SimCLR.Core.Distributed;
using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using BatchNorm = SimCLR.Core.Encoders.BatchNorm;

namespace SimCLR.Core.Training;

/// <summary>An encoder, its projection head, and of some methods a predictor.</summary>
/// <param name="Encoder">The encoder, images to h.</param>
/// <param name="Head">The projection head, h to z.</param>
/// <param name="Predictor">The predictor, z to a prediction of another z; null: none.</param>
public sealed record Networks(Encoder Encoder, ProjectionHead Head, ProjectionHead? Predictor = null) : IDisposable
{
    /// <summary>The networks that a pretraining begins with, on the device, convolutions in channels-last order.</summary>
    /// <param name="spec">What is trained; its seed draws the weights, or a file has the encoder's.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="device">Where to.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size of encoder or head is out of range.</exception>
    /// <exception cref="FileNotFoundException">There is no such file of weights.</exception>
    /// <exception cref="InvalidDataException">The file's weights do not fit the encoder; the message lists those that do not.</exception>
    public static Networks Create(PretrainingSpec spec, long channels, Device device)
    {
        using var weights = new RandomStreams(spec.Seed).At(RandomStreams.Weights, 0);
        var encoder = spec.CreateEncoder(channels, weights);
        var head = spec.Head.Create(encoder.FeatureSize, weights);
        if (spec.Type != ScalarType.Float32)
        {
            encoder.to(spec.Type);
            head.to(spec.Type);
        }
        encoder.to(device);
        head.to(device);
        MemoryLayout.ToChannelsLast(encoder);
        return new Networks(encoder, head);
    }

    /// <summary>The number format of the weights.</summary>
    internal ScalarType Type => Encoder.parameters().First().dtype;

    /// <summary>The modules and their names.</summary>
    internal IEnumerable<(string Name, nn.Module Module)> Modules =>
        new (string, nn.Module?)[] { ("encoder", Encoder), ("head", Head), ("predictor", Predictor) }
            .Where(named => named.Item2 is not null)
            .Select(named => (named.Item1, named.Item2!));

    /// <summary>Running statistics.</summary>
    internal IEnumerable<Tensor> Buffers => Modules.SelectMany(named => named.Module.buffers());

    /// <summary>The parameters by their roles (<see cref="ParameterGroups.Of"/>).</summary>
    public IReadOnlyList<ParameterGroup> Groups() =>
        [.. Modules.SelectMany(named => ParameterGroups.Of(named.Module, named.Name))];

    /// <summary>All weights and statistics, by name: the tensors in use.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State =>
        Modules.SelectMany(named =>
            named.Module.state_dict().Select(entry => KeyValuePair.Create($"{named.Name}.{entry.Key}", entry.Value))
        );

    /// <summary>Gives these networks another's weights and statistics.</summary>
    internal Networks CopyFrom(Networks other)
    {
        using var noGrad = no_grad();
        var source = other.State.ToDictionary();
        foreach (var (name, tensor) in State)
            tensor.copy_(source[name]);
        return this;
    }

    /// <summary>Gives every rank the weights and statistics of rank 0.</summary>
    public void TakeFirst(ICollective ranks)
    {
        using var noGrad = no_grad();
        foreach (var (_, tensor) in State.OrderBy(named => named.Key, StringComparer.Ordinal))
            ranks.Broadcast(tensor);
    }

    /// <summary>Batch norm computes with those ranks' rows.</summary>
    /// <exception cref="ArgumentException">There is batch norm that knows its own process only.</exception>
    internal void Join(ICollective ranks)
    {
        foreach (var (name, module) in Modules)
        foreach (var norm in module.modules().OfType<NormBase>())
            if (norm is BatchNorm own)
                own.Ranks = ranks;
            else if (ranks.Size > 1)
                throw new ArgumentException(
                    $"The {name} has a {norm.GetType().Name} of TorchSharp's, which knows the rows of its own process only; with {ranks.Size} ranks use "
                        + $"{typeof(BatchNorm)} in its place, or one process."
                );
    }

    /// <summary>Computes as in training, or with running statistics that stay as they are.</summary>
    internal void SetTraining(bool training)
    {
        foreach (var (_, module) in Modules)
            module.train(training);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, module) in Modules)
            module.Dispose();
    }
}
