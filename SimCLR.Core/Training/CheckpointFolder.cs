using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using SimCLR.Core.Interop;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>Where a run stood: named tensors and notes.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Tensors">On the CPU.</param>
/// <param name="Notes">Texts by name.</param>
public sealed record Checkpoint(
    long Step,
    IReadOnlyDictionary<string, Tensor> Tensors,
    IReadOnlyDictionary<string, string> Notes
) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Tensors.Values)
            tensor.Dispose();
    }
}

/// <summary>
/// The checkpoints of one run: safetensors files named step-STEP-HASH.safetensors, where HASH begins the SHA-256 of the content. So a file
/// is there whole, and a damaged one is known by its name. The last two are kept.
/// </summary>
/// <param name="path">The folder; made when something is saved.</param>
/// <param name="warn">Told, in words, of a damaged checkpoint or one that could not be written.</param>
public sealed partial class CheckpointFolder(string path, Action<string>? warn = null)
{
    private const int Kept = 2;
    private const int HashDigits = 32;

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>Writes a checkpoint and deletes those before the last two. A disk that is full or not writable is no reason to stop a
    /// training: it is told, and the older checkpoints stay.</summary>
    /// <returns>Whether it was written.</returns>
    public bool Save(Checkpoint checkpoint)
    {
        try
        {
            AtomicFile.Write(
                Path,
                stream =>
                {
                    Safetensors.Write(stream, checkpoint.Tensors, checkpoint.Notes);
                    return $"step-{checkpoint.Step:D9}-{Hash(stream)}.safetensors";
                }
            );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            warn?.Invoke(
                $"No checkpoint at step {checkpoint.Step}: {error.Message.TrimEnd('.')}. Training goes on; free disk space or make {Path} writable."
            );
            return false;
        }
        foreach (var old in Files().Skip(Kept))
            File.Delete(old);
        return true;
    }

    /// <summary>The newest whole checkpoint; null where there is none. A damaged one is renamed to *.damaged and told of.</summary>
    public Checkpoint? Newest()
    {
        foreach (var file in Files())
        {
            try
            {
                return Read(file);
            }
            catch (Exception error) when (error is IOException or InvalidDataException)
            {
                File.Move(file, file + ".damaged", overwrite: true);
                warn?.Invoke(
                    $"The checkpoint {file} is damaged ({error.Message.TrimEnd('.')}); it was renamed to *.damaged, and the one before it is used."
                );
            }
        }
        return null;
    }

    /// <summary>Deletes all checkpoints, and the folder if nothing else is in it.</summary>
    public void Delete()
    {
        if (!Directory.Exists(Path))
            return;
        foreach (var file in Directory.GetFiles(Path).Where(IsOurs))
            File.Delete(file);
        if (!Directory.EnumerateFileSystemEntries(Path).Any())
            Directory.Delete(Path);
    }

    private static bool IsOurs(string file) => file.EndsWith(AtomicFile.TemporaryEnding) || Name().IsMatch(file);

    /// <summary>Newest first.</summary>
    private List<string> Files() =>
        Directory.Exists(Path)
            ? [.. Directory.GetFiles(Path).Where(file => Name().IsMatch(file)).OrderDescending(StringComparer.Ordinal)]
            : [];

    private static Checkpoint Read(string file)
    {
        var name = Name().Match(file);
        using var stream = File.OpenRead(file);
        if (Hash(stream) != name.Groups["hash"].Value)
            throw new InvalidDataException("its content does not have the checksum of its name");
        var (tensors, notes) = Safetensors.Read(stream, file);
        return new Checkpoint(long.Parse(name.Groups["step"].Value, CultureInfo.InvariantCulture), tensors, notes);
    }

    private static string Hash(Stream stream)
    {
        stream.Position = 0;
        return Convert.ToHexStringLower(SHA256.HashData(stream))[..HashDigits];
    }

    [GeneratedRegex(@"step-(?<step>\d{9,18})-(?<hash>[0-9a-f]{32})\.safetensors$")]
    private static partial Regex Name();
}
