using SimCLR.Core.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

/// <summary>What must hold for every loss.</summary>
public class AllLossesTests
{
    private static readonly Dictionary<string, ILoss> losses = new()
    {
        ["NtXent"] = new NtXent(0.3),
        ["NtXent plain"] = new NtXent(2, Normalize: false),
        ["NtXent blocks"] = new NtXent(0.3, BlockSize: 3),
        ["NtXent plain blocks"] = new NtXent(2, Normalize: false, BlockSize: 4),
        ["NtLogistic"] = new NtLogistic(0.3),
        ["NtLogistic semi-hard"] = new NtLogistic(0.3, SemiHard: true),
        ["MarginTriplet"] = new MarginTriplet(0.5),
        ["MarginTriplet semi-hard"] = new MarginTriplet(0.5, SemiHard: true),
        ["Dcl"] = new Dcl(0.3),
        ["Dcl weighted"] = new Dcl(0.3, Sigma: 0.5),
        ["Debiased"] = new Debiased(0.5, 0.1),
        ["Debiased at the floor"] = new Debiased(0.5, 0.9),
        ["HardNegative"] = new HardNegative(0.5, 1.5, 0.1),
        ["SupCon"] = new SupCon(0.3),
    };

    public static TheoryData<string> Names => [.. losses.Keys];

    private const int N = 6;
    private const int D = 4;
    private static readonly long[] labels = [0, 1, 0, 2, 1, 0];

    private static double Value(ILoss loss, double[][] a, double[][] b, long[]? classes = null)
    {
        using var scope = NewDisposeScope();
        return loss.Compute(Scalar.Tensor(a), Scalar.Tensor(b), tensor(classes ?? labels)).ToDouble();
    }

    [Theory, MemberData(nameof(Names))]
    public void Gradients_equal_finite_differences_in_float64(string name)
    {
        using var scope = NewDisposeScope();
        double[][][] views = [Scalar.Random(N, D, 1), Scalar.Random(N, D, 2)];
        Tensor[] tensors = [Scalar.Tensor(views[0], grad: true), Scalar.Tensor(views[1], grad: true)];
        losses[name].Compute(tensors[0], tensors[1], tensor(labels)).backward();
        const double h = 1e-6;
        for (var view = 0; view < 2; view++)
        for (var i = 0; i < N; i++)
        for (var j = 0; j < D; j++)
        {
            var at = views[view][i][j];
            views[view][i][j] = at + h;
            var up = Value(losses[name], views[0], views[1]);
            views[view][i][j] = at - h;
            var down = Value(losses[name], views[0], views[1]);
            views[view][i][j] = at;
            Assert.Equal((up - down) / (2 * h), tensors[view].grad![i, j].ToDouble(), 1e-8);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Some_gradient_reaches_both_views(string name)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (
            Scalar.Tensor(Scalar.Random(N, D, 1), grad: true),
            Scalar.Tensor(Scalar.Random(N, D, 2), grad: true)
        );
        losses[name].Compute(a, b, tensor(labels)).backward();
        Assert.True(a.grad!.abs().sum().ToDouble() > 1e-3);
        Assert.True(b.grad!.abs().sum().ToDouble() > 1e-3);
    }

    [Theory, MemberData(nameof(Names))]
    public void Swapping_the_views_changes_nothing(string name)
    {
        var (a, b) = (Scalar.Random(N, D, 3), Scalar.Random(N, D, 4));
        Assert.Equal(Value(losses[name], a, b), Value(losses[name], b, a), 1e-12);
    }

    [Theory, MemberData(nameof(Names))]
    public void The_order_of_the_batch_changes_nothing(string name)
    {
        var (a, b) = (Scalar.Random(N, D, 5), Scalar.Random(N, D, 6));
        int[] order = [3, 0, 5, 1, 4, 2];
        T[] Permuted<T>(T[] rows) => [.. order.Select(i => rows[i])];
        Assert.Equal(Value(losses[name], a, b), Value(losses[name], Permuted(a), Permuted(b), Permuted(labels)), 1e-12);
    }

    [Theory, MemberData(nameof(Names))]
    public void Wrong_pairs_change_the_loss(string name)
    {
        var (a, b) = (Scalar.Random(N, D, 5), Scalar.Random(N, D, 6));
        Assert.NotEqual(Value(losses[name], a, b), Value(losses[name], a, [.. b.Skip(1), b[0]]), 1e-6);
    }

    [Theory, MemberData(nameof(Names))]
    public void The_length_of_an_embedding_counts_only_without_normalisation(string name)
    {
        var (a, b) = (Scalar.Random(N, D, 7), Scalar.Random(N, D, 8));
        double[][] longer = [.. a.Select((x, i) => x.Select(v => v * (i + 1)).ToArray())];
        var difference = Math.Abs(Value(losses[name], a, b) - Value(losses[name], longer, b));
        if (losses[name] is NtXent { Normalize: false })
            Assert.True(difference > 0.1);
        else
            Assert.Equal(0, difference, 1e-12);
    }

    [Theory, MemberData(nameof(Names))]
    public void Float32_agrees_with_float64(string name)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Scalar.Random(N, D, 9), Scalar.Random(N, D, 10));
        var loss = losses[name]
            .Compute(Scalar.Tensor(a, ScalarType.Float32), Scalar.Tensor(b, ScalarType.Float32), tensor(labels));
        Assert.Equal(ScalarType.Float32, loss.dtype);
        Assert.Equal(0, loss.dim());
        Assert.Equal(Value(losses[name], a, b), loss.ToDouble(), 3e-6);
    }

    [Theory, MemberData(nameof(Names))]
    public void Half_precision_is_raised_to_float32(string name)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Scalar.Random(N, D, 9), Scalar.Random(N, D, 10));
        var loss = losses[name]
            .Compute(Scalar.Tensor(a, ScalarType.BFloat16), Scalar.Tensor(b, ScalarType.BFloat16), tensor(labels));
        Assert.Equal(ScalarType.Float32, loss.dtype);
    }

    [Theory, MemberData(nameof(Names))]
    public void No_tensor_stays_behind(string name)
    {
        using var a = Scalar.Tensor(Scalar.Random(N, D, 1), grad: true);
        using var b = Scalar.Tensor(Scalar.Random(N, D, 2), grad: true);
        using var classes = tensor(labels);
        void Once()
        {
            using var loss = losses[name].Compute(a, b, classes);
            loss.backward();
        }

        Once();
        var before = LiveTensors.Count();
        Once();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory, MemberData(nameof(Names))]
    public void Views_that_do_not_fit_are_refused(string name)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (zeros(4, 3), zeros(5, 3));
        Assert.Contains(
            "[4, 3]",
            Assert.Throws<ArgumentException>(() => losses[name].Compute(a, b, tensor(labels))).Message
        );
        Assert.Contains(
            "1 pair(s)",
            Assert
                .Throws<ArgumentException>(() => losses[name].Compute(zeros(1, 3), zeros(1, 3), tensor(labels)))
                .Message
        );
        Assert.Throws<ArgumentException>(() => losses[name].Compute(a, zeros(4, 3, float64), tensor(labels)));
    }

    [Fact]
    public void Parameters_out_of_range_are_refused_by_constructor_and_with()
    {
        Assert.Contains("-1", Assert.Throws<ArgumentOutOfRangeException>(() => new NtXent(-1)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new NtXent() with { Temperature = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => new NtXent(BlockSize: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NtLogistic(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MarginTriplet(-0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dcl(0.1, Sigma: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Debiased(0.5, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HardNegative(0.5, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SupCon(double.PositiveInfinity));
    }

    [Fact]
    public void Losses_compare_by_value()
    {
        Assert.Equal(new NtXent(0.1), new NtXent { Temperature = 0.1 });
        Assert.NotEqual<ILoss>(new NtXent(0.1), new NtXent(0.2));
    }
}
