using SimCLR.Core.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Images;

public class ImageSetTests
{
    /// <summary>One pixel per image, which is its index, so that a test sees which images were chosen.</summary>
    private static ImageSet Set(params long[] labels) =>
        new(
            tensor(Enumerable.Range(0, labels.Length).Select(i => (byte)i).ToArray()).reshape(-1, 1, 1, 1),
            tensor(labels),
            ["a", "b", "c"]
        );

    private static int[] Indices(ImageSet set) => set.Images.data<byte>().ToArray().Select(i => (int)i).ToArray();

    [Fact]
    public void Take_gives_the_first_images_of_every_class_in_their_order()
    {
        using var scope = NewDisposeScope();
        using var set = Set(0, 0, 0, 0, 1, 1, 2, 0, 1, 2);
        using var six = set.Take(6);
        Assert.Equal([0, 1, 4, 5, 6, 9], Indices(six));
        Assert.Equal([0, 0, 1, 1, 2, 2], six.Labels.data<long>().ToArray());
        using var seven = set.Take(7); // the third turn begins with the class whose third image comes first
        Assert.Equal([0, 1, 2, 4, 5, 6, 9], Indices(seven));
        using var all = set.Take(10);
        Assert.Equal(Enumerable.Range(0, 10), Indices(all));
    }

    private static ImageSplits WithUnlabelled() =>
        new(Set(0, 0, 1, 1), Set(2)) { Pretraining = Set(0, 0, 1, 1, -1, -1, -1) };

    [Fact]
    public void Of_splits_with_unlabelled_images_those_with_labels_are_taken_first()
    {
        using var scope = NewDisposeScope();
        using var splits = WithUnlabelled();
        var two = splits.Take(2);
        Assert.Equal([0, 2], Indices(two.Train));
        Assert.Same(two.Train, two.Pretraining);
        var six = splits.Take(6);
        Assert.Equal([0, 1, 2, 3], Indices(six.Train));
        Assert.Equal([0, 1, 2, 3, 4, 5], Indices(six.Pretraining));
        Assert.Same(splits.Test, six.Test);
        Assert.Contains("use 1 to 7", Assert.Throws<ArgumentOutOfRangeException>(() => splits.Take(8)).Message);
    }

    [Fact]
    public void Splits_without_unlabelled_images_pretrain_on_the_training_images()
    {
        using var scope = NewDisposeScope();
        using var splits = new ImageSplits(Set(0, 0, 1, 1), Set(2));
        Assert.Same(splits.Train, splits.Pretraining);
        Assert.Equal([0, 1, 2], Indices(splits.Take(3).Pretraining));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void Take_refuses_more_than_there_are(long count)
    {
        using var set = Set(0, 1, 2);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => set.Take(count));
        Assert.Contains("use 1 to 3", error.Message);
    }

    [Fact]
    public void A_validation_split_holds_out_its_part_of_every_class_and_loses_nothing()
    {
        using var set = Set([
            .. Enumerable
                .Range(0, 200)
                .Select(i =>
                    i < 100 ? 0L
                    : i < 160 ? 1
                    : 2
                ),
        ]);
        using var generator = new Generator(3, CPU);
        var (train, validation) = set.SplitValidation(0.1, generator);
        using (train)
        using (validation)
        {
            Assert.Equal([10, 6, 4], validation.Labels.data<long>().ToArray().CountBy(l => l).Select(c => c.Value));
            Assert.Equal(Enumerable.Range(0, 200), Indices(train).Concat(Indices(validation)).Order());
            Assert.Equal(Indices(validation).Order(), Indices(validation));
        }
    }

    [Fact]
    public void A_validation_split_is_drawn_by_the_generator_alone()
    {
        using var set = Set([.. Enumerable.Range(0, 90).Select(i => (long)(i % 3))]);
        int[] Held(ulong seed)
        {
            using var generator = new Generator(seed, CPU);
            var (train, validation) = set.SplitValidation(0.2, generator);
            using (train)
            using (validation)
                return Indices(validation);
        }
        Assert.Equal(Held(1), Held(1));
        Assert.NotEqual(Held(1), Held(2));
    }

    [Fact]
    public void A_class_is_never_held_out_whole()
    {
        using var set = Set(0, 0, 1, 2, 2);
        using var generator = new Generator(1, CPU);
        var (train, validation) = set.SplitValidation(0.99, generator);
        using (train)
        using (validation)
        {
            Assert.Equal([0, 1, 2], train.Labels.data<long>().ToArray());
            Assert.Equal([0, 2], validation.Labels.data<long>().ToArray());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_fraction_out_of_range_is_refused(double fraction)
    {
        using var set = Set(0, 1);
        using var generator = new Generator(1, CPU);
        Assert.Throws<ArgumentOutOfRangeException>(() => set.SplitValidation(fraction, generator));
    }

    [Fact]
    public void Subsets_leave_no_tensor_behind()
    {
        using var set = Set(0, 1, 2, 0, 1, 2);
        using var generator = new Generator(1, CPU);
        var before = Tensor.TotalCount;
        set.Take(3).Dispose();
        var (train, validation) = set.SplitValidation(0.5, generator);
        train.Dispose();
        validation.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }
}
