using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

/// <summary>The operations and policies themselves: see AutoAugmentGoldenTests.</summary>
public class AutoAugmentTests
{
    private const int Count = 50_000;

    [Theory]
    [InlineData(AutoAugmentPolicy.ImageNet)]
    [InlineData(AutoAugmentPolicy.Cifar10)]
    [InlineData(AutoAugmentPolicy.Svhn)]
    public void Each_pair_is_equally_likely_and_each_of_its_operations_as_likely_as_the_policy_says(
        AutoAugmentPolicy policy
    )
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(3);
        var shape = new BatchShape(Count, 3, 32, 32, CPU);
        var drawn = new AutoAugment(policy).Draw(shape, generator);
        var pairs = AutoAugmentPolicies.Of(policy);
        for (var place = 0; place < 2; place++)
        {
            var step = new int[15];
            foreach (var operation in drawn["operation"].select(1, place).data<long>())
                step[operation]++;
            for (var which = 1; which < 15; which++)
            {
                var expected = pairs
                    .Select(pair => place == 0 ? pair.First : pair.Second)
                    .Where(of => (int)of.Operation == which)
                    .Sum(of => of.Probability / 25);
                if (expected > 0)
                    Frequency(step[which], Count, expected);
                else
                    Assert.Equal(0, step[which]);
            }
        }
    }

    [Fact]
    public void Half_of_the_signed_magnitudes_are_negative_and_no_others()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(4);
        var drawn = new AutoAugment(AutoAugmentPolicy.Cifar10).Draw(new BatchShape(Count, 3, 32, 32, CPU), generator);
        var operations = drawn["operation"].view(-1).data<long>().ToArray();
        var magnitudes = drawn["magnitude"].view(-1).data<float>().ToArray();
        foreach (var group in operations.Zip(magnitudes).GroupBy(pair => (AugmentOperation)pair.First))
        {
            var negative = group.Count(pair => pair.Second < 0);
            var all = group.Count(pair => pair.Second != 0);
            if (group.Key is >= AugmentOperation.ShearX and <= AugmentOperation.Sharpness)
                Frequency(negative, all, 0.5);
            else
                Assert.Equal(0, negative);
        }
    }

    [Fact]
    public void Numbers_between_bytes_are_rounded_to_the_nearest()
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(4, 3, 9, 9);
        var none = Parameters(("operation", zeros(4, 2, ScalarType.Int64)), ("magnitude", zeros(4, 2)));
        Close((images * 255).round() / 255, new AutoAugment().Apply(images, none), 1e-7);
    }
}
