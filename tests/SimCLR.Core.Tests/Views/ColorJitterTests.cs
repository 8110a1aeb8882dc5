using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Views.ViewTesting;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class ColorJitterTests
{
    private static ViewParameters Factors(
        long n,
        float brightness = 1,
        float contrast = 1,
        float saturation = 1,
        float hue = 0,
        params long[] order
    ) =>
        Parameters(
            ("apply", All(n)),
            ("brightness", Repeat(brightness, n)),
            ("contrast", Repeat(contrast, n)),
            ("saturation", Repeat(saturation, n)),
            ("hue", Repeat(hue, n)),
            ("order", tensor(order.Length == 0 ? [0, 1, 2, 3] : order).expand(n, 4))
        );

    [Theory]
    [InlineData(1, 3, BrightnessMode.Multiply, ContrastMean.Gray)]
    [InlineData(0.5, 3, BrightnessMode.Multiply, ContrastMean.PerChannel)]
    [InlineData(1, 3, BrightnessMode.Add, ContrastMean.Gray)]
    [InlineData(2, 3, BrightnessMode.Add, ContrastMean.PerChannel)]
    [InlineData(1, 1, BrightnessMode.Multiply, ContrastMean.Gray)]
    public void Jitter_equals_a_scalar_implementation(
        double strength,
        long channels,
        BrightnessMode brightness,
        ContrastMean contrast
    )
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(1);
        var view = ColorJitter.OfStrength(strength, 0.8, brightness, contrast);
        // Values at both limits, and pixels without colour, are the special cases of HSV.
        var images = RandomImages(128, channels, 5, 6).mul_(1.6).sub_(0.3).clamp_(0, 1);
        images.narrow(2, 0, 1).fill_(0.37);
        var drawn = view.Draw(BatchShape.Of(images), generator);
        Close(ScalarJitter.Apply(Numbers(images), drawn, brightness, contrast), view.Apply(images, drawn));
    }

    [Fact]
    public void Every_order_of_operations_equals_the_scalar_implementation()
    {
        using var scope = NewDisposeScope();
        long[][] orders =
        [
            .. from a in Enumerable.Range(0, 4)
            from b in Enumerable.Range(0, 4)
            from c in Enumerable.Range(0, 4)
            from d in Enumerable.Range(0, 4)
            where a + b + c + d == 6 && new[] { a, b, c, d }.Distinct().Count() == 4
            select new long[] { a, b, c, d },
        ];
        Assert.Equal(24, orders.Length);
        var images = RandomImages(24, 3, 4, 4);
        var tensors = Factors(24, 1.6f, 0.3f, 1.7f, 0.17f).Tensors.ToDictionary();
        tensors["order"] = tensor(orders.SelectMany(o => o).ToArray()).view(24, 4);
        var parameters = new ViewParameters(tensors);
        var output = ColorJitter.OfStrength(1).Apply(images, parameters);
        Close(ScalarJitter.Apply(Numbers(images), parameters, BrightnessMode.Multiply, ContrastMean.Gray), output);
        // The orders matter: clipping and means do not commute.
        var same = RandomImages(1, 3, 4, 4).expand(24, -1, -1, -1);
        var views = ColorJitter.OfStrength(1).Apply(same, parameters);
        Assert.True(
            Enumerable.Range(0, 24).Select(i => Convert.ToHexString(views[i].clone().bytes)).Distinct().Count() > 12
        );
    }

    [Fact]
    public void Operations_give_the_values_computed_by_hand()
    {
        using var scope = NewDisposeScope();
        var images = tensor(new float[] { 0.2f, 0.6f, 0.4f, 0.8f, 0.6f, 0 }).view(1, 3, 1, 2);
        var view = ColorJitter.OfStrength(1);
        // Pixels (0.2, 0.4, 0.6) and (0.6, 0.8, 0); grays 0.36298 and 0.64894, mean 0.50596.
        Expect([0.3, 0.9, 0.6, 1, 0.9, 0], Factors(1, brightness: 1.5f));
        Expect([0.35298, 0.55298, 0.45298, 0.65298, 0.55298, 0.25298], Factors(1, contrast: 0.5f));
        Expect([0.28149, 0.62447, 0.38149, 0.72447, 0.48149, 0.32447], Factors(1, saturation: 0.5f));
        // A third of a turn moves red to green, green to blue, blue to red.
        Expect([0.6, 0, 0.2, 0.6, 0.4, 0.8], Factors(1, hue: 1f / 3));

        void Expect(double[] values, ViewParameters factors) =>
            Close(Fill(1, 3, 1, 2, (_, c, _, x) => values[c * 2 + x]), view.Apply(images, factors), 1e-6);
    }

    [Fact]
    public void Contrast_of_0_gives_the_mean_that_was_asked_for()
    {
        using var scope = NewDisposeScope();
        var images = tensor(new float[] { 0.2f, 0.6f, 0.4f, 0.8f, 0.6f, 0 }).view(1, 3, 1, 2);
        var perChannel = new ColorJitter(0, 1, 0, 0, 1, contrastMean: ContrastMean.PerChannel);
        double[] means = [0.4, 0.6, 0.3];
        Close(Fill(1, 3, 1, 2, (_, c, _, _) => means[c]), perChannel.Apply(images, Factors(1, contrast: 0)), 1e-6);
        var gray = new ColorJitter(0, 1, 0, 0, 1);
        Close(Fill(1, 3, 1, 2, (_, _, _, _) => 0.50596), gray.Apply(images, Factors(1, contrast: 0)), 1e-6);
    }

    [Fact]
    public void Factors_of_1_and_no_hue_change_nothing()
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(16, 3, 8, 8);
        Close(images, ColorJitter.OfStrength(1).Apply(images, Factors(16)), 1e-6);
    }

    [Fact]
    public void A_whole_turn_of_hue_changes_nothing_and_turns_add_up()
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(16, 3, 8, 8);
        var view = ColorJitter.OfStrength(1);
        Close(images, view.Apply(images, Factors(16, hue: 1)));
        var once = view.Apply(images, Factors(16, hue: 0.3f));
        var twice = view.Apply(view.Apply(images, Factors(16, hue: 0.1f)), Factors(16, hue: 0.2f));
        Close(once, twice);
    }

    [Fact]
    public void Brightness_is_clipped_before_the_next_operation()
    {
        using var scope = NewDisposeScope();
        var images = full([1, 3, 2, 2], 0.8f);
        images[0, 0].fill_(0.4);
        // Twice as bright (0.8, 1, 1), gray 0.9401; without the clip it would be (0.8, 1.6, 1.6).
        var output = new ColorJitter(1, 0, 1, 0, 1).Apply(images, Factors(1, brightness: 2, saturation: 0));
        Close(Fill(1, 3, 2, 2, (_, _, _, _) => 0.8 * 0.2989 + 0.587 + 0.114), output, 1e-6);
    }

    [Fact]
    public void Parameters_have_the_stated_distributions()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(4);
        var drawn = new ColorJitter(0.4, 1.5, 0.8, 0.2).Draw(new BatchShape(20000, 3, 1, 1, CPU), generator);
        Uniform(Doubles(drawn["brightness"]), 0.6, 1.4);
        Uniform(Doubles(drawn["contrast"]), 0, 2.5);
        Uniform(Doubles(drawn["saturation"]), 0.2, 1.8);
        Uniform(Doubles(drawn["hue"]), -0.2, 0.2);
        var added = new ColorJitter(0.4, 0, 0, 0, brightnessMode: BrightnessMode.Add);
        Uniform(Doubles(added.Draw(new BatchShape(20000, 3, 1, 1, CPU), generator)["brightness"]), -0.4, 0.4);
    }

    [Fact]
    public void The_factors_are_independent_of_each_other()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(4);
        var drawn = ColorJitter.OfStrength(1).Draw(new BatchShape(20000, 3, 1, 1, CPU), generator);
        string[] names = ["brightness", "contrast", "saturation", "hue"];
        foreach (var a in names)
        foreach (var b in names.Where(b => b != a))
        {
            var (x, y) = (Doubles(drawn[a]), Doubles(drawn[b]));
            var (mx, my) = (x.Average(), y.Average());
            var covariance = x.Zip(y, (u, v) => (u - mx) * (v - my)).Sum();
            var correlation = covariance / Math.Sqrt(x.Sum(u => (u - mx) * (u - mx)) * y.Sum(v => (v - my) * (v - my)));
            Assert.True(Math.Abs(correlation) < 5 / Math.Sqrt(20000), $"{a} and {b}: {correlation}");
        }
    }

    [Fact]
    public void All_24_orders_are_equally_likely()
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded(5);
        const int n = 24000;
        var order = Doubles(ColorJitter.OfStrength(1).Draw(new BatchShape(n, 3, 1, 1, CPU), generator)["order"]);
        var counts = order.Chunk(4).GroupBy(o => string.Join(' ', o)).ToArray();
        Assert.Equal(24, counts.Length);
        Assert.All(counts, group => Assert.Equal(4, group.First().Distinct().Count()));
        Assert.All(counts, group => Frequency(group.Count(), n, 1.0 / 24));
    }

    [Fact]
    public void Strength_s_means_0_8_s_and_0_2_s()
    {
        var view = ColorJitter.OfStrength(0.5);
        Assert.Equal((0.4, 0.4, 0.4, 0.1), (view.Brightness, view.Contrast, view.Saturation, view.HueRange));
        Assert.Equal(0.8, view.P);
    }

    [Fact]
    public void Brightness_and_contrast_alone_take_any_number_of_channels()
    {
        using var scope = NewDisposeScope();
        var images = RandomImages(2, 5, 3, 3);
        var output = new ColorJitter(0.5, 0, 0, 0, 1).Apply(images, Factors(2, brightness: 0.5f));
        Close(images * 0.5, output, 1e-6);
    }

    [Fact]
    public void Impossible_strengths_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ColorJitter(-0.1, 0, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ColorJitter(0, double.NaN, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ColorJitter(0, 0, 0, 0.6));
        Assert.Throws<ArgumentOutOfRangeException>(() => ColorJitter.OfStrength(-1));
    }
}
