namespace SimCLR.Core.Images;

/// <summary>
/// The image files below a folder. Linked files are followed; linked folders are not, but where the walk begins: a link to a folder above
/// would show its images again, under another class.
/// </summary>
internal sealed class FolderWalk
{
    private const int MaxDepth = 16;

    private readonly List<string> files = [];
    private readonly SortedDictionary<string, int> others = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Walks. Names that begin with a dot are passed over.</summary>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder may not be read.</exception>
    internal FolderWalk(string folder)
    {
        Visit(new DirectoryInfo(folder), 0);
        files.Sort(StringComparer.Ordinal);
        HoldsFoldersOnly = !files.Any(file => Path.GetDirectoryName(file) == folder) && Folders.Count > 0;
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

    private void Visit(DirectoryInfo folder, int depth)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (entry.Name.StartsWith('.'))
                continue;
            if (entry is not DirectoryInfo inner)
                Add(entry);
            else if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
                Links.Add(entry.FullName);
            else if (depth < MaxDepth)
            {
                if (depth == 0)
                    Folders.Add(entry.Name);
                Visit(inner, depth + 1);
            }
        }
    }

    private void Add(FileSystemInfo file)
    {
        var ending = Path.GetExtension(file.Name);
        if (FolderFiles.Extensions.Contains(ending))
            files.Add(file.FullName);
        else
            others[ending] = others.GetValueOrDefault(ending) + 1;
    }
}
