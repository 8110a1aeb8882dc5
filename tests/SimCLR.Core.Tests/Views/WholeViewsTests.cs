using SimCLR.Core.Images;
using SimCLR.Core.Views;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Views;

public class WholeViewsTests
{
    private static readonly (int Height, int Width)[] Sizes = [(24, 24), (24, 60), (50, 24), (24, 30)];

    private static IView View() =>
        new Sequence(
            new Sequence(new RandomResizedCrop(16), new HorizontalFlip()),
            ColorJitter.OfStrength(0.5),
            new Grayscale(),
            new GaussianBlur()
        );

    /// <summary>Noise, an image after the other.</summary>
    private static Tensor[] Images(ScalarType type = ScalarType.Byte)
    {
        using var generator = new Generator(7, CPU);
        return [.. Sizes.Select(size => randint(0, 256, [3, size.Height, size.Width], type, generator: generator))];
    }

    private static ImageBatch Batch(IReadOnlyList<Tensor> images)
    {
        var pixels = cat([.. images.Select(image => image.flatten())]);
        (int Height, int Width)[] sizes = [.. images.Select(image => ((int)image.shape[1], (int)image.shape[2]))];
        return new ImageBatch(pixels, zeros(images.Count, int64))
        {
            Whole = new WholeImages(pixels, sizes, 3),
            Sizes = tensor(sizes.SelectMany(size => new long[] { size.Height, size.Width }).ToArray()).view(-1, 2),
        };
    }

    private static ViewParameters Drawn(IView view, BatchShape shape, ulong seed = 3)
    {
        using var generator = new Generator(seed, CPU);
        return view.Draw(shape, generator);
    }

    private static byte[] Through(IView view, ImageBatch batch)
    {
        using var result = batch.Through(view, Drawn(view, batch.Shape(batch.Count)), 0, batch.Count);
        return result.bytes.ToArray();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Whole_images_of_one_size_have_the_views_of_a_batch(bool asOnGpu)
    {
        using var scope = NewDisposeScope();
        using var off = asOnGpu ? PixelPass.AsOnGpu() : null;
        var same = Enumerable.Range(0, 5).Select(_ => Images()[1]).ToList();
        var batch = new ImageBatch(stack(same), zeros(5, int64));
        var view = View();
        if (asOnGpu)
        {
            var expected = batch.Through(view, Drawn(view, batch.Shape(5)), 0, 5);
            var whole = Batch(same);
            var actual = whole.Through(view, Drawn(view, whole.Shape(5)), 0, 5);
            ViewTesting.Close(expected, actual);
        }
        else
            Assert.Equal(Through(view, batch), Through(view, Batch(same)));
    }

    [Fact]
    public void The_view_of_an_image_does_not_depend_on_the_others()
    {
        using var scope = NewDisposeScope();
        var (images, view) = (Images(), View());
        var batch = Batch(images);
        var drawn = Drawn(view, batch.Shape(4));
        var together = batch.Through(view, drawn, 0, 4);
        for (var i = 0; i < 4; i++)
        {
            var alone = new ImageBatch(images[i].unsqueeze(0), zeros(1, int64));
            var own = alone.Through(view, drawn.Slice(i, 1), 0, 1);
            Assert.Equal(own.bytes.ToArray(), together.narrow(0, i, 1).contiguous().bytes.ToArray());
        }
        var part = batch.Through(view, drawn.Slice(1, 2), 1, 2);
        Assert.Equal(together.narrow(0, 1, 2).contiguous().bytes.ToArray(), part.bytes.ToArray());
    }

    [Fact]
    public void Boxes_are_drawn_within_each_image_up_to_its_sides()
    {
        using var scope = NewDisposeScope();
        const int Each = 2000;
        var sizes = tensor(new long[] { 24, 96, 72, 24, 24, 26 }).view(-1, 2).repeat(Each, 1);
        var drawn = Drawn(new RandomResizedCrop(16), BatchShape.Whole(sizes, 3, CPU));
        var (bottom, right) = (drawn["top"] + drawn["height"], drawn["left"] + drawn["width"]);
        Assert.True(bottom.le(sizes.select(1, 0)).all().ToBoolean());
        Assert.True(right.le(sizes.select(1, 1)).all().ToBoolean());
        Assert.True(drawn["top"].ge(0).logical_and(drawn["left"].ge(0)).all().ToBoolean());
        var (wide, high) = (arange(0, 3 * Each, 3), arange(1, 3 * Each, 3));
        // The square at the centre of 96 columns ends at 60.
        Assert.Equal(96, right.index_select(0, wide).max().ToInt64());
        Assert.Equal(0, drawn["left"].index_select(0, wide).min().ToInt64());
        Assert.Equal(72, bottom.index_select(0, high).max().ToInt64());
        // Placed evenly: the middles of boxes lie at the image's on the mean.
        var middle = (drawn["left"] + right).to(float32).index_select(0, wide).mean().ToDouble() / 2;
        Assert.InRange(middle, 46.5, 49.5);
    }

    [Fact]
    public void The_area_of_a_box_is_a_share_of_the_whole_image()
    {
        using var scope = NewDisposeScope();
        var sizes = tensor(new long[] { 240, 300 }).view(1, 2).repeat(4000, 1);
        var drawn = Drawn(new RandomResizedCrop(16, areaMin: 0.1, areaMax: 0.3), BatchShape.Whole(sizes, 3, CPU));
        var share = (drawn["height"] * drawn["width"]).to(float32) / (240 * 300);
        Assert.InRange(share.min().ToSingle(), 0.095f, 0.11f);
        Assert.InRange(share.max().ToSingle(), 0.29f, 0.305f);
        Assert.InRange(share.mean().ToSingle(), 0.195f, 0.205f);
    }

    [Fact]
    public void Numbers_of_16_bits_are_read_as_such()
    {
        using var scope = NewDisposeScope();
        var view = View();
        var bytes = Images();
        // 257 times as much of 65535 as of 255; above 32767 int16 is negative.
        var shorts = bytes.Select(image => (image.to(int32) * 257).to(int16)).ToList();
        var (narrow, wide) = (Batch(bytes), Batch(shorts));
        ViewTesting.Close(
            narrow.Through(view, Drawn(view, narrow.Shape(4)), 0, 4),
            wide.Through(view, Drawn(view, wide.Shape(4)), 0, 4)
        );
    }

    [Fact]
    public void A_view_that_does_not_begin_with_a_crop_is_refused()
    {
        WholeViews.Check(View());
        WholeViews.Check(new RandomResizedCrop(8));
        foreach (var view in new IView[] { new HorizontalFlip(), new Sequence(), new Sequence(new Resize(8), View()) })
            Assert.Contains("random crop", Assert.Throws<ArgumentException>(() => WholeViews.Check(view)).Message);
    }
}
