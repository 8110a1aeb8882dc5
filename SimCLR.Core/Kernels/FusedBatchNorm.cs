using SimCLR.Core.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Kernels;

/// <summary>
/// Batch norm in training, the residual sum and the ReLU behind it as one operation on a GPU (BatchNorm.cu): y = relu(norm(x) + residual).
/// </summary>
/// <remarks>
/// libtorch reads and writes each map once for each of the three, and its channels-last statistics are far from the memory's speed: together half the time of
/// a ResNet's step on an H100. Here a map is read twice and written once forward, its gradient likewise. Sums are added in a fixed order:
/// the same bits every time. Values are those of libtorch but for rounding. SIMCLR_KERNELS=off leaves all to libtorch.
/// </remarks>
internal sealed unsafe class FusedBatchNorm
{
    private const int Threads = 256;
    private const int BlocksPerProcessor = 8;

    private static readonly Lazy<(FusedBatchNorm? Float32, FusedBatchNorm? BFloat16, string? Problem)> Compiled = new(
        CompileBoth
    );

    private readonly CudaProgram program;
    private readonly int pack;
    private readonly IntPtr moments;
    private readonly IntPtr finishMoments;
    private readonly IntPtr normalize;
    private readonly IntPtr gradientMoments;
    private readonly IntPtr finishGradients;
    private readonly IntPtr inputGradients;

    private FusedBatchNorm(CudaProgram program, int pack)
    {
        (this.program, this.pack) = (program, pack);
        moments = program.Kernel("moments");
        finishMoments = program.Kernel("finish_moments");
        normalize = program.Kernel("normalize");
        gradientMoments = program.Kernel("gradient_moments");
        finishGradients = program.Kernel("finish_gradients");
        inputGradients = program.Kernel("input_gradients");
    }

    /// <summary>Whether they are used where they can be; comparisons switch them off.</summary>
    internal static bool IsOn { get; set; } = true;

    /// <summary>Why there are no kernels on this machine's GPU; null: there are.</summary>
    internal static string? Problem => Compiled.Value.Problem;

    /// <summary>Whether this norm of these maps can be computed here; if not, libtorch is to do it.</summary>
    /// <param name="norm">The norm.</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="residual">What is added; null: nothing.</param>
    internal static bool Takes(NormBase norm, Tensor x, Tensor? residual) =>
        IsOn
        && CudaProgram.IsFor(x.device)
        && FusedNorm.Fits(norm, x, residual)
        && Of(x.dtype) is { } kernels
        && x.shape[1] % kernels.pack == 0;

    /// <summary>y; running statistics and their count move as those of the norm do.</summary>
    internal static Tensor Apply(NormBase norm, Tensor x, Tensor? residual, bool relu)
    {
        using var scope = NewDisposeScope();
        var kernels = Of(x.dtype)!;
        Tensor y;
        Tensor[] saved;
        using (no_grad())
        {
            var (mean, invstd) = kernels.Statistics(norm, x);
            y = kernels.Normalize(norm, x, residual, mean, invstd, relu);
            // Without a residual the ReLU's mask is found again from x.
            saved = [x.detach(), mean, invstd, .. residual is not null && relu ? [y.detach()] : Array.Empty<Tensor>()];
        }
        var (weight, bias) = (norm.weight!, norm.bias!);
        return GraphNode
            .Attach(
                y,
                [x, residual, weight, bias],
                saved,
                gradient => kernels.Gradients(gradient, saved, weight, bias, residual is not null, relu)
            )
            .MoveToOuterDisposeScope();
    }

    private (Tensor Mean, Tensor InvStd) Statistics(NormBase norm, Tensor x)
    {
        var (rows, packs, channels) = Sizes(x);
        var (grid, block) = Layout(rows, packs);
        var chunks = grid.Y;
        using var sums = empty([2, chunks, channels], ScalarType.Float32, x.device);
        var mean = empty([channels], ScalarType.Float32, x.device);
        var invstd = empty([channels], ScalarType.Float32, x.device);
        var (px, ps, pm, pi) = (Address(x), Address(sums), Address(mean), Address(invstd));
        program.Launch(moments, grid, block, At(&px), At(&ps), At(&rows), At(&packs));
        var (rm, rv, n) = (Address(norm.running_mean!), Address(norm.running_var!), Address(norm.num_batches_tracked!));
        var (momentum, epsilon) = ((float)norm.momentum!.Value, norm.eps);
        program.Launch(
            finishMoments,
            ((channels + 31) / 32, 1),
            (32, 32),
            At(&ps),
            At(&px),
            At(&pm),
            At(&pi),
            At(&rm),
            At(&rv),
            At(&n),
            At(&rows),
            At(&channels),
            At(&chunks),
            At(&momentum),
            At(&epsilon)
        );
        return (mean, invstd);
    }

    private Tensor Normalize(NormBase norm, Tensor x, Tensor? residual, Tensor mean, Tensor invstd, bool relu)
    {
        var (rows, packs, _) = Sizes(x);
        var (grid, block) = Layout(rows, packs);
        var y = empty_like(x);
        var (px, pr, py) = (Address(x), residual is null ? 0 : Address(residual), Address(y));
        var (pm, pi, pw, pb) = (Address(mean), Address(invstd), Address(norm.weight!), Address(norm.bias!));
        var rectify = relu ? 1 : 0;
        program.Launch(
            normalize,
            grid,
            block,
            At(&px),
            At(&pr),
            At(&py),
            At(&pm),
            At(&pi),
            At(&pw),
            At(&pb),
            At(&rows),
            At(&packs),
            At(&rectify)
        );
        return y;
    }

    private Tensor?[] Gradients(
        Tensor gradient,
        Tensor[] saved,
        Tensor weight,
        Tensor bias,
        bool hasResidual,
        bool relu
    )
    {
        var (x, mean, invstd) = (saved[0], saved[1], saved[2]);
        var y = saved.Length > 3 ? saved[3] : null;
        if (gradient.dtype != x.dtype)
            gradient = gradient.to_type(x.dtype);
        if (!MemoryLayout.IsChannelsLast(gradient))
            gradient = MemoryLayout.ChannelsLast(gradient);
        var (rows, packs, channels) = Sizes(x);
        var (grid, block) = Layout(rows, packs);
        var chunks = grid.Y;
        var sums = empty([2, chunks, channels], ScalarType.Float32, x.device);
        var coefficients = empty([3, channels], ScalarType.Float32, x.device);
        var (weightGradient, biasGradient) = (empty_like(mean), empty_like(mean));
        var xGradient = empty_like(x);
        var residualGradient = hasResidual ? empty_like(x) : null;
        var (pg, py, px, pm, ps) = (
            Address(gradient),
            y is null ? 0 : Address(y),
            Address(x),
            Address(mean),
            Address(sums)
        );
        var (pi, pw, pb) = (Address(invstd), Address(weight), Address(bias));
        var (pwg, pbg) = (Address(weightGradient), Address(biasGradient));
        var (pc, pxg, prg) = (
            Address(coefficients),
            Address(xGradient),
            residualGradient is null ? 0 : Address(residualGradient)
        );
        var rectify = relu ? 1 : 0;
        program.Launch(
            gradientMoments,
            grid,
            block,
            At(&pg),
            At(&py),
            At(&px),
            At(&pm),
            At(&pi),
            At(&pw),
            At(&pb),
            At(&ps),
            At(&rows),
            At(&packs),
            At(&rectify)
        );
        program.Launch(
            finishGradients,
            ((channels + 31) / 32, 1),
            (32, 32),
            At(&ps),
            At(&pi),
            At(&pw),
            At(&pwg),
            At(&pbg),
            At(&pc),
            At(&rows),
            At(&channels),
            At(&chunks)
        );
        program.Launch(
            inputGradients,
            grid,
            block,
            At(&pg),
            At(&py),
            At(&px),
            At(&pm),
            At(&pi),
            At(&pw),
            At(&pb),
            At(&pc),
            At(&pxg),
            At(&prg),
            At(&rows),
            At(&packs),
            At(&rectify)
        );
        return [xGradient, residualGradient, weightGradient, biasGradient];
    }

    /// <summary>Rows, packs of a row, channels.</summary>
    private (long Rows, int Packs, int Channels) Sizes(Tensor x)
    {
        var shape = x.shape;
        return (shape[0] * shape[2] * shape[3], (int)shape[1] / pack, (int)shape[1]);
    }

    /// <summary>Blocks and threads for so many rows and packs: enough chunks of rows to fill the GPU, none of less than four rows a thread.</summary>
    private ((int X, int Y) Grid, (int X, int Y) Block) Layout(long rows, int packs)
    {
        var x = Enumerable.Range(1, Math.Min(packs, 64)).Last(divisor => packs % divisor == 0);
        var y = Threads / x;
        var groups = packs / x;
        var chunks = Math.Clamp(program.Processors * BlocksPerProcessor / groups, 1, Math.Max(1, rows / (4 * y)));
        return ((groups, (int)chunks), (x, y));
    }

    private static IntPtr Address(Tensor tensor) => MemoryLayout.Address(tensor);

    private static IntPtr At<T>(T* argument)
        where T : unmanaged => (IntPtr)argument;

    private static FusedBatchNorm? Of(ScalarType type) =>
        type switch
        {
            ScalarType.Float32 => Compiled.Value.Float32,
            ScalarType.BFloat16 => Compiled.Value.BFloat16,
            _ => null,
        };

    private static (FusedBatchNorm?, FusedBatchNorm?, string?) CompileBoth()
    {
        if (Environment.GetEnvironmentVariable("SIMCLR_KERNELS") == "off")
            return (null, null, "SIMCLR_KERNELS is 'off'");
        try
        {
            return (
                new FusedBatchNorm(new CudaProgram("BatchNorm.cu"), 4),
                new FusedBatchNorm(new CudaProgram("BatchNorm.cu", "BFLOAT16"), 8),
                null
            );
        }
        catch (Exception error)
            when (error
                    is NotSupportedException
                        or System.Runtime.InteropServices.ExternalException
                        or DllNotFoundException
                        or EntryPointNotFoundException
            )
        {
            return (null, null, error.Message);
        }
    }
}
