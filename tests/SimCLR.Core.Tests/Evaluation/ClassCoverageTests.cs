using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class ClassCoverageTests
{
    private static readonly string[] Names = ["cat", "dog", "elk"];

    private static ImageSet Set(params long[] labels) =>
        new(zeros([labels.Length, 3, 4, 4], ScalarType.Byte), tensor(labels), Names);

    private static string Refused(ImageSet train, ImageSet test)
    {
        using var splits = new ImageSplits(train, test);
        return Assert.Throws<ArgumentException>(() => ClassCoverage.Check(splits)).Message;
    }

    [Fact]
    public void Two_training_images_and_a_test_image_of_each_class_are_enough()
    {
        using var splits = new ImageSplits(Set(0, 1, 2, 2, 1, 0), Set(2, 0, 1));
        ClassCoverage.Check(splits);
    }

    [Fact]
    public void Classes_missing_in_each_part_are_named_at_once()
    {
        var message = Refused(Set(0, 0, 1), Set(0, 2));
        Assert.Contains("no training image of elk;", message);
        Assert.Contains("none is left for validation, of dog;", message);
        Assert.Contains("no test image of dog.", message);
        Assert.Contains("a limit of 6 or more", message);
    }

    [Fact]
    public void A_class_missing_in_the_test_images_alone_is_named() =>
        Assert.Contains("there is no test image of cat, elk.", Refused(Set(0, 0, 1, 1, 2, 2), Set(1)));

    [Fact]
    public void Images_without_labels_are_counted() =>
        Assert.Contains("2 of the 5 training images have no label", Refused(Set(0, -1, 1, -1, 2), Set(0, 1, 2)));

    [Fact]
    public void What_the_check_lets_pass_has_every_class_in_fit_and_validation()
    {
        // The smallest that passes, and any validation part.
        foreach (var fraction in new[] { 1e-6, 0.1, 0.5, 0.999999 })
        {
            using var images = Set(0, 0, 1, 1, 2, 2);
            using var generator = new Generator(1, CPU);
            var (fit, validation) = images.SplitValidation(fraction, generator);
            using (fit)
            using (validation)
                foreach (var part in new[] { fit, validation })
                    Assert.Equal([0L, 1L, 2L], part.Labels.data<long>().ToArray().Order());
        }
    }
}
