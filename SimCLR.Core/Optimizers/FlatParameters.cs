using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// The parameters of a group in one flat tensor, their gradients in another: parameters and gradients become views of these, with the strides
/// that they had. So one operation acts on all of them, and backward adds to the flat gradients in place.
/// </summary>
/// <remarks>Every parameter begins at a whole block; what is left of its last block is 0 and stays 0.</remarks>
internal sealed class FlatParameters : IDisposable
{
    /// <summary>Numbers of a block: a parameter's norm is made of its blocks' norms, and begins where vector instructions like it.</summary>
    private const long Block = 512;

    /// <summary>Blocks of a part, 16 MiB of float32: what a step makes on the way to a part's new weights stays that small.</summary>
    private const long PartBlocks = 8192;

    private readonly List<Segment> segments = [];
    private readonly List<Tensor> gradients = [];
    private readonly Tensor owners;
    private readonly IReadOnlyList<Tensor> ownersOfParts;

    /// <exception cref="ArgumentException">The group has no parameters, or one that does not fit the others.</exception>
    internal FlatParameters(ParameterGroup group)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Check(group);
        var blocks = 0L;
        foreach (var (name, parameter) in group.Parameters)
        {
            // Those of a dense tensor as they are, channels-last ones among them.
            var strides = empty_like(parameter).stride();
            segments.Add(new Segment(name, parameter, parameter.shape, strides, blocks * Block));
            blocks += (parameter.numel() + Block - 1) / Block;
        }
        var first = group.Parameters[0].Parameter;
        Weights = zeros(blocks * Block, first.dtype, first.device).DetachFromDisposeScope();
        Gradients = zeros_like(Weights).DetachFromDisposeScope();
        owners = Owners(blocks, first.device).DetachFromDisposeScope();
        ownersOfParts = [.. owners.unsqueeze(1).split(PartBlocks).Select(part => part.DetachFromDisposeScope())];
        foreach (var (segment, weight, gradient) in segments.Zip(Views(Weights), Views(Gradients)))
        {
            weight.copy_(segment.Parameter);
            segment.Parameter.set_(weight);
            segment.Parameter.grad = gradient;
            gradients.Add(gradient.DetachFromDisposeScope());
        }
    }

    /// <summary>All parameters, [blocks · 512].</summary>
    internal Tensor Weights { get; }

    /// <summary>Their gradients.</summary>
    internal Tensor Gradients { get; }

    /// <summary>The names of the parameters, in order.</summary>
    internal IEnumerable<string> Names => segments.Select(segment => segment.Name);

    /// <summary>A flat tensor like <see cref="Weights"/> seen as the parameters: views of their shapes and strides, in order.</summary>
    internal IEnumerable<Tensor> Views(Tensor flat) =>
        segments.Select(segment => flat.as_strided(segment.Shape, segment.Strides, segment.Start));

    /// <summary>A flat tensor in parts of whole blocks: views, [blocks, 512].</summary>
    internal static IReadOnlyList<Tensor> Parts(Tensor flat) => [.. flat.view(-1, Block).split(PartBlocks)];

    /// <summary>The L2 norms of the blocks of a part, or of a whole flat tensor: [blocks].</summary>
    internal static Tensor BlockNorms(Tensor part) => part.view(-1, Block).norm(1);

    /// <summary>The L2 norm of every parameter's share, [parameters], from those of all blocks.</summary>
    internal Tensor Norms(Tensor blocks) =>
        zeros(segments.Count, blocks.dtype, blocks.device).index_add_(0, owners, blocks.square(), 1).sqrt_();

    /// <summary>A number for every parameter, [parameters], given to the blocks of each part: [blocks, 1].</summary>
    internal IReadOnlyList<Tensor> Spread(Tensor numbers) => [.. ownersOfParts.Select(part => numbers.take(part))];

    /// <summary>Looks whether parameters and gradients are still views of the flat tensors; asks nothing of the device.</summary>
    /// <exception cref="InvalidOperationException">One is not.</exception>
    internal void CheckViews()
    {
        foreach (var (segment, view) in segments.Zip(gradients))
        {
            // A module that is moved gets new parameters; one whose memory is replaced gets memory that begins elsewhere.
            if (segment.Parameter.IsInvalid || segment.Parameter.storage_offset() != segment.Start)
                throw new InvalidOperationException(
                    $"The parameter {segment.Name} has been moved since its optimizer was made. Move modules to their device, dtype and "
                        + "memory layout first, then make the optimizer."
                );
            using var gradient = segment.Parameter.grad;
            if (gradient is null || !AreOne(gradient, view))
                throw new InvalidOperationException(
                    $"The gradient of {segment.Name} is no longer that of its optimizer. Clear gradients with the optimizer's ZeroGrad, not "
                        + "the module's; copy into a gradient instead of assigning one; make one optimizer at a time."
                );
        }
    }

    /// <summary>The parameters keep their values; they have no gradient any more.</summary>
    public void Dispose()
    {
        foreach (var segment in segments.Where(segment => !segment.Parameter.IsInvalid))
            segment.Parameter.grad = null;
        foreach (var tensor in gradients.Concat(ownersOfParts).Concat([Weights, Gradients, owners]))
            tensor.Dispose();
    }

    /// <summary>Which parameter a block belongs to, [blocks], int64.</summary>
    private Tensor Owners(long blocks, Device device)
    {
        var starts = segments.Select(segment => segment.Start / Block).Append(blocks).ToList();
        return cat([.. segments.Select((_, i) => full(starts[i + 1] - starts[i], i, int64, device))]);
    }

    /// <summary>Whether two handles are of one tensor: a handle points to an at::Tensor, which is one pointer.</summary>
    private static bool AreOne(Tensor a, Tensor b) => Marshal.ReadIntPtr(a.Handle) == Marshal.ReadIntPtr(b.Handle);

    private static void Check(ParameterGroup group)
    {
        if (group.Parameters.Count == 0)
            throw new ArgumentException($"The group {group.Name} has no parameters; leave it out.");
        var first = group.Parameters[0];
        foreach (var (name, parameter) in group.Parameters)
        {
            if (!parameter.requires_grad)
                throw new ArgumentException(
                    $"The parameter {name} requires no gradient; leave it out of the group {group.Name}."
                );
            if (parameter.dtype is not (ScalarType.Float32 or ScalarType.Float64))
                throw new ArgumentException($"The parameter {name} is {parameter.dtype}; use Float32 or Float64.");
            if (Place(parameter) != Place(first.Parameter))
                throw new ArgumentException(
                    $"The parameter {name} is {parameter.dtype} on {parameter.device}, but {first.Name} is {first.Parameter.dtype} on "
                        + $"{first.Parameter.device}; put them into groups of their own."
                );
        }
    }

    private static (ScalarType, DeviceType, int) Place(Tensor tensor) =>
        (tensor.dtype, tensor.device_type, tensor.device_index);

    private sealed record Segment(string Name, Parameter Parameter, long[] Shape, long[] Strides, long Start);
}
