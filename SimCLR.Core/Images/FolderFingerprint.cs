using System.Globalization;
using System.Security.Cryptography;
using System.Text.Unicode;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Images;

/// <summary>What an image folder holds, as 16 hexadecimal digits of SHA-256: the same for copies in other places and of other times.</summary>
internal static class FolderFingerprint
{
    /// <summary>Files of whose content a part is looked at, spread over the folder.</summary>
    private const int Looked = 64;

    private const int PartBytes = 64 << 10;

    /// <summary>Over the relative paths, labels and lengths of all files, and the first 64 KiB of 64 of them.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    internal static string Of(string root, FolderFiles files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        LabelledFile[] all = [.. files.Train, .. files.Test, .. files.Unlabelled];
        var lengths = FileQuestions.Ask(all, file => Length(file.Path));
        var line = new byte[FileQuestions.LongestLine];
        for (var i = 0; i < all.Length; i++)
        {
            var name = Path.GetRelativePath(root, all[i].Path).Replace(Path.DirectorySeparatorChar, '/');
            Utf8.TryWrite(
                line,
                CultureInfo.InvariantCulture,
                $"{name}\0{all[i].Label}\0{lengths[i]}\n",
                out var length
            );
            hash.AppendData(line, 0, length);
        }
        var buffer = new byte[PartBytes];
        for (var i = 0; i < all.Length; i += Math.Max(1, all.Length / Looked))
            if (Length(all[i].Path) > 0)
            {
                using var file = File.OpenRead(all[i].Path);
                hash.AppendData(buffer, 0, file.ReadAtLeast(buffer, PartBytes, throwOnEndOfStream: false));
            }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    /// <summary>A broken link has none.</summary>
    private static long Length(string path) => FileState.Of(path)?.Length ?? 0;
}
