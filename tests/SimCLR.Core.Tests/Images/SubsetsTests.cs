using FsCheck;
using FsCheck.Fluent;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Images;

public class SubsetsTests
{
    private static readonly Gen<long[]> Labels = Gen.Choose(0, 4)
        .Select(label => (long)label)
        .ArrayOf()
        .Where(all => all.Length > 1);

    private static readonly Gen<double> Fractions = Gen.Choose(1, 99).Select(percent => percent / 100.0);

    private static long[] Numbers(Tensor indices)
    {
        using (indices)
            return [.. indices.data<long>()];
    }

    private static void ForAll<T>(Gen<T> values, Action<T> holds) =>
        Prop.ForAll(Arb.From(values), holds).QuickCheckThrowOnFailure();

    private static Dictionary<long, int> Counts(long[] labels, IEnumerable<long> indices) =>
        labels.Distinct().ToDictionary(label => label, label => indices.Count(index => labels[index] == label));

    private static void CheckBalanced(long[] labels, long[] chosen, long count)
    {
        Assert.Equal(chosen.Distinct().Order(), chosen);
        Assert.Equal(count, chosen.Length);
        var (all, counts) = (
            Counts(labels, Enumerable.Range(0, labels.Length).Select(i => (long)i)),
            Counts(labels, chosen)
        );
        // Only a class that is used up may fall behind the others by more than one.
        Assert.All(
            counts,
            entry => Assert.True(entry.Value >= counts.Values.Max() - 1 || entry.Value == all[entry.Key])
        );
    }

    [Fact]
    public void The_first_images_of_every_class_are_taken_in_turns()
    {
        using var labels = tensor(new long[] { 0, 0, 0, 1, 1, 2, 0 });
        Assert.Equal([0, 3, 5], Numbers(Subsets.Balanced(labels, 3)));
        Assert.Equal([0, 1, 3, 5], Numbers(Subsets.Balanced(labels, 4)));
        Assert.Equal([0, 1, 2, 3, 4, 5], Numbers(Subsets.Balanced(labels, 6)));
    }

    [Fact]
    public void A_balanced_subset_has_as_many_of_each_class_as_there_are() =>
        ForAll(
            from labels in Labels
            from count in Gen.Choose(1, labels.Length)
            select (labels, count),
            given =>
            {
                using var labels = tensor(given.labels);
                CheckBalanced(given.labels, Numbers(Subsets.Balanced(labels, given.count)), given.count);
            }
        );

    [Fact]
    public void A_drawn_fraction_is_balanced_of_the_size_asked_for_and_a_function_of_the_seed() =>
        ForAll(
            from labels in Labels
            from fraction in Fractions
            from seed in Gen.Choose(0, 1000)
            select (labels, fraction, seed),
            given =>
            {
                using var labels = tensor(given.labels);
                long[] Draw()
                {
                    using var generator = new RandomStreams(given.seed).At("test", 0);
                    return Numbers(Subsets.BalancedFraction(labels, given.fraction, 5, generator));
                }
                var size = (long)Math.Round(given.fraction * given.labels.Length);
                var chosen = Draw();
                CheckBalanced(given.labels, chosen, Math.Min(given.labels.Length, Math.Max(5, size)));
                Assert.Equal(chosen, Draw());
            }
        );

    [Fact]
    public void What_is_held_out_and_what_is_kept_are_all_images_once_and_every_class_is_in_both() =>
        ForAll(
            from labels in Labels
            from fraction in Fractions
            select (labels, fraction),
            given =>
            {
                using var labels = tensor(given.labels);
                using var generator = new RandomStreams(0).At("test", 0);
                var (keptTensor, heldTensor) = Subsets.HoldOut(labels, given.fraction, generator);
                var (kept, held) = (Numbers(keptTensor), Numbers(heldTensor));
                Assert.Equal(Enumerable.Range(0, given.labels.Length).Select(i => (long)i), kept.Concat(held).Order());
                foreach (var (label, count) in Counts(given.labels, held))
                {
                    var all = given.labels.Count(other => other == label);
                    Assert.InRange(count, all > 1 ? 1 : 0, all - 1);
                    if (count > 1 && count < all - 1)
                        Assert.InRange(count, given.fraction * all - 0.5, given.fraction * all + 0.5);
                }
            }
        );

    [Fact]
    public void Other_seeds_draw_other_images()
    {
        using var labels = zeros(100, ScalarType.Int64);
        var draws = Enumerable
            .Range(0, 2)
            .Select(seed =>
            {
                using var generator = new RandomStreams(seed).At("test", 0);
                return Numbers(Subsets.BalancedFraction(labels, 0.1, 1, generator));
            })
            .ToList();
        Assert.NotEqual(draws[0], draws[1]);
    }

    [Fact]
    public void Numbers_out_of_range_are_refused()
    {
        using var labels = zeros(4, ScalarType.Int64);
        using var generator = new RandomStreams(0).At("test", 0);
        foreach (var count in new[] { 0, 5 })
            Assert.Throws<ArgumentOutOfRangeException>(() => Subsets.Balanced(labels, count));
        foreach (var fraction in new[] { 0, 1.1, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(() => Subsets.BalancedFraction(labels, fraction, 1, generator));
        foreach (var fraction in new[] { 0, 1, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(() => Subsets.HoldOut(labels, fraction, generator));
    }
}
