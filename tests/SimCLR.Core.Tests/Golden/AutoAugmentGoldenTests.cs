using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>AutoAugment against torchvision's on bytes: equal bit for bit.</summary>
public sealed class AutoAugmentGoldenTests : IDisposable
{
    /// <summary>torchvision's names in its order, by ours.</summary>
    private static readonly Dictionary<string, AugmentOperation> Operations = Enum.GetValues<AugmentOperation>()
        .ToDictionary(operation => $"{operation}");

    private readonly GoldenFile golden = new("autoaugment");

    public void Dispose() => golden.Dispose();

    public static TheoryData<AutoAugmentPolicy> Policies => [.. Enum.GetValues<AutoAugmentPolicy>()];

    /// <summary>Bytes / 255, as make.py's byte_images has them.</summary>
    private static Tensor Images(string name, long count, long height, long width)
    {
        using var scope = NewDisposeScope();
        var unit = Formula.Numbers(name, [count, 3, height, width], 0, 1);
        var middle = Formula.Numbers($"{name}.middle", [count, 1, 1, 1], 90, 160);
        var spread = tensor(new[] { 60.0, 300.0 }).index_select(0, arange(count) % 2).view(-1, 1, 1, 1);
        var bytes = (middle + (unit - 0.5) * spread).clamp(0, 255).floor();
        return bytes.to(ScalarType.Float32).div(255).MoveToOuterDisposeScope();
    }

    /// <summary>torchvision's numbers of operations as ours.</summary>
    private Tensor Ours(Tensor operation)
    {
        var ours = golden.Names("operations").Select(name => (long)Operations[name]).ToArray();
        return tensor(ours).index_select(0, operation);
    }

    private static void SameBytes(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        using var bytes = (actual * 255).round().to(ScalarType.Byte);
        using var exact = bytes.to(ScalarType.Float32).div_(255);
        Assert.True(exact.Equals(actual), "There are numbers that are no bytes.");
        var different = bytes.ne(expected).view(expected.shape[0], -1).any(1).nonzero().data<long>();
        Assert.Empty(different);
    }

    [Theory]
    [InlineData("augmented", 3)]
    [InlineData("gray", 1)]
    public void Every_operation_at_every_level_and_sign_is_torchvisions(string name, long channels)
    {
        using var scope = NewDisposeScope();
        var operation = Ours(golden["operation"]);
        Assert.Equal(14, operation.data<long>().ToArray().Distinct().Count());
        var images = Images("autoaugment.images", operation.shape[0], 16, 12).narrow(1, 0, channels);
        var drawn = Parameters(
            ("operation", operation.unsqueeze(1)),
            ("magnitude", golden["magnitude"].to(ScalarType.Float32).unsqueeze(1))
        );
        SameBytes(golden[name], new AutoAugment().Apply(images, drawn));
    }

    [Fact]
    public void Bytes_are_spread_as_torchvision_spreads_them()
    {
        using var scope = NewDisposeScope();
        var images = Images("autoaugment.large", 4, 48, 40);
        var drawn = Parameters(
            ("operation", full(4, 1, (long)AugmentOperation.Equalize, ScalarType.Int64)),
            ("magnitude", zeros(4, 1))
        );
        Assert.False(Same(images, (golden["equalized"].to(ScalarType.Float32) / 255)));
        SameBytes(golden["equalized"], new AutoAugment().Apply(images, drawn));
    }

    [Fact]
    public void Levels_are_torchvisions_to_the_last_bit()
    {
        var shape = new BatchShape(1, 3, 16, 12, CPU);
        var names = golden.Names("operations");
        for (var level = 0; level < 10; level++)
        for (var which = 0; which < names.Length; which++)
        {
            var expected = golden["levels"][level, which].item<float>();
            var step = new AutoAugmentStep(Operations[names[which]], 1, level);
            Assert.Equal(expected, AutoAugment.Magnitude(step, shape));
        }
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void A_policy_is_torchvisions(AutoAugmentPolicy policy)
    {
        var expected = golden[$"{policy}.policy".ToLowerInvariant()];
        Assert.Equal([25, 2, 3], expected.shape);
        var names = golden.Names("operations");
        var pairs = AutoAugmentPolicies.Of(policy);
        for (var pair = 0; pair < 25; pair++)
        for (var place = 0; place < 2; place++)
        {
            var (operation, probability, level) = place == 0 ? pairs[pair].First : pairs[pair].Second;
            var row = expected[pair, place].data<double>().ToArray();
            Assert.Equal((names[(int)row[0]], row[1], row[2]), ($"{operation}", probability, level));
        }
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void The_whole_transformation_is_torchvisions(AutoAugmentPolicy policy)
    {
        using var scope = NewDisposeScope();
        var images = Images("autoaugment.policies", 25, 24, 20);
        var pair = arange(25, ScalarType.Int64);
        // torchvision's sign 0 is negative.
        var negative = stack([pair % 2, pair.floor_divide(2) % 2], 1).eq(0);
        var view = new AutoAugment(policy);
        // Those of probability 0 are applied there, too.
        using var drawn = view.Parameters(scope, BatchShape.Of(images), pair, full(25, 2, -1), negative);
        SameBytes(golden[$"{policy}.augmented".ToLowerInvariant()], view.Apply(images, drawn));
    }
}
