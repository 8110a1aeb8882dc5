using System.Globalization;

namespace SimCLR.Core.Runtime;

/// <summary>What tells whether a file is still what it was. A link is what it points to.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Written">When it was written last, UTC.</param>
internal readonly record struct FileState(long Length, DateTime Written)
{
    /// <summary>That of a file; null: there is none, or a link points nowhere.</summary>
    /// <exception cref="IOException">It cannot be asked.</exception>
    internal static FileState? Of(string path)
    {
        var file = new FileInfo(path);
        // Asked only of links: it is another call of the system.
        if (file.Exists && file.Attributes.HasFlag(FileAttributes.ReparsePoint))
            file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        return file.Exists ? new(file.Length, file.LastWriteTimeUtc) : null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Length} {Written.Ticks}");
}
