using SimCLR.Core.Images;
using SimCLR.Core.Tests.Runtime;
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
        using var left = new LeftTensors();
        set.Take(3).Dispose();
        var (train, validation) = set.SplitValidation(0.5, generator);
        train.Dispose();
        validation.Dispose();
        Assert.Equal(0, left.Count);
    }

    [Fact]
    public void What_is_chosen_of_a_choice_are_the_images_that_both_chose()
    {
        using var scope = NewDisposeScope();
        var set = Set(0, 1, 2, 0, 1, 2);
        using var odd = set.Select(tensor(new long[] { 5, 3, 1 }));
        using var two = odd.Select(tensor(new long[] { 2, 0 }));
        set.Dispose(); // the pixels are shared, and stay
        odd.Dispose();
        Assert.Equal([1, 5], Indices(two));
        Assert.Equal([1, 2], two.Labels.data<long>().ToArray());
        Assert.Equal([5], two.Rows(1, 1).data<byte>().ToArray());
        Assert.Equal([5, 1, 5], two.Gather(tensor(new long[] { 1, 0, 1 })).data<byte>().ToArray());
    }

    [Fact]
    public void Choosing_copies_no_pixels()
    {
        using var scope = NewDisposeScope();
        using var set = new ImageSet(zeros([4, 3, 512, 512], ScalarType.Byte), zeros(4, ScalarType.Int64), ["a"]);
        set.Images[0].fill_(1);
        using var two = set.Select(tensor(new long[] { 3, 0 }));
        set.Images[0].fill_(7); // seen by the choice: it is the same memory
        Assert.Equal(7, two.Rows(1, 1).max().item<byte>());
    }

    [Fact]
    public void Sets_of_more_than_2_GiB_are_chosen_from_limited_and_split()
    {
        using var folder = new TemporaryFolder();
        const int Side = 4096; // 48 MiB an image
        var index = new ShardIndex(
            ShardIndex.CurrentVersion,
            "",
            3,
            Side,
            Side,
            8,
            ["a", "b"],
            [new Shard("shard-00000.u8", [new LabelRun(0, 24), new LabelRun(1, 24)], 0, "", 0)]
        );
        using (var file = File.Create(folder.At("shard-00000.u8")))
        {
            file.SetLength(48L * index.ImageBytes); // sparse
            file.Position = 47L * index.ImageBytes;
            file.WriteByte(9);
        }
        using var scope = NewDisposeScope();
        using var set = new ShardFolder(folder.Root, null, default).ToImageSet(index);
        using var all = set.Take(48);
        using var generator = new Generator(1);
        var (train, validation) = all.SplitValidation(0.25, generator);
        using (train)
        using (validation)
        {
            Assert.Equal((36, 12), (train.Count, validation.Count));
            using var last = all.Rows(47, 1);
            Assert.Equal(9, last[0, 0, 0, 0].item<byte>());
        }
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(3L * 1024, true)]
    [InlineData(3L * 1024 - 3, false)]
    public void A_GPU_takes_images_that_need_a_third_of_its_free_memory(long? free, bool fit)
    {
        using var set = new ImageSet(zeros([4, 1, 16, 16], ScalarType.Byte), zeros(4, ScalarType.Int64), ["a"]);
        Assert.Equal(fit, ImageFeed.Fit(set, free));
    }
}
