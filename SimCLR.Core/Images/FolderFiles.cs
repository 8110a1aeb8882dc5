using System.Security.Cryptography;
using System.Text;

namespace SimCLR.Core.Images;

/// <summary>An image file and its label.</summary>
internal readonly record struct LabelledFile(string Path, long Label);

/// <summary>The files of an image folder, sorted by name (ordinal), so that every machine sees the same
/// order.</summary>
internal sealed record FolderFiles(
    IReadOnlyList<string> ClassNames,
    IReadOnlyList<LabelledFile> Train,
    IReadOnlyList<LabelledFile> Test
)
{
    /// <summary>What a file's name may end with.</summary>
    internal static readonly IReadOnlySet<string> Extensions = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        ".jpg",
        ".jpeg",
        ".png",
        ".bmp",
        ".webp",
        ".gif",
    };

    private const int TestShare = 5;
    private const int MaxDepth = 16;
    private static readonly string[] TestNames = ["test", "val", "validation"];

    /// <summary>Lists train/ and test/ (or val/, validation/), or, without them, splits the class folders.</summary>
    internal static FolderFiles List(string root)
    {
        if (!Directory.Exists(root))
            throw new ImageSourceException(
                $"{root} is not a folder. Point to one with train/CLASS/*.jpg and test/CLASS/*.jpg, or with CLASS/*.jpg."
            );
        try
        {
            var train = Path.Combine(root, "train");
            return Directory.Exists(train) ? ListSplits(root, train) : ListAndSplit(root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageSourceException($"{root} could not be read: {error.Message} Check its rights.", error);
        }
    }

    /// <summary>
    /// Whether a file without a stated split is a test image: one in five, by the SHA-256 of its path below the root.
    /// Other files added or removed change nothing.
    /// </summary>
    internal static bool IsTest(string relativePath)
    {
        var name = relativePath.Replace(Path.DirectorySeparatorChar, '/');
        return SHA256.HashData(Encoding.UTF8.GetBytes(name))[0] * TestShare < 256;
    }

    private static FolderFiles ListSplits(string root, string train)
    {
        var test =
            TestNames.Select(name => Path.Combine(root, name)).FirstOrDefault(Directory.Exists)
            ?? throw new ImageSourceException(
                $"{root} has train/, but none of {string.Join(", ", TestNames)}: nothing to measure on. "
                    + $"Add one, or point to {train} to have one image in {TestShare} held out as test images."
            );
        var classes = Classes(train);
        var unknown = Classes(test).Except(classes).ToList();
        if (unknown.Count > 0)
            throw new ImageSourceException(
                $"{test} has classes that {train} has not: {string.Join(", ", unknown.Take(5))}. Give both the same class folders."
            );
        return new FolderFiles(classes, Files(train, classes).ToList(), Files(test, classes).ToList()).Checked(root);
    }

    private static FolderFiles ListAndSplit(string root)
    {
        var classes = Classes(root);
        var parts = Files(root, classes).ToLookup(file => IsTest(Path.GetRelativePath(root, file.Path)));
        return new FolderFiles(classes, parts[false].ToList(), parts[true].ToList()).Checked(root);
    }

    private static string[] Classes(string folder) =>
        Directory
            .GetDirectories(folder)
            .Select(path => Path.GetFileName(path)!)
            .Where(name => !name.StartsWith('.'))
            .Order(StringComparer.Ordinal)
            .ToArray();

    private static IEnumerable<LabelledFile> Files(string folder, string[] classes)
    {
        var deep = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = MaxDepth };
        for (var label = 0; label < classes.Length; label++)
        {
            var path = Path.Combine(folder, classes[label]);
            if (!Directory.Exists(path))
                continue;
            var files = Directory
                .EnumerateFiles(path, "*", deep)
                .Where(file => Extensions.Contains(Path.GetExtension(file)))
                .Order(StringComparer.Ordinal);
            foreach (var file in files)
                yield return new LabelledFile(file, label);
        }
    }

    private FolderFiles Checked(string root)
    {
        var layout =
            "Give every class a folder of its own, under train/ and test/ or under the root, "
            + $"with files that end with {string.Join(", ", Extensions)}.";
        if (ClassNames.Count == 0)
            throw new ImageSourceException($"{root} has no class folders. {layout}");
        var seen = Train.Concat(Test).Select(file => file.Label).ToHashSet();
        var empty = ClassNames.Where((_, label) => !seen.Contains(label)).ToList();
        if (empty.Count > 0)
            throw new ImageSourceException(
                $"{root} has no images of {empty.Count} of its {ClassNames.Count} classes: {string.Join(", ", empty.Take(5))}. {layout}"
            );
        if (Train.Count == 0 || Test.Count == 0)
            throw new ImageSourceException(
                $"{root} has {Train.Count} training and {Test.Count} test images; both are needed. {layout}"
            );
        return this;
    }
}
