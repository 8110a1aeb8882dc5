using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SimCLR.Core.Encoders;

/// <summary>
/// Selective kernels (Li et al. 2019, 1903.06586) as SimCLR v2's reference code has them: one 3x3 convolution of doubled channels makes
/// two paths, each batch-normalized and rectified; a softmax over the paths, computed per image and channel from the mean of their
/// sum, mixes them. [N, C, H, W] in, [N, C, H', W'] out.
/// </summary>
internal sealed class SelectiveKernel : Module<Tensor, Tensor>
{
    private const long LeastReduced = 32;

    private readonly Convolution conv;
    private readonly BatchNorm bn;
    private readonly Convolution reduce;
    private readonly BatchNorm reducedNorm;
    private readonly Convolution select;

    internal SelectiveKernel(long channels, long stride, double ratio)
        : base("SelectiveKernel")
    {
        var reduced = Math.Max((long)(channels * ratio), LeastReduced);
        conv = new Convolution(channels, 2 * channels, 3, stride);
        bn = new BatchNorm(2 * channels);
        reduce = new Convolution(channels, reduced, 1);
        reducedNorm = new BatchNorm(reduced);
        select = new Convolution(reduced, 2 * channels, 1);
        register_module("conv", conv);
        register_module("bn", bn);
        register_module("attn", Sequential(("fc_reduce", reduce), ("bn", reducedNorm), ("fc_select", select)));
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var paths = bn.forward(conv.forward(input)).relu_().chunk(2, 1);
        var pooled = (paths[0] + paths[1]).mean([2, 3], keepdim: true);
        var votes = select.forward(reducedNorm.forward(reduce.forward(pooled)).relu_()).chunk(2, 1);
        // A softmax of two is a sigmoid of their difference.
        var share = (votes[0] - votes[1]).sigmoid().to_type(paths[0].dtype);
        return paths[1].lerp(paths[0], share).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// The 2x2 mean before the 1x1 convolution of a shortcut (ResNet-D, 1812.01187), at the borders as in SimCLR's reference code:
/// with stride 1 a mean over the pixels that there are; with stride 2 an odd side is filled up with zeros.
/// </summary>
internal sealed class ShortcutPool(long stride) : Module<Tensor, Tensor>("ShortcutPool")
{
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input;
        if (stride == 1)
            x = functional.pad(x, (0, 1, 0, 1), PaddingModes.Replicate); // a repeated pixel leaves the mean as it is
        else if (x.shape[2] % 2 != 0 || x.shape[3] % 2 != 0)
            x = functional.pad(x, (0, 1, 0, 1));
        return functional.avg_pool2d(x, 2, stride).MoveToOuterDisposeScope();
    }
}
