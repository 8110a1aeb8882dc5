using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SimCLR.Core.Runtime;

/// <summary>
/// Loads libLibTorchSharp.so, also where libstdc++ is older than GCC 13's (Debian 12, Ubuntu 22.04).
/// </summary>
/// <remarks>
/// TorchSharp 0.107 asks for the symbol version GLIBCXX_3.4.32. The one symbol of that version, the marker
/// std::ios_base_library_init, is named by the header iostream and never called (no relocation refers to it). So a private copy
/// of the library whose version requirement is flagged weak (VER_FLG_WEAK, ELF gABI "Symbol Versioning") loads and runs
/// on libstdc++ 3.4.30. Nothing on the system is changed and no right is needed. Replacing libstdc++ itself on Debian 12 would
/// pull in libc6 and base-files of the next release.
/// </remarks>
internal static class Shim
{
    private const string Missing = "GLIBCXX_3.4.32";

    internal static (IntPtr Handle, bool Mended) Load(string path)
    {
        try
        {
            return (NativeLibrary.Load(path), false);
        }
        catch (DllNotFoundException error) when (error.Message.Contains($"`{Missing}' not found"))
        {
            return (LoadMended(path, error), true);
        }
        catch (DllNotFoundException error)
        {
            throw Unusable(path, error);
        }
    }

    private static IntPtr LoadMended(string path, Exception original)
    {
        try
        {
            return NativeLibrary.Load(MendedCopy(path));
        }
        catch (Exception error) when (error is DllNotFoundException or IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, new AggregateException(original, error));
        }
    }

    private static LibTorchNotFoundException Unusable(string path, Exception error) =>
        new(
            $"{path} does not load: {error.Message} "
                + (
                    error.Message.Contains("libstdc++")
                        ? "TorchSharp needs libstdc++ of GCC 12 or newer. "
                            + "Ways out: set LD_LIBRARY_PATH to a folder with a newer libstdc++.so.6 "
                            + "(conda: $CONDA_PREFIX/lib; RHEL: a gcc-toolset's lib64), or use a newer distribution."
                        : NativeFiles.RestoreAgain(path)
                ),
            error
        );

    /// <summary>The mended copy in the user's cache, named by content, written atomically.</summary>
    private static string MendedCopy(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var folder = UserCache.Folder("shim-" + Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
        var copy = Path.Combine(folder, Path.GetFileName(path));
        WeakenVersion(bytes, Missing);
        if (File.Exists(copy) && File.ReadAllBytes(copy).AsSpan().SequenceEqual(bytes))
            return copy;
        Directory.CreateDirectory(folder);
        var temporary = $"{copy}.{Environment.ProcessId}";
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, copy, overwrite: true);
        return copy;
    }

    /// <summary>Sets VER_FLG_WEAK in the Elf64_Vernaux entry { u32 hash; u16 flags; u16 other; u32 name; u32 next } of the version.</summary>
    /// <exception cref="InvalidDataException">The entry is not there exactly once.</exception>
    internal static void WeakenVersion(Span<byte> library, string version)
    {
        Span<byte> hash = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(hash, ElfHash(version));
        var at = library.IndexOf(hash);
        if (at < 0 || library[(at + 4)..].IndexOf(hash) >= 0)
            throw new InvalidDataException($"No single version entry {version} in the library.");
        BinaryPrimitives.WriteUInt16LittleEndian(library[(at + 4)..], 2);
    }

    /// <summary>The System V ABI's symbol hash.</summary>
    internal static uint ElfHash(string name)
    {
        uint hash = 0;
        foreach (var letter in name)
        {
            hash = (hash << 4) + letter;
            var high = hash & 0xf0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }
        return hash;
    }
}
