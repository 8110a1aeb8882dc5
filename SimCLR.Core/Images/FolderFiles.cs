using System.Security.Cryptography;
using System.Text;

namespace SimCLR.Core.Images;

/// <summary>An image file and its label.</summary>
internal readonly record struct LabelledFile(string Path, long Label);

/// <summary>The files of an image folder, sorted by name (ordinal), so that every machine sees the same order.</summary>
/// <param name="ClassNames">The label is the index.</param>
/// <param name="Train">To train on.</param>
/// <param name="Test">To measure on.</param>
/// <param name="Unlabelled">To pretrain on beside the training images; their label is -1.</param>
/// <param name="Warnings">What is unusual, in words.</param>
internal sealed record FolderFiles(
    IReadOnlyList<string> ClassNames,
    IReadOnlyList<LabelledFile> Train,
    IReadOnlyList<LabelledFile> Test,
    IReadOnlyList<LabelledFile> Unlabelled,
    IReadOnlyList<string> Warnings
)
{
    /// <summary>What a file's name may end with.</summary>
    internal static readonly HashSet<string> Extensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".bmp",
        ".webp",
        ".gif",
        ".tif",
        ".tiff",
        ".avif",
    };

    private const int TestShare = 5;
    private const int Named = 5;

    private static readonly string[] TrainNames = ["train", "training"];
    private static readonly string[] TestNames = ["test", "testing", "val", "valid", "validation"];
    private static readonly string[] UnlabelledNames = ["unlabelled", "unlabeled"];

    /// <summary>Lists train/, test/ (or val/, validation/) and unlabelled/, in any case of letters, or, without them, splits the class folders; without
    /// labels all images below train/ and test/, or below the root.</summary>
    /// <exception cref="ImageSourceException">The folder is not laid out as stated, or cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal static FolderFiles List(string root, bool labelled = true, CancellationToken cancellation = default)
    {
        if (!Directory.Exists(root))
            throw new ImageSourceException(
                $"{root} is not a folder. Point to one with train/CLASS/*.jpg and test/CLASS/*.jpg, or with CLASS/*.jpg."
            )
            {
                IsMissing = true,
            };
        try
        {
            return new Listing(root, cancellation).List(labelled);
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

    /// <summary>Lists one folder.</summary>
    private sealed class Listing(string root, CancellationToken cancellation)
    {
        private readonly List<string> warnings = [];
        private readonly SortedDictionary<string, int> others = new(StringComparer.OrdinalIgnoreCase);
        private readonly List<string> links = [];

        internal FolderFiles List(bool labelled)
        {
            var (train, test) = (Split(TrainNames), Split(TestNames));
            var files =
                !labelled ? Unlabelled(train, test)
                : train is not null ? Splits(train, test)
                : test is not null
                    ? throw new ImageSourceException(
                        $"{root} has {Path.GetFileName(test)}/, but no train/: nothing to train on. Add it, or point to {test} "
                            + $"to have one image in {TestShare} held out as test images."
                    )
                : SplitByName();
            Warn();
            return files with { Warnings = warnings };
        }

        private FolderFiles Splits(string train, string? test)
        {
            if (test is null)
                throw new ImageSourceException(
                    $"{root} has {Path.GetFileName(train)}/, but none of {string.Join(", ", TestNames)}: nothing to measure on. "
                        + $"Add one, or point to {train} to have one image in {TestShare} held out as test images."
                );
            var classes = Classes(train);
            var unknown = Classes(test).Except(classes).ToList();
            if (unknown.Count > 0)
                throw new ImageSourceException(
                    $"{test} has classes that {train} has not: {string.Join(", ", unknown.Take(Named))}. Give both the same class folders."
                );
            var unlabelled = Split(UnlabelledNames) is { } more ? Below(more).ToList() : [];
            return Checked(classes, Labelled(train, classes), Labelled(test, classes)) with { Unlabelled = unlabelled };
        }

        private FolderFiles SplitByName()
        {
            var classes = Classes(root);
            var parts = Labelled(root, classes).ToLookup(IsTestImage);
            return Checked(classes, [.. parts[false]], [.. parts[true]]);
        }

        private FolderFiles Unlabelled(string? train, string? test)
        {
            var (learnt, measured) = train is not null && test is not null ? (Below(train), Below(test)) : Parts();
            if (learnt.Count == 0 || measured.Count == 0)
                throw new ImageSourceException(
                    $"{root} has {learnt.Count} images to train and {measured.Count} to measure on; both are needed. "
                        + $"Files must end with {string.Join(", ", Extensions)}."
                );
            return new FolderFiles([], learnt, measured, [], []);

            (IReadOnlyList<LabelledFile>, IReadOnlyList<LabelledFile>) Parts()
            {
                var parts = Below(root).ToLookup(IsTestImage);
                return ([.. parts[false]], [.. parts[true]]);
            }
        }

        private bool IsTestImage(LabelledFile file) => IsTest(Path.GetRelativePath(root, file.Path));

        /// <summary>The folder of a split, whose first name comes first; letters of any case.</summary>
        private string? Split(string[] names)
        {
            var folders = Directory.GetDirectories(root);
            foreach (var name in names)
            {
                var found = folders
                    .Where(path => Path.GetFileName(path).Equals(name, StringComparison.OrdinalIgnoreCase))
                    .ToList();
                if (found.Count > 1)
                    throw new ImageSourceException(
                        $"{root} has {string.Join(" and ", found.Select(Path.GetFileName))}, which differ in the case of their letters alone. Keep one."
                    );
                if (found.Count == 1)
                    return found[0];
            }
            return null;
        }

        private static string[] Classes(string folder) =>
            Directory
                .GetDirectories(folder)
                .Select(path => Path.GetFileName(path)!)
                .Where(name => !name.StartsWith('.'))
                .Order(StringComparer.Ordinal)
                .ToArray();

        private List<LabelledFile> Below(string folder) =>
            [.. Walk(folder).Files.Select(file => new LabelledFile(file, -1))];

        private List<LabelledFile> Labelled(string folder, string[] classes)
        {
            var places = classes.Select(name => Path.Combine(folder, name)).ToList();
            CheckLinks(folder, places);
            var walks = FileQuestions.Ask(
                places,
                path => Directory.Exists(path) ? new FolderWalk(path) : null,
                cancellation
            );
            foreach (var walk in walks.OfType<FolderWalk>())
                Note(walk);
            CheckNesting(folder, classes, walks);
            return
            [
                .. walks.SelectMany((walk, label) => walk?.Files.Select(file => new LabelledFile(file, label)) ?? []),
            ];
        }

        private FolderWalk Walk(string folder)
        {
            var walk = new FolderWalk(folder);
            Note(walk);
            return walk;
        }

        /// <summary>Keeps what is to be told of.</summary>
        private void Note(FolderWalk walk)
        {
            foreach (var (ending, count) in walk.Others)
                others[ending] = others.GetValueOrDefault(ending) + count;
            links.AddRange(walk.Links);
        }

        /// <summary>Class folders may be links, but not to one another or to a folder that they lie in.</summary>
        private static void CheckLinks(string folder, IReadOnlyList<string> places)
        {
            var seen = new Dictionary<string, string>();
            var here = Path.GetFullPath(folder) + Path.DirectorySeparatorChar;
            foreach (var place in places.Where(Directory.Exists))
            {
                var target = Directory.ResolveLinkTarget(place, returnFinalTarget: true)?.FullName ?? place;
                target = Path.GetFullPath(target);
                if (here.StartsWith(target + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                    throw new ImageSourceException(
                        $"{place} is a link to {target}, in which it lies: its images would be those of all classes. Delete the link."
                    );
                if (!seen.TryAdd(target, place))
                    throw new ImageSourceException(
                        $"{place} and {seen[target]} are one folder, so that its images would be of two classes. Delete one."
                    );
            }
        }

        /// <summary>Class folders that hold nothing but folders of the same names are splits, or a level too many.</summary>
        private void CheckNesting(string folder, string[] classes, IReadOnlyList<FolderWalk?> walks)
        {
            var nested = walks.OfType<FolderWalk>().Where(walk => walk.HoldsFoldersOnly).ToList();
            if (nested.Count == 0)
                return;
            var common = nested.Select(walk => walk.Folders).Aggregate((a, b) => [.. a.Intersect(b)]);
            if (nested.Count > 1 && nested.Count == classes.Length && common.Count > 0)
                throw new ImageSourceException(
                    $"{folder}: {string.Join(", ", classes.Take(Named))} hold no images, but folders of the same names ({string.Join(", ", common.Order().Take(Named))}), which may be the classes. "
                        + "Lay the images out as train/CLASS/* and test/CLASS/*, or point to a folder whose folders are the classes."
                );
            warnings.Add(
                $"{folder}: {nested.Count} of {classes.Length} class folders hold no images, but folders with images; each is one class."
            );
        }

        private void Warn()
        {
            if (links.Count > 0)
                warnings.Add(
                    $"{root}: {links.Count} linked folders within classes are not followed: {string.Join(", ", links.Take(Named))}."
                );
            if (others.Count > 0)
                warnings.Add(
                    $"{root}: left out are files that end with "
                        + string.Join(
                            ", ",
                            others
                                .Take(2 * Named)
                                .Select(ending => $"{(ending.Key == "" ? "nothing" : ending.Key)} ({ending.Value})")
                        )
                        + (others.Count > 2 * Named ? " and others." : ".")
                );
        }

        private FolderFiles Checked(
            string[] classes,
            IReadOnlyList<LabelledFile> train,
            IReadOnlyList<LabelledFile> test
        )
        {
            var layout =
                "Give every class a folder of its own, under train/ and test/ or under the root, "
                + $"with files that end with {string.Join(", ", Extensions)}.";
            if (classes.Length == 0)
                throw new ImageSourceException(
                    $"{root} has no class folders. {layout} For images without labels there is Images.unlabelled."
                );
            var seen = train.Concat(test).Select(file => file.Label).ToHashSet();
            var empty = classes.Where((_, label) => !seen.Contains(label)).ToList();
            if (empty.Count > 0)
                throw new ImageSourceException(
                    $"{root} has no images of {empty.Count} of its {classes.Length} classes: {string.Join(", ", empty.Take(Named))}. {layout}"
                );
            if (train.Count == 0 || test.Count == 0)
                throw new ImageSourceException(
                    $"{root} has {train.Count} training and {test.Count} test images; both are needed. {layout}"
                );
            if (classes.Length == 1)
                warnings.Add(
                    $"{root} has a single class, {classes[0]}: accuracies are 100 % and say nothing. For images without labels there is Images.unlabelled."
                );
            return new FolderFiles(classes, train, test, [], []);
        }
    }
}
