using SimCLR.Core.Encoders;
using SimCLR.Core.Kernels;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Kernels;

public class BatchNormPassTests
{
    private static double Distance(Tensor expected, Tensor actual) =>
        ((expected - actual.to(ScalarType.Float64)).norm() / (expected.norm() + 1e-12)).ToDouble();

    private static Tensor Maps(long[] shape, Generator generator, ScalarType type) =>
        MemoryLayout.ChannelsLast(randn(shape, generator: generator).mul(1.7).add(3).to(type));

    private static BatchNorm Norm(long channels, Generator generator)
    {
        var norm = new BatchNorm(channels);
        using var noGrad = no_grad();
        norm.weight!.copy_(randn([channels], generator: generator));
        norm.bias!.copy_(randn([channels], generator: generator));
        norm.running_mean!.copy_(randn([channels], generator: generator));
        return norm;
    }

    // 8 channels; more than one chunk with a rest; more channels than a chunk has numbers of.
    [Theory]
    [InlineData(8, 3, 5, ScalarType.Float32, 3e-6)]
    [InlineData(40, 9, 11, ScalarType.Float32, 3e-6)]
    [InlineData(16, 32, 9, ScalarType.Float32, 3e-6)]
    [InlineData(40, 9, 11, ScalarType.BFloat16, 6e-3)]
    public void Result_gradients_and_running_statistics_are_those_of_float64_within_rounding(
        long channels,
        long count,
        long side,
        ScalarType type,
        double tolerance
    )
    {
        foreach (var hasResidual in new[] { false, true })
        foreach (var relu in new[] { false, true })
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator(7, CPU);
            using var norm = Norm(channels, generator);
            long[] shape = [count, channels, side, side];
            var x = Maps(shape, generator, type).requires_grad_(true);
            var residual = hasResidual ? Maps(shape, generator, type).requires_grad_(true) : null;
            var gradient = Maps(shape, generator, type) - 3;
            // Float64, as the formulas have it.
            Tensor Exact(Tensor tensor) => tensor.detach().to(ScalarType.Float64).requires_grad_(true);
            var (ex, ew, eb) = (Exact(x), Exact(norm.weight!), Exact(norm.bias!));
            var er = residual is null ? null : Exact(residual);
            var mean = ex.mean([0, 2, 3], true);
            var variance = (ex - mean).square().mean([0, 2, 3], true);
            var normed = (ex - mean) / (variance + 1e-5).sqrt() * ew.view(1, -1, 1, 1) + eb.view(1, -1, 1, 1);
            var sum = er is null ? normed : normed + er;
            var exact = relu ? sum.relu() : sum;
            var rows = count * side * side;
            var runningMean = norm.running_mean!.to(ScalarType.Float64) * 0.9 + mean.detach().view(-1) * 0.1;
            var runningVariance = 0.9 + variance.detach().view(-1) * 0.1 * rows / (rows - 1);

            Assert.True(BatchNormPass.Takes(norm, x, residual));
            var y = NormActivation.Forward(norm, x, residual, relu);

            Assert.Equal(type, y.dtype);
            Assert.True(MemoryLayout.IsChannelsLast(y));
            Assert.InRange(Distance(exact.detach(), y.detach()), 0, tolerance);
            Assert.InRange(Distance(runningMean, norm.running_mean!), 0, 1e-6);
            Assert.InRange(Distance(runningVariance, norm.running_var!), 0, 1e-6);
            Assert.Equal(1, norm.num_batches_tracked!.ToInt64());
            Tensor[] of = [x, norm.weight!, norm.bias!, .. residual is null ? Array.Empty<Tensor>() : [residual]];
            Tensor[] exactOf = [ex, ew, eb, .. er is null ? Array.Empty<Tensor>() : [er]];
            var found = autograd.grad([y], of, [gradient]);
            // The mask is that of the numbers as they were rounded.
            var mask = relu ? y.detach().gt(0).to(ScalarType.Float64) : ones_like(exact);
            var expected = autograd.grad([sum], exactOf, [gradient.to(ScalarType.Float64) * mask]);
            foreach (var (one, other) in expected.Zip(found))
                Assert.InRange(Distance(one, other), 0, tolerance);
        }
    }

    [Fact]
    public void It_is_as_near_to_float64_as_libtorch_where_the_mean_is_far_from_zero()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7, CPU);
        using var norm = new BatchNorm(8);
        var x = MemoryLayout.ChannelsLast(randn([64, 8, 16, 16], generator: generator).add(1000));
        var exact = x.to(ScalarType.Float64);
        var mean = exact.mean([0, 2, 3], true);
        exact = (exact - mean) / ((exact - mean).square().mean([0, 2, 3], true) + 1e-5).sqrt();
        var ours = Distance(exact, NormActivation.Forward(norm, x, relu: false));
        var theirs = Distance(exact, norm.forward(x));
        Assert.InRange(ours, 0, Math.Max(1.5 * theirs, 1e-4));
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Bits_do_not_depend_on_the_number_of_threads(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var before = get_num_threads();
        try
        {
            var all = new[] { 1, 2, 3 }
                .Select(threads =>
                {
                    set_num_threads(threads);
                    using var generator = new Generator(7, CPU);
                    var norm = Norm(32, generator);
                    var x = Maps([40, 32, 9, 9], generator, type).requires_grad_(true);
                    var y = NormActivation.Forward(norm, x);
                    var gradients = autograd.grad([y], [x, norm.weight!], [Maps(y.shape, generator, type)]);
                    Tensor[] made = [y.detach(), .. gradients, norm.running_mean!, norm.running_var!];
                    return made.SelectMany(tensor => tensor.to(ScalarType.Float32).contiguous().data<float>())
                        .ToArray();
                })
                .ToList();
            Assert.Equal(all[0], all[1]);
            Assert.Equal(all[0], all[2]);
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void A_gradient_that_is_spread_over_all_places_is_taken()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7, CPU);
        using var norm = Norm(16, generator);
        var x = Maps([4, 16, 3, 3], generator, ScalarType.Float32).requires_grad_(true);
        var found = autograd.grad([NormActivation.Forward(norm, x).mean([2, 3]).square().sum()], [x])[0];
        BatchNormPass.IsOn = false;
        try
        {
            var expected = autograd.grad([NormActivation.Forward(norm, x).mean([2, 3]).square().sum()], [x])[0];
            Assert.InRange(Distance(expected.to(ScalarType.Float64), found), 0, 1e-5);
        }
        finally
        {
            BatchNormPass.IsOn = true;
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void What_is_not_a_number_stays_so(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7, CPU);
        using var norm = Norm(8, generator);
        var x = Maps([4, 8, 3, 3], generator, type);
        x[2, 5, 1, 1] = float.NaN;
        var bad = NormActivation.Forward(norm, x).isnan().any(0).any(1).any(1);
        Assert.Equal([false, false, false, false, false, true, false, false], bad.data<bool>().ToArray());
    }

    [Fact]
    public void Libtorch_computes_what_it_does_not_take()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7, CPU);
        using var norm = Norm(8, generator);
        var x = Maps([4, 8, 3, 3], generator, ScalarType.Float32);
        Assert.True(BatchNormPass.Takes(norm, x, null));
        Assert.False(BatchNormPass.Takes(norm, x.contiguous(), null));
        Assert.False(BatchNormPass.Takes(norm, x.to(ScalarType.Float64), null));
        Assert.False(BatchNormPass.Takes(norm, x, x.to(ScalarType.BFloat16)));
        using var odd = Norm(12, generator);
        Assert.False(BatchNormPass.Takes(odd, Maps([4, 12, 3, 3], generator, ScalarType.Float32), null));
        norm.eval();
        Assert.False(BatchNormPass.Takes(norm, x, null));
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(-3.1415927f)]
    [InlineData(1.00390625f)]
    [InlineData(1.01171875f)]
    [InlineData(float.MaxValue)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(1e-40f)]
    public unsafe void Numbers_are_rounded_to_bfloat16_as_libtorch_rounds_them(float number)
    {
        using var scope = NewDisposeScope();
        var expected = full([8], number).to(ScalarType.BFloat16);
        var room = stackalloc ushort[8];
        BFloat16Lanes.Store(System.Runtime.Intrinsics.Vector256.Create(number), (byte*)room);
        var bits = new ReadOnlySpan<ushort>((void*)MemoryLayout.Address(expected), 8);
        Assert.Equal(bits.ToArray(), new ReadOnlySpan<ushort>(room, 8).ToArray());
    }
}
