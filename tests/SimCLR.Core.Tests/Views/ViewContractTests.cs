using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

/// <summary>What holds for every view.</summary>
public class ViewContractTests
{
    private static readonly Dictionary<string, IView> Views = new()
    {
        ["crop"] = new RandomResizedCrop(12),
        ["bicubic crop"] = new RandomResizedCrop(12, interpolation: Interpolation.Bicubic),
        ["crop without antialias"] = new RandomResizedCrop(12, antialias: false),
        ["flip"] = new HorizontalFlip(),
        ["jitter"] = ColorJitter.OfStrength(1),
        ["jitter v1"] = ColorJitter.OfStrength(1, 1, BrightnessMode.Add, ContrastMean.PerChannel),
        ["grayscale"] = new Grayscale(0.5),
        ["blur"] = new GaussianBlur(0.5),
        ["rotate"] = new Rotate(),
        ["turn"] = new Rotate(always: true),
        ["cutout"] = new Cutout(),
        ["noise"] = new GaussianNoise(0.3, 0.8),
        ["sobel"] = new Sobel(0.5),
        ["solarize"] = new Solarize(),
        ["rand augment"] = new RandAugment(2, 20),
        ["auto augment"] = new AutoAugment(AutoAugmentPolicy.Cifar10),
        ["sequence"] = new Sequence(new RandomResizedCrop(10), ColorJitter.OfStrength(0.5), new HorizontalFlip()),
        ["identity"] = new Identity(),
        ["resize"] = new Resize(9, 7),
        ["center crop"] = new CenterCrop(8),
        ["empty sequence"] = new Sequence(),
    };

    private static readonly string[] Deterministic = ["identity", "resize", "center crop", "empty sequence"];

    public static TheoryData<string> Names => [.. Views.Keys];

    public static TheoryData<string> RandomNames => [.. Views.Keys.Except(Deterministic)];

    private static (Tensor Output, ViewParameters Parameters) Run(IView view, Tensor images, ulong seed)
    {
        using var generator = Seeded(seed);
        var parameters = view.Draw(BatchShape.Of(images), generator);
        return (view.Apply(images, parameters), parameters);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_keeps_the_contract_that_views_from_elsewhere_are_checked_by(string name) =>
        Assert.Empty(ViewContract.Check(Views[name], side: 16));

    [Theory]
    [MemberData(nameof(Names))]
    public void Output_tells_the_shape_and_values_stay_in_0_to_1(string name)
    {
        using var scope = NewDisposeScope();
        // Pixels at the limits are where rounding leaves the range.
        var images = RandomImages(64, 3, 16, 16).mul_(1.4).sub_(0.2).clamp_(0, 1);
        var (output, _) = Run(Views[name], images, 3);
        var told = Views[name].Output(BatchShape.Of(images));
        Assert.Equal([told.Count, told.Channels, told.Height, told.Width], output.shape);
        Assert.True(output.is_contiguous());
        Assert.Equal(ScalarType.Float32, output.dtype);
        Assert.InRange(output.min().item<float>(), 0f, 1f);
        Assert.InRange(output.max().item<float>(), 0f, 1f);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_input_is_not_changed(string name)
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(32, 3, 16, 16);
        var before = images.clone();
        Run(Views[name], images, 3);
        Assert.True(Same(before, images));
    }

    [Theory]
    [MemberData(nameof(RandomNames))]
    public void Two_copies_of_one_image_get_different_views(string name)
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(1, 3, 16, 16).expand(64, -1, -1, -1);
        var (output, _) = Run(Views[name], images, 3);
        var distinct = Enumerable.Range(0, 64).Select(i => Convert.ToHexString(output[i].clone().bytes)).Distinct();
        Assert.True(distinct.Count() >= 2);
    }

    [Theory]
    [MemberData(nameof(RandomNames))]
    public void The_seed_decides_the_parameters(string name)
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(64, 3, 16, 16);
        var (first, drawn) = Run(Views[name], images, 5);
        var (again, drawnAgain) = Run(Views[name], images, 5);
        var (other, _) = Run(Views[name], images, 6);
        Assert.All(Flatten(drawn).Zip(Flatten(drawnAgain)), pair => Assert.True(Same(pair.First, pair.Second)));
        Assert.True(Same(first, again));
        Assert.False(Same(first, other));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_parameter_has_the_batch_first(string name)
    {
        using var scope = NewDisposeScope();
        var (_, drawn) = Run(Views[name], RandomImages(7, 3, 16, 16), 5);
        Assert.All(Flatten(drawn), tensor => Assert.Equal(7, tensor.shape[0]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_global_generator_is_neither_read_nor_moved(string name)
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(16, 3, 16, 16);
        manual_seed(1);
        var expected = rand(4);
        manual_seed(1);
        var (first, _) = Run(Views[name], images, 5);
        Assert.True(Same(expected, rand(4)));
        manual_seed(2);
        Assert.True(Same(first, Run(Views[name], images, 5).Output));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_tensor_is_left_without_a_dispose_scope(string name)
    {
        using var images = RandomImages(8, 3, 16, 16);
        Use(); // whatever is made once per process
        using var left = new LeftTensors();
        Use();
        Assert.Equal(0, left.Count);
        Assert.Equal([8, 3, 16, 16], images.shape);

        void Use()
        {
            var (output, drawn) = Run(Views[name], images, 5);
            foreach (var tensor in Flatten(drawn))
                tensor.Dispose();
            if (!ReferenceEquals(output, images))
                output.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_result_survives_the_inner_scope_and_the_input_its_own(string name)
    {
        using var outer = NewDisposeScope();
        Tensor output;
        using (var inner = NewDisposeScope())
        {
            var images = RandomImages(4, 3, 16, 16);
            output = Run(Views[name], images, 5).Output;
            Assert.True(inner.Contains(images));
            Assert.True(inner.Contains(output));
            output = output.MoveToOuterDisposeScope();
        }
        Assert.False(output.IsInvalid);
    }

    public static TheoryData<string> ChanceNames => [.. Chances(0).Keys];

    private static Dictionary<string, IView> Chances(double p) =>
        new()
        {
            ["flip"] = new HorizontalFlip(p),
            ["jitter"] = ColorJitter.OfStrength(1, p),
            ["grayscale"] = new Grayscale(p),
            ["blur"] = new GaussianBlur(p),
            ["cutout"] = new Cutout(0.5, p),
            ["noise"] = new GaussianNoise(0.2, p),
            ["sobel"] = new Sobel(p),
            ["solarize"] = new Solarize(0.5, p),
        };

    [Theory]
    [MemberData(nameof(ChanceNames))]
    public void Images_not_chosen_stay_bit_for_bit_and_the_chosen_change(string name)
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(64, 3, 16, 16);
        var (output, drawn) = Run(Chances(0.5)[name], images, 5);
        var chosen = Flags(drawn["apply"]);
        Assert.Contains(true, chosen);
        Assert.Contains(false, chosen);
        for (var i = 0; i < 64; i++)
            Assert.Equal(!chosen[i], Same(images[i].clone(), output[i].clone()));
    }

    [Theory]
    [MemberData(nameof(ChanceNames))]
    public void Images_are_chosen_with_the_stated_probability(string name)
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(11);
        foreach (var p in (double[])[0, 0.3, 1])
        {
            var drawn = Chances(p)[name].Draw(new BatchShape(20000, 3, 2, 2, CPU), generator);
            var count = Flags(drawn["apply"]).Count(x => x);
            if (p is 0 or 1)
                Assert.Equal(20000 * p, count);
            else
                Frequency(count, 20000, p);
        }
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_probability_outside_0_to_1_is_refused(double p) =>
        Assert.All(
            ChanceNames.Select(row => row.Data),
            name => Assert.ThrowsAny<ArgumentException>(() => Chances(p)[name])
        );

    [Fact]
    public void Any_number_of_channels_works_where_it_makes_sense()
    {
        using var scope = NewDisposeScope();
        foreach (var name in Views.Keys)
        foreach (var channels in (long[])[1, 2, 13])
        {
            var images = RandomImages(4, channels, 16, 16);
            var colour = name is "jitter" or "jitter v1" or "grayscale" or "sequence";
            if (colour && channels != 1)
                Assert.Throws<ArgumentException>(() => Views[name].Output(BatchShape.Of(images)));
            else
                Assert.Equal(channels, Run(Views[name], images, 2).Output.shape[1]);
        }
    }
}
