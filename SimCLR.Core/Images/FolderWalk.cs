using System.IO.Enumeration;

namespace SimCLR.Core.Images;

/// <summary>
/// The image files below a folder. Linked files are followed; linked folders are not, but where the walk begins: a link to a folder above
/// would show its images again, under another class.
/// </summary>
internal sealed class FolderWalk
{
    private const int MaxDepth = 16;

    private static readonly EnumerationOptions Options = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Endings =
        FolderFiles.Extensions.GetAlternateLookup<ReadOnlySpan<char>>();

    private readonly List<string> files = [];
    private readonly SortedDictionary<string, int> others = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Walks. Names that begin with a dot are passed over.</summary>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder may not be read.</exception>
    internal FolderWalk(string folder)
    {
        var whole = Path.GetFullPath(folder);
        Visit(whole, 0);
        // All begin with the folder.
        files.Sort((a, b) => string.CompareOrdinal(a, whole.Length, b, whole.Length, int.MaxValue));
        HoldsFoldersOnly =
            files.All(file => file.LastIndexOf(Path.DirectorySeparatorChar) > whole.Length) && Folders.Count > 0;
    }

    /// <summary>Paths, sorted (ordinal).</summary>
    internal IReadOnlyList<string> Files => files;

    /// <summary>How many files end otherwise, by their ending.</summary>
    internal IReadOnlyDictionary<string, int> Others => others;

    /// <summary>Linked folders that were not followed.</summary>
    internal List<string> Links { get; } = [];

    /// <summary>Names of the folders right in it.</summary>
    internal HashSet<string> Folders { get; } = [];

    /// <summary>Whether all images lie in folders of it.</summary>
    internal bool HoldsFoldersOnly { get; }

    private void Visit(string folder, int depth)
    {
        // Of a million files nothing is made but their paths.
        var entries = new FileSystemEnumerable<(string Path, bool IsFolder, bool IsLink)>(folder, Found, Options)
        {
            ShouldIncludePredicate = IsOfUse,
        };
        foreach (var (path, isFolder, isLink) in entries)
            if (!isFolder)
                files.Add(path);
            else if (isLink)
                Links.Add(path);
            else if (depth < MaxDepth)
            {
                if (depth == 0)
                    Folders.Add(Path.GetFileName(path));
                Visit(path, depth + 1);
            }
    }

    private static (string, bool, bool) Found(ref FileSystemEntry entry) =>
        (
            entry.ToFullPath(),
            entry.IsDirectory,
            entry.IsDirectory && entry.Attributes.HasFlag(FileAttributes.ReparsePoint)
        );

    /// <summary>Folders, and files that end as images do; other files are counted.</summary>
    private bool IsOfUse(ref FileSystemEntry entry)
    {
        if (entry.FileName[0] == '.')
            return false;
        if (entry.IsDirectory)
            return true;
        var ending = Path.GetExtension(entry.FileName);
        if (Endings.Contains(ending))
            return true;
        var other = ending.ToString();
        others[other] = others.GetValueOrDefault(other) + 1;
        return false;
    }
}
