using System.ComponentModel;
using System.Diagnostics;
using SimCLR.Core.Images;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Images;

/// <summary>Reads real images, where shared/data/cifar10-jpeg.tar.xz lies beside the repository.</summary>
public class RealCifarTests
{
    private const string Data = "shared/data/cifar10-jpeg.tar.xz";

    [Fact]
    public void Two_classes_of_real_images_are_read_from_a_folder()
    {
        var archive = Find() ?? "";
        Assert.SkipWhen(archive == "", $"{Data} is not beside the repository.");
        using var folder = new TemporaryFolder();
        Assert.SkipUnless(Extract(archive, folder.Root), "tar with xz is needed to unpack the data.");

        using var splits = new ImageFolder(Path.Combine(folder.Root, "test")).Load();
        Assert.Equal(["airplane", "ship"], splits.Train.ClassNames);
        Assert.Equal(2000, splits.Train.Count + splits.Test.Count);
        Assert.InRange(splits.Test.Count, 330, 470); // one in five, 4 sigma
        Assert.Equal([3, 32, 32], splits.Train.Images.shape[1..]);
        using var scope = NewDisposeScope();
        var means = splits.Train.Images.to_type(ScalarType.Float32).mean([0, 2, 3]).data<float>().ToArray();
        Assert.True(means[2] > means[1] && means[1] > means[0], $"sky and sea are blue: {string.Join(", ", means)}");
    }

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, Data) is var path && File.Exists(path))
                return path;
        return null;
    }

    private static bool Extract(string archive, string into)
    {
        try
        {
            using var tar = Process.Start("tar", ["xJf", archive, "-C", into, "test/airplane", "test/ship"]);
            tar.WaitForExit();
            return tar.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
