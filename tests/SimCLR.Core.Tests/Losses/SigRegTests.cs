using SimCLR.Core.Losses;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Losses;

public class SigRegTests
{
    private static Tensor Directions(int dimensions, int count)
    {
        using var generator = new Generator(4, CPU);
        var drawn = randn([dimensions, count], ScalarType.Float64, generator: generator);
        return drawn / drawn.square().sum([0], keepdim: true).sqrt();
    }

    /// <summary>One number after the other.</summary>
    private static double Slowly(double[,] projected)
    {
        var (n, m) = (projected.GetLength(0), projected.GetLength(1));
        var sum = 0.0;
        for (var j = 0; j < m; j++)
        for (var f = 0; f < 17; f++)
        {
            var t = 3.0 * f / 16;
            var (cos, sin) = (0.0, 0.0);
            for (var i = 0; i < n; i++)
            {
                cos += Math.Cos(t * projected[i, j]) / n;
                sin += Math.Sin(t * projected[i, j]) / n;
            }
            var normal = Math.Exp(-t * t / 2);
            var error = (cos - normal) * (cos - normal) + sin * sin;
            sum += error * normal * 2 * (3.0 / 16) * (f is 0 or 16 ? 0.5 : 1);
        }
        return n * sum / m;
    }

    [Fact]
    public void It_is_what_its_formula_says_number_by_number()
    {
        using var scope = NewDisposeScope();
        var directions = Directions(3, 5);
        var projected = A.mm(directions);
        var numbers = new double[4, 5];
        for (var i = 0; i < 4; i++)
        for (var j = 0; j < 5; j++)
            numbers[i, j] = projected[i, j].ToDouble();
        Is(Slowly(numbers), SigReg.Compute(A, directions));
        // Constant embeddings: cos is 1, sin is 0.
        Is(Slowly(new double[4, 5]), SigReg.Compute(zeros_like(A), directions));
    }

    [Fact]
    public void Gradients_are_those_of_differences()
    {
        using var scope = NewDisposeScope();
        var directions = Directions(3, 5);
        HasTheGradientOfDifferences(a => SigReg.Compute(a, directions), A);
    }

    [Fact]
    public void Normal_embeddings_have_next_to_none_and_others_much()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4, CPU);
        var (n, directions) = (512, Directions(8, 64));
        var normal = randn([n, 8], ScalarType.Float64, generator: generator);
        Assert.InRange(SigReg.Compute(normal, directions).ToDouble(), 0, 3);
        Assert.True(SigReg.Compute(3 * normal, directions).ToDouble() > 20);
        Assert.True(SigReg.Compute(normal + 1, directions).ToDouble() > 20);
    }

    [Fact]
    public void Normalized_embeddings_are_a_mistake_not_made()
    {
        using var scope = NewDisposeScope();
        var directions = Directions(3, 5);
        Assert.NotEqual(SigReg.Compute(A, directions).ToDouble(), SigReg.Compute(2 * A, directions).ToDouble(), 0.01);
    }
}
