using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using BatchNorm = SimCLR.Core.Encoders.BatchNorm;

namespace SimCLR.Core.Heads;

/// <summary>Batch norm after the last layer of a head.</summary>
public enum LastNorm
{
    /// <summary>A learned scale and no shift, as in SimCLR's reference code.</summary>
    WithoutShift,

    /// <summary>A learned scale and shift (NNCLR, 2104.14548).</summary>
    Affine,

    /// <summary>Neither scale nor shift (SimSiam, 2011.10566; MoCo v3, 2104.02057).</summary>
    WithoutAffine,

    /// <summary>No batch norm (BYOL, 2006.07733; Barlow Twins, 2103.03230; VICReg, 2105.04906).</summary>
    None,
}

/// <summary>What a projection head is made from: the map from h to z that the loss sees and evaluation throws away.</summary>
/// <param name="Depth">0: none, z is h. 1: linear. 2 and more: non-linear with that many linear layers (SimCLR: 2, v2: 3).</param>
/// <param name="Output">Length of z (the paper: 128). Without effect at depth 0.</param>
/// <param name="Hidden">Width of the hidden layers; null: the width of h, as in the reference code.</param>
/// <param name="BatchNorm">Whether there is batch norm, as in the reference code: hidden layers are linear without bias, batch norm, ReLU; the last is linear
/// without bias, then batch norm. False: linear layers with bias and ReLU, as the paper writes it.</param>
/// <param name="LastNorm">The batch norm after the last layer; without effect where there is no batch norm.</param>
/// <param name="LastBias">Whether the last layer has a bias although there is batch norm.</param>
public sealed record HeadSpec(
    int Depth = 2,
    long Output = 128,
    long? Hidden = null,
    bool BatchNorm = true,
    LastNorm LastNorm = LastNorm.WithoutShift,
    bool LastBias = false
)
{
    /// <summary>A map of one's own in the place of the layers: given the length of h, the length of z, and a module from h [N, length] to z. It counts as one layer;
    /// what the other values say is without effect. The module draws its weights as TorchSharp's own do. Null: none.</summary>
    public Func<long, (long OutputSize, Module<Tensor, Tensor> Module)>? Own { get; init; }

    /// <summary>Makes the head on the CPU, its weights drawn from the generator.</summary>
    /// <param name="featureSize">Length of h.</param>
    /// <param name="weights">A CPU generator: the only source of the initial weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public ProjectionHead Create(long featureSize, Generator weights) => new(this, featureSize, weights);
}

/// <summary>The projection head g: h [N, D] to z [N, <see cref="OutputSize"/>] (SimCLR, sections 2.1 and 4.2); and predictors, which are made alike.</summary>
public sealed class ProjectionHead : Module<Tensor, Tensor>
{
    private readonly Sequential? layers;

    /// <summary>Makes the head and draws its weights.</summary>
    /// <param name="spec">What to make.</param>
    /// <param name="featureSize">Length of h.</param>
    /// <param name="weights">Generator of the initial weights, on the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public ProjectionHead(HeadSpec spec, long featureSize, Generator weights)
        : base("ProjectionHead")
    {
        if (spec.Own is { } make)
        {
            using var drawn = new GlobalRandomness(weights);
            (OutputSize, var own) = make(featureSize);
            (Depth, IsOwn, layers) = (1, true, Sequential(("own", own)));
            register_module("layers", layers);
            return;
        }
        CheckRange(nameof(spec.Depth), spec.Depth, 0);
        CheckRange(nameof(spec.Output), spec.Output, 1);
        CheckRange(nameof(spec.Hidden), spec.Hidden ?? 1, 1);
        Depth = spec.Depth;
        OutputSize = spec.Depth == 0 ? featureSize : spec.Output;
        if (spec.Depth == 0)
            return;
        layers = Sequential(Layers(spec, featureSize));
        register_module("layers", layers);
        Initialization.Draw(this, weights);
    }

    /// <summary>Length of z.</summary>
    public long OutputSize { get; }

    /// <summary>Number of linear layers; 1 for a map of one's own.</summary>
    public int Depth { get; }

    /// <summary>Whether it is a map of one's own, which may draw while it trains.</summary>
    internal bool IsOwn { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => layers is null ? input.alias() : layers.forward(input);

    /// <summary>What comes out after the first linear layers, each with its batch norm and ReLU: fine-tuning from a middle layer
    /// (SimCLR v2, 2006.10029, section 2.2).</summary>
    /// <param name="input">h, [N, D].</param>
    /// <param name="count">0, which gives h, to <see cref="Depth"/>, which gives z.</param>
    /// <returns>[N, <see cref="SizeAfter"/>].</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are not that many layers.</exception>
    public Tensor FirstLayers(Tensor input, int count)
    {
        using var scope = NewDisposeScope();
        var x = input.alias();
        foreach (var layer in Kept(count))
            x = layer.call(x);
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>Length of what <see cref="FirstLayers"/> gives.</summary>
    /// <param name="featureSize">Length of h.</param>
    /// <param name="count">0 to <see cref="Depth"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not that many layers.</exception>
    public long SizeAfter(long featureSize, int count) =>
        IsOwn && count > 0
            ? OutputSize
            : (Kept(count).OfType<Linear>().LastOrDefault()?.weight.shape[0] ?? featureSize);

    private IEnumerable<Module<Tensor, Tensor>> Kept(int count)
    {
        if (count < 0 || count > Depth)
            throw new ArgumentOutOfRangeException(
                nameof(count),
                count,
                $"{count} layers of a head of depth {Depth} were asked for; use 0 to {Depth}."
            );
        if (IsOwn)
            return count == 0 ? [] : [layers!];
        var linear = 0;
        return (layers?.children() ?? [])
            .OfType<Module<Tensor, Tensor>>()
            .TakeWhile(layer => (linear += layer is Linear ? 1 : 0) <= count);
    }

    private static List<(string, Module<Tensor, Tensor>)> Layers(HeadSpec spec, long featureSize)
    {
        var list = new List<(string, Module<Tensor, Tensor>)>();
        void Add(Module<Tensor, Tensor> layer) => list.Add(($"{list.Count}", layer));

        var hidden = spec.Hidden ?? featureSize;
        var previous = featureSize;
        for (var i = 1; i < spec.Depth; i++)
        {
            Add(Linear(previous, hidden, hasBias: !spec.BatchNorm));
            if (spec.BatchNorm)
                Add(new BatchNorm(hidden));
            Add(ReLU(inplace: true));
            previous = hidden;
        }
        Add(Linear(previous, spec.Output, hasBias: !spec.BatchNorm || spec.LastBias));
        if (spec.BatchNorm && spec.LastNorm != LastNorm.None)
            Add(Last(spec));
        return list;
    }

    private static BatchNorm Last(HeadSpec spec)
    {
        var norm = new BatchNorm(spec.Output, affine: spec.LastNorm != LastNorm.WithoutAffine);
        if (spec.LastNorm == LastNorm.WithoutShift)
            norm.bias!.requires_grad = false;
        return norm;
    }

    private static void CheckRange(string name, long value, long least)
    {
        if (value < least)
            throw new ArgumentOutOfRangeException(name, value, $"Head.{name} is {value}; use {least} or more.");
    }
}
