using SimCLR.Core.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class NtXentTests
{
    private static double Value(NtXent loss, double[][] a, double[][] b, ScalarType type = ScalarType.Float64)
    {
        using var scope = NewDisposeScope();
        return loss.Compute(Scalar.Tensor(a, type), Scalar.Tensor(b, type)).ToDouble();
    }

    [Theory]
    [InlineData(2, 3, 1.0, true)]
    [InlineData(7, 5, 0.5, true)]
    [InlineData(16, 128, 0.1, true)]
    [InlineData(9, 4, 0.01, true)]
    [InlineData(33, 8, 0.05, true)]
    [InlineData(7, 5, 10.0, false)]
    [InlineData(12, 16, 1.0, false)]
    public void Equals_a_double_loop(int n, int d, double temperature, bool normalize)
    {
        var (a, b) = (Scalar.Random(n, d, 1), Scalar.Random(n, d, 2));
        var expected = Scalar.NtXent(a, b, temperature, normalize);
        Assert.Equal(expected, Value(new NtXent(temperature, normalize), a, b), 1e-11);
        Assert.Equal(expected, Value(new NtXent(temperature, normalize, 5), a, b), 1e-11);
    }

    [Fact]
    public void Two_images_by_hand()
    {
        // Positives have cosine 1, negatives 0: each anchor's loss is -ln(e^1 / (e^1 + e^0 + e^0)) = ln(1 + 2/e) = 0.551444713932051.
        double[][] views =
        [
            [1, 0],
            [0, 5],
        ];
        Assert.Equal(0.551444713932051, Value(new NtXent(1), views, views), 1e-14);
    }

    [Fact]
    public void The_two_directions_are_averaged_not_added()
    {
        // google-research/simclr adds them: with equal embeddings it gives 2 ln(2N - 1).
        double[][] same = [.. Enumerable.Repeat(new[] { 1.0, 2.0 }, 5)];
        Assert.Equal(Math.Log(9), Value(new NtXent(), same, same), 1e-14);
        Assert.Equal(LossBound.AtChance(5), Math.Log(9), 1e-15);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(1)]
    [InlineData(100)]
    public void Loss_is_not_scaled_by_temperature(double temperature)
    {
        double[][] same = [.. Enumerable.Repeat(new[] { 1.0, 2.0 }, 4)];
        Assert.Equal(Math.Log(7), Value(new NtXent(temperature), same, same), 1e-13);
    }

    [Fact]
    public void At_a_large_temperature_the_choice_is_by_chance() =>
        Assert.Equal(
            LossBound.AtChance(20),
            Value(new NtXent(1e9), Scalar.Random(20, 6, 1), Scalar.Random(20, 6, 2)),
            1e-8
        );

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Exp_overflow_does_not_happen_without_subtracting_the_maximum(long block)
    {
        // Dot products near 100^2 over 0.01: the plain exponential of 1e6 is infinite even in float64.
        var (a, b) = (Scalar.Random(5, 4, 1, 50), Scalar.Random(5, 4, 2, 50));
        var expected = Scalar.NtXent(a, b, 0.01, normalize: false);
        Assert.True(double.IsFinite(expected) && expected > 1e5);
        var loss = new NtXent(0.01, Normalize: false, block);
        Assert.Equal(1, Value(loss, a, b) / expected, 1e-12);
        Assert.Equal(1, Value(loss, a, b, ScalarType.Float32) / expected, 1e-5);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Self_similarity_is_removed_by_a_mask_not_by_subtraction(long block)
    {
        // Four orthogonal vectors: among the three others all are equal, ln 3. The self-similarity e^50 would swallow them.
        double[][] a =
        [
            [1, 0, 0, 0],
            [0, 1, 0, 0],
        ];
        double[][] b =
        [
            [0, 0, 1, 0],
            [0, 0, 0, 1],
        ];
        Assert.Equal(Math.Log(3), Value(new NtXent(0.02, true, block), a, b, ScalarType.Float32), 1e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_zero_embedding_gives_finite_gradients(long block)
    {
        using var scope = NewDisposeScope();
        var a = Scalar.Tensor(
            [
                [0, 0],
                [1, 0],
                [0, 1],
            ],
            grad: true
        );
        var b = Scalar.Tensor(
            [
                [1, 1],
                [1, 0.5],
                [0.2, 1],
            ],
            grad: true
        );
        new NtXent(0.5, true, block).Compute(a, b).backward();
        Assert.True(a.grad!.isfinite().all().ToBoolean());
        Assert.True(b.grad!.isfinite().all().ToBoolean());
    }

    [Fact]
    public void The_loss_can_be_differentiated_twice()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Scalar.Tensor(Scalar.Random(4, 3, 1), grad: true), Scalar.Tensor(Scalar.Random(4, 3, 2)));
        var gradient = autograd.grad([new NtXent().Compute(a, b)], [a], retain_graph: true, create_graph: true)[0];
        var second = autograd.grad([gradient.pow(2).sum()], [a])[0];
        Assert.True(second.abs().sum().ToDouble() > 1e-3);
    }
}
