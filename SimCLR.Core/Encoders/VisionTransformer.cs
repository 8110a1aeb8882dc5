using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Encoders;

/// <summary>A vision transformer without its classifier (Dosovitskiy et al. 2020, 2010.11929).</summary>
/// <param name="ImageSize">Height and width of the images, pixels; a multiple of the patch. Position embeddings are learned for it, and interpolated for images of another
/// size.</param>
/// <param name="Patch">Height and width of a patch, pixels: 16 on ImageNet, 4 on 32-pixel images.</param>
/// <param name="Dim">Length of a token and of h; a multiple of the heads.</param>
/// <param name="Depth">Blocks of attention and MLP.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="FrozenPatches">The patches' projection stays as it was drawn, which makes training without labels stable (MoCo v3, 2104.02057,
/// section 4.2).</param>
public sealed record VisionTransformerSpec(
    long ImageSize,
    long Patch,
    long Dim,
    int Depth,
    int Heads,
    bool FrozenPatches = false
) : EncoderSpec
{
    /// <summary>ViT-Ti (DeiT, Touvron et al. 2021, 2012.12877, Table 1): 192 numbers per token, 12 blocks, 3 heads.</summary>
    /// <param name="imageSize">Height and width of the images, pixels.</param>
    /// <param name="patch">Height and width of a patch, pixels.</param>
    public static VisionTransformerSpec Tiny(long imageSize, long patch = 16) => new(imageSize, patch, 192, 12, 3);

    /// <summary>ViT-S (the same): 384 numbers per token, 12 blocks, 6 heads.</summary>
    /// <param name="imageSize">Height and width of the images, pixels.</param>
    /// <param name="patch">Height and width of a patch, pixels.</param>
    public static VisionTransformerSpec Small(long imageSize, long patch = 16) => new(imageSize, patch, 384, 12, 6);

    /// <inheritdoc/>
    public override Encoder Create(long channels, Generator weights) => new VisionTransformer(this, channels, weights);

    internal void Check()
    {
        if (Patch < 1 || ImageSize < Patch || ImageSize % Patch != 0)
            throw new ArgumentOutOfRangeException(
                nameof(ImageSize),
                ImageSize,
                $"Images of side {ImageSize} cannot be cut into patches of side {Patch}; "
                    + "choose a patch that divides the side, such as 4 for 32 or 16 for 224."
            );
        if (Heads < 1 || Dim < 1 || Dim % Heads != 0)
            throw new ArgumentOutOfRangeException(
                nameof(Dim),
                Dim,
                $"Tokens of length {Dim} cannot be shared by {Heads} heads; choose a multiple, such as 64 per head."
            );
        if (Depth < 1)
            throw new ArgumentOutOfRangeException(nameof(Depth), Depth, "A transformer needs 1 block or more.");
    }
}

/// <summary>
/// The transformer of <see cref="VisionTransformerSpec"/> with timm's state names: patches and a class token, learned positions, blocks that
/// normalize first, MLPs four times as wide with GELU; h is the normalized class token, [N, Dim].
/// </summary>
/// <remarks>Initial weights as timm's: linear layers, class token and positions normal of deviation 0.02 (here cut at twice that), their
/// biases 0, layer norms 1 and 0; the patches' projection uniform in ±1/sqrt(fan-in).</remarks>
public sealed class VisionTransformer : Encoder, IParameterRoles, ISizedWeights
{
    private const double Deviation = 0.02;
    private const double Epsilon = 1e-6;

    private readonly VisionTransformerSpec spec;
    private readonly long channels;
    private readonly Conv2d projection;
    private readonly Parameter cls_token;
    private readonly Parameter pos_embed;
    private readonly Sequential blocks;
    private readonly LayerNorm norm;

    /// <summary><see cref="PositionGrid.Weights"/> to so many patches.</summary>
    private readonly Dictionary<long, Tensor> interpolations = [];

    /// <summary>Makes the network and draws its weights.</summary>
    /// <param name="spec">What to make.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="weights">Generator of the initial weights, on the CPU.</param>
    /// <exception cref="ArgumentOutOfRangeException">The patch does not divide the side, the heads do not divide the tokens, or there is no block.</exception>
    public VisionTransformer(VisionTransformerSpec spec, long channels, Generator weights)
        : base("VisionTransformer")
    {
        spec.Check();
        (this.spec, this.channels) = (spec, channels);
        var tokens = (spec.ImageSize / spec.Patch) * (spec.ImageSize / spec.Patch) + 1;
        projection = Conv2d(channels, spec.Dim, spec.Patch, stride: spec.Patch);
        cls_token = new Parameter(zeros(1, 1, spec.Dim));
        pos_embed = new Parameter(zeros(1, tokens, spec.Dim));
        var list = Enumerable.Range(0, spec.Depth).Select(i => ($"{i}", (Module<Tensor, Tensor>)new Block(spec)));
        blocks = Sequential([.. list]);
        norm = LayerNorm(spec.Dim, Epsilon);
        register_parameter("cls_token", cls_token);
        register_parameter("pos_embed", pos_embed);
        register_module("patch_embed", Sequential(("proj", projection)));
        register_module("blocks", blocks);
        register_module("norm", norm);
        Draw(weights);
        if (spec.FrozenPatches)
            foreach (var parameter in projection.parameters())
                parameter.requires_grad = false;
    }

    /// <inheritdoc/>
    public override long FeatureSize => spec.Dim;

    /// <inheritdoc/>
    public ParameterRole RoleOf(string parameter) => ParameterRole.Embedding; // class token and positions: it has no others of its own

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The images have other channels, or cannot be cut into patches.</exception>
    public override Tensor forward(Tensor input)
    {
        if (input.shape is not [_, var c, var h, var w] || c != channels || h % spec.Patch != 0 || w % spec.Patch != 0)
            throw new ArgumentException(
                $"This transformer was made for images of {channels} channels, cut into patches of {spec.Patch} x {spec.Patch}, "
                    + $"not for [{string.Join(", ", input.shape)}]; let the views make sides that are multiples of {spec.Patch}."
            );
        using var scope = NewDisposeScope();
        var patches = projection.forward(input).flatten(2).transpose(1, 2);
        var positions = Positions(h / spec.Patch, w / spec.Patch);
        var x = cat([cls_token.expand(input.shape[0], -1, -1), patches], 1) + positions;
        // The norm works on each token by itself: only the one that is read needs it.
        return norm.forward(blocks.forward(x).select(1, 0)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    Tensor ISizedWeights.Resized(string name, Tensor stored)
    {
        if (name != nameof(pos_embed) || stored.shape is not [1, var tokens, _] || tokens == pos_embed.shape[1])
            return stored;
        var side = (long)Math.Round(Math.Sqrt(tokens - 1));
        if (side < 1 || side * side + 1 != tokens)
            return stored;
        using var scope = NewDisposeScope();
        var weights = PositionGrid.Weights(side, spec.ImageSize / spec.Patch).to(stored.device);
        return PositionGrid.Resize(stored.to_type(ScalarType.Float64), weights, weights).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            foreach (var weights in interpolations.Values)
                weights.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Those of so many rows and columns of patches, [1, 1 + rows · columns, Dim].</summary>
    internal Tensor Positions(long rows, long columns)
    {
        var side = spec.ImageSize / spec.Patch;
        if ((rows, columns) == (side, side))
            return pos_embed;
        using var exact = Autocast.Pause(pos_embed.device_type);
        return PositionGrid.Resize(pos_embed, Interpolation(side, rows), Interpolation(side, columns));
    }

    private Tensor Interpolation(long side, long patches)
    {
        if (interpolations.TryGetValue(patches, out var known))
        {
            if (Place(known) == Place(pos_embed))
                return known;
            known.Dispose();
        }
        using var scope = NewDisposeScope();
        var weights = PositionGrid.Weights(side, patches).to_type(pos_embed.dtype).to(pos_embed.device);
        return interpolations[patches] = weights.DetachFromDisposeScope();

        static (ScalarType, DeviceType, int) Place(Tensor tensor) =>
            (tensor.dtype, tensor.device_type, tensor.device_index);
    }

    private void Draw(Generator generator)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, parameter) in named_parameters())
        {
            if (name.StartsWith("patch_embed.", StringComparison.Ordinal))
            {
                var bound = 1 / Math.Sqrt(channels * spec.Patch * spec.Patch);
                parameter.uniform_(-bound, bound, generator);
            }
            else if (parameter.dim() > 1)
                Initialization.TruncatedNormal(parameter, Deviation, generator);
            else if (name.EndsWith("bias", StringComparison.Ordinal))
                parameter.zero_();
            else
                parameter.fill_(1);
        }
    }

    /// <summary>x + attention(norm1(x)), then x + mlp(norm2(x)): [N, T, Dim] to the same.</summary>
    private sealed class Block : Module<Tensor, Tensor>
    {
        private readonly LayerNorm norm1;
        private readonly Attention attn;
        private readonly LayerNorm norm2;
        private readonly Sequential mlp;

        internal Block(VisionTransformerSpec spec)
            : base("Block")
        {
            norm1 = LayerNorm(spec.Dim, Epsilon);
            attn = new Attention(spec.Dim, spec.Heads);
            norm2 = LayerNorm(spec.Dim, Epsilon);
            mlp = Sequential(
                ("fc1", Linear(spec.Dim, 4 * spec.Dim)),
                ("act", GELU()),
                ("fc2", Linear(4 * spec.Dim, spec.Dim))
            );
            register_module("norm1", norm1);
            register_module("attn", attn);
            register_module("norm2", norm2);
            register_module("mlp", mlp);
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = input + attn.forward(norm1.forward(input));
            return (x + mlp.forward(norm2.forward(x))).MoveToOuterDisposeScope();
        }
    }
}

/// <summary>Multi-head self-attention (Vaswani et al. 2017): softmax(q kᵀ / sqrt(d)) v in each head. [N, T, Dim] to the same.</summary>
internal sealed class Attention : Module<Tensor, Tensor>
{
    private readonly long heads;
    private readonly Linear qkv;
    private readonly Linear proj;

    internal Attention(long dim, long heads)
        : base("Attention")
    {
        this.heads = heads;
        qkv = Linear(dim, 3 * dim);
        proj = Linear(dim, dim);
        register_module("qkv", qkv);
        register_module("proj", proj);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (n, tokens, dim) = (input.shape[0], input.shape[1], input.shape[2]);
        var parts = qkv.forward(input).view(n, tokens, 3, heads, dim / heads).permute(2, 0, 3, 1, 4).unbind(0);
        var mixed = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2]);
        return proj.forward(mixed.transpose(1, 2).reshape(n, tokens, dim)).MoveToOuterDisposeScope();
    }
}
