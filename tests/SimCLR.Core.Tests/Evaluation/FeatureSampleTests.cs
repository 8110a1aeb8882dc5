using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Interop;
using SimCLR.Core.Tests.Images;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class FeatureSampleTests
{
    /// <summary>1200 images of one pixel, in three classes, the first of which has 1000.</summary>
    private static ImageSet Many()
    {
        var labels = arange(1200).sub(900).clamp_min(0).div(100, RoundingMode.floor).to_type(ScalarType.Int64);
        return new(zeros(1200, 1, 1, 1, dtype: ScalarType.Byte), labels, ["a", "b", "c"]);
    }

    [Fact]
    public void A_sample_has_the_first_images_of_each_class_with_length_one()
    {
        using var images = Many();
        using var generator = new Generator(1);
        using var features = new TestFeatures(10 * randn(1200, 8, generator: generator), images.Labels.clone(), 3);
        var sample = FeatureSample.Of(features, images);
        Assert.Equal((500, 8), (sample.Count, sample.Dimension));
        // All 100 images of each small class; the rest are of the first: its images 0 to 299.
        var expected = Enumerable.Range(0, 500).Select(i => (long)(i < 300 ? i : i + 700)).ToArray();
        Assert.Equal(expected, sample.Indices);
        Assert.Equal(expected.Select(i => i < 1000 ? 0L : i / 100 - 9), sample.Labels);
        Assert.Equal(images.ClassNames, sample.ClassNames);
        var h = features.H.data<float>().ToArray().Chunk(8).ToArray();
        foreach (var (row, index) in sample.H.Chunk(8).Zip(expected))
        {
            var length = Math.Sqrt(h[index].Sum(x => x * x));
            for (var d = 0; d < 8; d++)
                Assert.Equal(h[index][d] / length, (double)row[d], 1e-3);
        }
    }

    private static FeatureSamples Four()
    {
        // Two directions: 0 and 2 point one way, 1 and 3 another.
        Half[] trained = [(Half)1, (Half)0, (Half)0, (Half)1, (Half)0.96, (Half)0.28, (Half)0.28, (Half)0.96];
        Half[] untrained = [(Half)1, (Half)0, (Half)0.8, (Half)0.6, (Half)0, (Half)1, (Half)(-1), (Half)0];
        return new(Of(untrained), Of(trained));

        static FeatureSample Of(Half[] h) => new(h, 2, [0, 1, 0, 0], [5, 6, 7, 8], ["α", "β"]);
    }

    [Fact]
    public void A_sample_reads_back_as_it_was_written()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("sample.safetensors");
        var sample = Four().Trained;
        sample.Save(path);
        var read = FeatureSample.Load(path);
        Assert.Equal(sample.H, read.H);
        Assert.Equal((2, 4), (read.Dimension, read.Count));
        Assert.Equal(sample.Labels, read.Labels);
        Assert.Equal(sample.Indices, read.Indices);
        Assert.Equal(sample.ClassNames, read.ClassNames);
        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => FeatureSamples.Load(path)).Message);
    }

    [Fact]
    public void Samples_of_different_images_are_not_put_together()
    {
        var trained = Four().Trained;
        var error = Assert.Throws<ArgumentException>(() =>
            new FeatureSamples(trained with { Indices = [5, 6, 7, 9] }, trained)
        );
        Assert.Contains("different images", error.Message);
    }

    [Theory]
    [InlineData("untrained")]
    [InlineData("labels")]
    [InlineData("indices")]
    public void A_file_whose_numbers_of_images_differ_is_refused(string cut)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var path = folder.At("features.safetensors");
        var tensors = new Dictionary<string, Tensor>
        {
            ["untrained"] = ones(3, 2, ScalarType.Float16),
            ["trained"] = ones(3, 2, ScalarType.Float16),
            ["labels"] = zeros(3, ScalarType.Int64),
            ["indices"] = arange(3),
        };
        void Write()
        {
            using var file = File.Create(path);
            Safetensors.Write(file, tensors, new Dictionary<string, string> { ["classes"] = "[\"a\"]" });
        }
        // The format of version 0.1.
        Write();
        Assert.Equal([0, 1, 2], FeatureSamples.Load(path).Indices);
        tensors[cut] = tensors[cut].narrow(0, 0, 2);
        Write();
        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => FeatureSamples.Load(path)).Message);
    }

    [Fact]
    public void Samples_read_back_as_they_were_written()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("features.safetensors");
        var samples = Four();
        samples.Save(path);
        var read = FeatureSamples.Load(path);
        Assert.Equal(samples.Untrained.H, read.Untrained.H);
        Assert.Equal(samples.Trained.H, read.Trained.H);
        Assert.Equal((2, 4), (read.Trained.Dimension, read.Trained.Count));
        Assert.Equal(samples.Labels, read.Labels);
        Assert.Equal(samples.Indices, read.Indices);
        Assert.Equal(samples.ClassNames, read.ClassNames);
    }

    [Fact]
    public void A_damaged_file_is_refused_with_its_name()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("features.safetensors");
        Four().Save(path);
        using (var file = File.OpenWrite(path))
            file.SetLength(file.Length - 3);
        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => FeatureSamples.Load(path)).Message);
    }

    [Fact]
    public void Neighbours_are_those_of_highest_cosine_and_never_the_image_itself()
    {
        var samples = Four();
        // By hand: cosines of 0 with 1, 2, 3 are 0, 0.96, 0.28; of 1 with 0, 2, 3: 0, 0.28, 0.96; of 2 with 0, 1, 3: 0.96, 0.28, 0.5376.
        Assert.Equal(
            [
                [2, 3],
                [3, 2],
                [0, 3],
                [1, 2],
            ],
            Retrieval.Nearest(samples.Trained, 2)
        );
        // Right are 2 and 3 of 0, none of 1, 0 and 3 of 2, 2 of 3.
        Assert.Equal(5 / 8.0, Retrieval.Precision(Retrieval.Nearest(samples.Trained, 2), samples.Labels));
        Assert.All(Retrieval.Nearest(samples.Trained, 50), row => Assert.Equal(3, row.Length));
    }

    [Fact]
    public void Frames_tell_the_query_and_right_and_wrong_neighbours()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("sheet.png");
        var samples = Four();
        using var test = new ImageSet(
            arange(9).to_type(ScalarType.Byte).view(9, 1, 1, 1).expand(9, 3, 4, 4).contiguous() * 20,
            zeros(9, dtype: ScalarType.Int64),
            ["α", "β"]
        );
        Retrieval.WriteSheet(path, Retrieval.Nearest(samples.Trained, 2), samples, test);
        var sheet = Picture.Read(path);
        // Cells of (4 + 2 * 2) * 2 pixels with gaps of 2; a row for each of the two classes.
        Assert.Equal((2 + 3 * 18, 2 + 2 * 18), (sheet.Width, sheet.Height));
        Colour Frame(int row, int column) => sheet.At(3 + 18 * column, 3 + 18 * row);
        int Inside(int row, int column) => sheet.At(10 + 18 * column, 10 + 18 * row).Red;
        var (dark, green, red) = (new Colour(31, 41, 51), new Colour(0, 158, 115), new Colour(213, 94, 0));
        Assert.Equal([dark, green, green], [Frame(0, 0), Frame(0, 1), Frame(0, 2)]);
        Assert.Equal([dark, red, red], [Frame(1, 0), Frame(1, 1), Frame(1, 2)]);
        Assert.Equal([100, 140, 160], [Inside(0, 0), Inside(0, 1), Inside(0, 2)]);
        Assert.Equal([120, 160, 140], [Inside(1, 0), Inside(1, 1), Inside(1, 2)]);
    }
}
