using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>
/// PASCAL VOC 2007 classification (Everingham et al. 2007): 5,011 images to train on ("trainval") and 4,952 test images of 20 classes, several
/// to an image. Labels are -1; <see cref="ImageSet.Targets"/> tells what is shown. The root holds VOC2007/, VOCdevkit/VOC2007/ or
/// what is in them: JPEGImages/ and ImageSets/Main/CLASS_trainval.txt and CLASS_test.txt.
/// </summary>
public sealed class Voc2007 : IImageSource
{
    /// <summary>The classes, in the order of their targets.</summary>
    public static IReadOnlyList<string> Classes { get; } =
        (
            "aeroplane bicycle bird boat bottle bus car cat chair cow "
            + "diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor"
        ).Split(' ');

    private const long MaxListBytes = 1 << 20;
    private static readonly Regex ImageName = new("^[0-9A-Za-z_]{1,32}$");

    private readonly string root;
    private readonly int size;

    /// <summary>Describes the data; <see cref="Load"/> reads them.</summary>
    /// <param name="root">Where they lie.</param>
    /// <param name="size">Side in pixels: the shorter side of each image is resized to it, then the centre is kept.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of range.</exception>
    public Voc2007(string root, int size)
    {
        if (size is < 4 or > 1024)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"size is {size}; use 4 to 1024 pixels.");
        (this.root, this.size) = (root, size);
    }

    /// <inheritdoc/>
    public string Name => "voc2007";

    /// <inheritdoc/>
    public ImageSplits Load(Action<string>? report = null, CancellationToken cancellation = default)
    {
        var folder = FindFolder();
        var reader = new FolderReader(new PixelLayout(3, size, size), resize: true, report, cancellation);
        var train = Read(folder, "trainval", reader);
        try
        {
            return new ImageSplits(train, Read(folder, "test", reader));
        }
        catch
        {
            train.Dispose();
            throw;
        }
    }

    private string FindFolder() =>
        new[] { root, Path.Combine(root, "VOC2007"), Path.Combine(root, "VOCdevkit", "VOC2007") }.FirstOrDefault(
            folder => Directory.Exists(Path.Combine(folder, "ImageSets", "Main"))
        )
        ?? throw new ImageSourceException(
            $"PASCAL VOC 2007 was not found: there is no VOCdevkit/VOC2007/ImageSets/Main in {root}. Fetch VOCtrainval_06-Nov-2007.tar "
                + "and VOCtest_06-Nov-2007.tar from http://host.robots.ox.ac.uk/pascal/VOC/voc2007/ and unpack both there (tar xf)."
        );

    private static ImageSet Read(string folder, string split, FolderReader reader)
    {
        var lists = Classes.Select(name => ReadList(folder, name, split)).ToArray();
        var names = lists[0].Names;
        for (var c = 1; c < lists.Length; c++)
            if (!lists[c].Names.SequenceEqual(names))
                throw new ImageSourceException(
                    $"{ListPath(folder, Classes[c], split)} names other images than {ListPath(folder, Classes[0], split)}. Unpack the data again."
                );
        // The label of a file is its place in the lists: damaged files are left out.
        var files = names
            .Select((name, i) => new LabelledFile(Path.Combine(folder, "JPEGImages", $"{name}.jpg"), i))
            .ToList();
        var read = reader.Read(files, Classes);
        using var places = read.Labels;
        using var targets = zeros([names.Count, Classes.Count], ScalarType.Int64, CPU);
        for (var c = 0; c < lists.Length; c++)
        {
            using var column = tensor(lists[c].Shown, device: CPU);
            targets[TensorIndex.Colon, c] = column;
        }
        return new ImageSet(
            read.Images,
            full([read.Count], -1, ScalarType.Int64, CPU),
            Classes,
            targets.index_select(0, places)
        );
    }

    private static string ListPath(string folder, string name, string split) =>
        Path.Combine(folder, "ImageSets", "Main", $"{name}_{split}.txt");

    /// <summary>Lines of an image's name and 1, -1 or 0 (difficult).</summary>
    private static (IReadOnlyList<string> Names, long[] Shown) ReadList(string folder, string name, string split)
    {
        var path = ListPath(folder, name, split);
        try
        {
            if (new FileInfo(path).Length > MaxListBytes)
                throw Damaged(path, $"has more than {MaxListBytes} bytes");
            var lines = File.ReadLines(path)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                .Where(parts => parts.Length > 0)
                .ToList();
            if (lines.Count == 0)
                throw Damaged(path, "names no image");
            foreach (var parts in lines)
                if (parts.Length != 2 || !ImageName.IsMatch(parts[0]) || parts[1] is not ("1" or "-1" or "0"))
                    throw Damaged(path, $"has the line '{string.Join(' ', parts)}', expected a name and 1, -1 or 0");
            return (lines.Select(parts => parts[0]).ToList(), lines.Select(parts => long.Parse(parts[1])).ToArray());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageSourceException($"{path} could not be read: {error.Message} Unpack the data again.", error);
        }
    }

    private static ImageSourceException Damaged(string path, string how) =>
        new($"{path} {how}: it is damaged, or not of PASCAL VOC 2007. Unpack the data again.");
}
