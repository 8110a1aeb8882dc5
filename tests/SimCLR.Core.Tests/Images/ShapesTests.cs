using System.Security.Cryptography;
using SimCLR.Core.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Images;

public class ShapesTests
{
    [Fact]
    public void Classes_take_turns_and_are_balanced()
    {
        using var splits = new Shapes(trainCount: 200, testCount: 100).Load();
        Assert.Equal([200, 3, 32, 32], splits.Train.Images.shape);
        Assert.Equal(10, splits.Train.ClassNames.Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)(i % 10)), splits.Train.Labels.data<long>().ToArray());
        Assert.Equal(100, splits.Test.Count);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        Assert.Equal(Hash(new Shapes(100, 50)), Hash(new Shapes(100, 50)));
        Assert.NotEqual(Hash(new Shapes(100, 50)), Hash(new Shapes(100, 50, seed: 1)));
    }

    [Fact]
    public void An_image_does_not_depend_on_how_many_are_made()
    {
        using var few = new Shapes(50, 10).Load();
        using var many = new Shapes(100, 10).Load();
        using var start = many.Train.Images.narrow(0, 0, 50);
        Assert.Equal(few.Train.Images.data<byte>().ToArray(), start.data<byte>().ToArray());
    }

    [Fact]
    public void No_image_is_in_both_splits_or_twice_in_one()
    {
        using var splits = new Shapes(500, 500).Load();
        var hashes = new[] { splits.Train, splits.Test }
            .SelectMany(set => set.Images.data<byte>().ToArray().Chunk(3 * 32 * 32))
            .Select(image => Convert.ToHexString(SHA256.HashData(image)));
        Assert.Equal(1000, hashes.Distinct().Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void The_mean_colour_tells_nothing_of_the_class(int channel)
    {
        using var scope = NewDisposeScope();
        using var splits = new Shapes(4000, 10).Load();
        var means = splits
            .Train.Images.select(1, channel)
            .to_type(ScalarType.Float64)
            .mean([1, 2])
            .data<double>()
            .ToArray();
        Assert.InRange(VarianceRatio(means), 0, 2.5); // F(9, 3990) exceeds 2.5 once in 130 times under independence
    }

    [Fact]
    public void The_measure_of_independence_sees_a_dependence()
    {
        using var scope = NewDisposeScope();
        using var splits = new Shapes(4000, 10).Load();
        var means = splits.Train.Images.select(1, 0).to_type(ScalarType.Float64).mean([1, 2]).data<double>().ToArray();
        var shifted = means.Select((mean, i) => mean + (i % 10 == 3 ? 20 : 0)).ToArray();
        Assert.True(VarianceRatio(shifted) > 5);
    }

    [Fact]
    public void Images_of_a_class_differ_in_colour_place_and_background()
    {
        using var scope = NewDisposeScope();
        using var splits = new Shapes(400, 10).Load();
        var first = splits.Train.Images[TensorIndex.Slice(0, null, 10)].to_type(ScalarType.Float32);
        Assert.True(first.std(0).min().ToSingle() > 40, "every pixel varies over the images of one class");
    }

    [Fact]
    public void Another_size_shows_the_same_picture()
    {
        using var scope = NewDisposeScope();
        using var small = new Shapes(20, 10, size: 32).Load();
        using var large = new Shapes(20, 10, size: 64).Load();
        var shrunk = nn.functional.avg_pool2d(large.Train.Images.to_type(ScalarType.Float32), 2);
        var difference = (shrunk - small.Train.Images.to_type(ScalarType.Float32)).abs().mean().ToSingle();
        Assert.InRange(difference, 0.1, 8);
    }

    [Fact]
    public void A_size_or_count_out_of_range_is_refused_by_name()
    {
        Assert.Contains("use 16 to 256", Assert.Throws<ArgumentOutOfRangeException>(() => new Shapes(size: 8)).Message);
        Assert.Contains(
            "testCount is 5",
            Assert.Throws<ArgumentOutOfRangeException>(() => new Shapes(testCount: 5)).Message
        );
    }

    private static string Hash(Shapes shapes)
    {
        using var splits = shapes.Load();
        var bytes = splits.Train.Images.data<byte>().ToArray().Concat(splits.Test.Images.data<byte>().ToArray());
        return Convert.ToHexString(SHA256.HashData(bytes.ToArray()));
    }

    /// <summary>F of a one-way analysis of variance over ten classes that take turns.</summary>
    private static double VarianceRatio(double[] values)
    {
        var groups = values.Select((value, i) => (value, label: i % 10)).GroupBy(v => v.label, v => v.value).ToList();
        var mean = values.Average();
        var between = groups.Sum(group => group.Count() * Math.Pow(group.Average() - mean, 2)) / (groups.Count - 1);
        var within =
            groups.Sum(group => group.Sum(value => Math.Pow(value - group.Average(), 2)))
            / (values.Length - groups.Count);
        return between / within;
    }
}
