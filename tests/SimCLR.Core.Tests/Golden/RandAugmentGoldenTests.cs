using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>RandAugment with fixed operations and magnitudes against torchvision's.</summary>
public class RandAugmentGoldenTests
{
    private const int Solarize = 11;

    /// <summary>Bytes / 255, as make.py has them.</summary>
    private static Tensor Images(long count)
    {
        using var scope = NewDisposeScope();
        var numbers = Formula.Numbers("augment.images", [count, 3, 24, 20], -1, 1);
        var bytes = numbers.abs().mul(90).add(60).floor();
        return bytes.to(ScalarType.Float32).div(255).MoveToOuterDisposeScope();
    }

    [Fact]
    public void Every_operation_is_torchvisions()
    {
        using var golden = new GoldenFile("augment");
        using var scope = NewDisposeScope();
        var (operation, magnitude) = (golden["operation"], golden["magnitude"]);
        var present = operation.data<long>().ToArray().Distinct().Order();
        Assert.Equal(Enumerable.Range(0, 14).Select(i => (long)i), present);
        var drawn = Parameters(("operation", operation.unsqueeze(1)), ("magnitude", magnitude.unsqueeze(1)));
        golden.Compare("augmented", new RandAugment().Apply(Images(operation.shape[0]), drawn), 1e-6);
    }

    [Fact]
    public void Levels_are_torchvisions_and_half_of_the_signed_are_negative()
    {
        using var golden = new GoldenFile("augment");
        using var generator = Seeded(3);
        var (levels, signed) = (golden["levels"], golden["signed"].data<long>().ToArray());
        for (var level = 0; level <= 30; level++)
        {
            using var scope = NewDisposeScope();
            var drawn = new RandAugment(2, level).Draw(new BatchShape(1000, 3, 24, 20, CPU), generator);
            var (operation, magnitude) = (drawn["operation"].view(-1), Doubles(drawn["magnitude"]));
            var expected = Doubles(levels[level]);
            expected[Solarize] /= 255; // of bytes there, of numbers here
            var pairs = operation.data<long>().ToArray().Zip(magnitude).ToList();
            Assert.All(pairs, pair => Assert.Equal(expected[pair.First], Math.Abs(pair.Second), 1e-5));
            foreach (var group in pairs.GroupBy(pair => pair.First))
            {
                var negative = group.Count(pair => double.IsNegative(pair.Second));
                if (signed[group.Key] == 1)
                    Frequency(negative, group.Count(), 0.5);
                else
                    Assert.Equal(0, negative);
            }
        }
    }
}
