using SimCLR.Core.Images;
using TorchSharp;

namespace SimCLR.Core.Tests.Images;

public class Voc2007Tests
{
    private const int Person = 14;
    private static readonly string[] Train = ["000001", "000002", "000003"];
    private static readonly string[] Test = ["000004"];

    private static TemporaryFolder Files(string prefix = "VOCdevkit/VOC2007/")
    {
        var folder = new TemporaryFolder();
        foreach (var (name, i) in Train.Concat(Test).Select((name, i) => (name, i)))
            folder.WriteImage(
                $"{prefix}JPEGImages/{name}.jpg",
                40,
                30,
                (x, _) => x < 5 || x >= 35 ? Colour.Pure : new Colour((byte)(40 * i), 90, 200),
                PictureFormat.Jpeg
            );
        foreach (var name in Voc2007.Classes)
        {
            // The first image shows class 0, every one a person; whether the third shows a cat is hard to see.
            string Line(string image, int i) =>
                $"{image} {(name == "person" || (i == 0 && name == "aeroplane") ? " 1" : i == 2 && name == "cat" ? " 0" : "-1")}";
            File.WriteAllLines(List(folder, name, "trainval", prefix), Train.Select(Line));
            File.WriteAllLines(List(folder, name, "test", prefix), Test.Select(Line));
        }
        return folder;
    }

    private static string List(
        TemporaryFolder folder,
        string name,
        string split,
        string prefix = "VOCdevkit/VOC2007/"
    ) =>
        folder.At([
            .. prefix.Split('/', StringSplitOptions.RemoveEmptyEntries),
            "ImageSets",
            "Main",
            $"{name}_{split}.txt",
        ]);

    private static ImageSourceException Refused(TemporaryFolder folder) =>
        Assert.Throws<ImageSourceException>(() => new Voc2007(folder.Root, 16).Load());

    [Theory]
    [InlineData("VOCdevkit/VOC2007/")]
    [InlineData("VOC2007/")]
    [InlineData("")]
    public void Images_come_with_what_they_show_of_20_classes(string prefix)
    {
        using var folder = Files(prefix);
        using var splits = new Voc2007(folder.Root, 16).Load();
        Assert.Equal([3, 3, 16, 16], splits.Train.Images.shape);
        Assert.Equal(1, splits.Test.Count);
        Assert.Equal(20, splits.Train.ClassNames.Count);
        Assert.Equal([-1, -1, -1], splits.Train.Labels.data<long>().ToArray());
        var targets = splits.Train.Targets!;
        long[][] rows = [.. targets.data<long>().Chunk(20)];
        Assert.Equal([1, -1, -1], rows.Select(row => row[0]));
        Assert.Equal([1, 1, 1], rows.Select(row => row[Person]));
        Assert.Equal([-1, -1, 0], rows.Select(row => row[Voc2007.Classes.ToList().IndexOf("cat")]));
        Assert.Equal(1 + 3 + 0, targets.gt(0).sum().ToInt64());
    }

    [Fact]
    public void The_shorter_side_is_resized_and_the_centre_kept()
    {
        // The red stripes at the left and right are outside the centre square of 30 pixels.
        using var folder = Files();
        using var splits = new Voc2007(folder.Root, 16).Load();
        using var red = splits.Train.Images[1, 0, 8].to(torch.ScalarType.Float32);
        Assert.All(red.data<float>().ToArray()[1..^1], value => Assert.InRange(value, 25, 55));
    }

    [Fact]
    public void A_damaged_image_is_left_out_with_its_targets()
    {
        using var folder = new TemporaryFolder();
        var names = Enumerable.Range(0, 120).Select(i => $"{i:D6}").ToArray();
        foreach (var name in names)
            folder.WriteImage($"JPEGImages/{name}.jpg", 8, 8, (_, _) => Colour.Gray, PictureFormat.Jpeg);
        File.WriteAllText(folder.At("JPEGImages", "000007.jpg"), "no image");
        foreach (var name in Voc2007.Classes)
        {
            // Image i shows class i mod 20 alone.
            var lines = names.Select((image, i) => $"{image} {(Voc2007.Classes[i % 20] == name ? 1 : -1)}").ToList();
            File.WriteAllLines(List(folder, name, "trainval", ""), lines);
            File.WriteAllLines(List(folder, name, "test", ""), lines);
        }
        var told = new List<string>();
        using var splits = new Voc2007(folder.Root, 8).Load(told.Add);
        Assert.Equal(119, splits.Train.Count);
        var shown = splits.Train.Targets!.argmax(1).data<long>().ToArray();
        Assert.Equal(Enumerable.Range(0, 120).Where(i => i != 7).Select(i => (long)(i % 20)), shown);
        Assert.Contains(told, line => line.Contains("000007.jpg"));
    }

    [Fact]
    public void Missing_and_damaged_lists_are_named()
    {
        using var empty = new TemporaryFolder();
        Assert.Contains("VOCtrainval_06-Nov-2007.tar", Refused(empty).Message);

        using var folder = Files();
        var list = List(folder, "dog", "trainval");
        var lines = File.ReadAllLines(list);
        File.WriteAllLines(list, [.. lines[..2], "../../secret 1"]);
        Assert.Contains("has the line '../../secret 1'", Refused(folder).Message);
        File.WriteAllLines(list, [.. lines[..2], "000003 2"]);
        Assert.Contains("has the line '000003 2'", Refused(folder).Message);
        File.WriteAllLines(list, [lines[1], lines[0], lines[2]]);
        Assert.Contains("dog_trainval.txt names other images than", Refused(folder).Message);
        File.WriteAllText(list, "");
        Assert.Contains("names no image", Refused(folder).Message);
        File.Delete(list);
        Assert.Contains("dog_trainval.txt could not be read", Refused(folder).Message);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1025)]
    public void A_size_out_of_range_is_refused(int size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Voc2007("", size));
}
