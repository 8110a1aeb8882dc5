using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using SimCLR.Core.Interop;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Training;

/// <summary>
/// The checkpoints of one training: safetensors files named step-STEP-HASH.safetensors, where HASH begins the SHA-256 of the content. So a file
/// is there whole, and a damaged one is known by its name. The last two are kept.
/// </summary>
/// <param name="path">The folder; made when something is saved.</param>
/// <param name="warn">Told, in words, of a damaged checkpoint, or one that could not be written or deleted.</param>
public sealed partial class CheckpointFolder(string path, Action<string>? warn = null)
{
    private const int Kept = 2;
    private const int HashDigits = 32;

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>A folder below this one, for one of several trainings; deleted with this one.</summary>
    /// <param name="name">Its name.</param>
    public CheckpointFolder In(string name) => new(System.IO.Path.Combine(Path, name), warn);

    /// <summary>Writes a checkpoint and deletes those before the last two. A disk that is full or not writable is no reason to stop a
    /// training: it is told, and the older checkpoints stay.</summary>
    /// <returns>Whether it was written.</returns>
    public bool Save(Checkpoint checkpoint)
    {
        var written = false;
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
            written = true;
            foreach (var old in Files().Skip(Kept))
                File.Delete(old);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var what = written ? "An old checkpoint could not be deleted" : $"No checkpoint at step {checkpoint.Step}";
            warn?.Invoke(
                $"{what}: {error.Message.TrimEnd('.')}. Training goes on; free disk space or make {Path} writable."
            );
        }
        return written;
    }

    /// <summary>The newest whole checkpoint; null where there is none. A damaged one, whose content does not have its checksum or is not
    /// safetensors, is renamed to *.damaged and told of.</summary>
    /// <exception cref="IOException">One is there and cannot be read; it may be whole, and stays as it is. The message names it.</exception>
    public Checkpoint? Newest()
    {
        // Only who takes a training up asks for its newest checkpoint.
        AtomicFile.ForgetUnfinished(Path);
        foreach (var file in Files())
        {
            try
            {
                return Read(file);
            }
            catch (InvalidDataException error)
            {
                File.Move(file, file + ".damaged", overwrite: true);
                warn?.Invoke(
                    $"The checkpoint {file} is damaged ({error.Message.TrimEnd('.')}); it was renamed to *.damaged, and the one before it is used."
                );
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new IOException(
                    $"The checkpoint {file} cannot be read: {error.Message.TrimEnd('.')}. Mend that and start again; or delete it to go on from the one before.",
                    error
                );
            }
        }
        return null;
    }

    /// <summary>The step of the newest checkpoint, as its name says; null where there is none. Nothing is read.</summary>
    public long? NewestStep => Files() is [var file, ..] ? StepOf(file) : null;

    /// <summary>Deletes all checkpoints, those of folders below too, and the folder if nothing else is in it.</summary>
    public void Delete()
    {
        if (!Directory.Exists(Path))
            return;
        foreach (var file in Directory.GetFiles(Path).Where(IsOurs))
            File.Delete(file);
        foreach (var below in Directory.GetDirectories(Path))
            new CheckpointFolder(below, warn).Delete();
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
        using var stream = File.OpenRead(file);
        if (Hash(stream) != Name().Match(file).Groups["hash"].Value)
            throw new InvalidDataException("its content does not have the checksum of its name");
        var (tensors, notes) = Safetensors.Read(stream, file);
        return new Checkpoint(StepOf(file), tensors, notes) { Path = file };
    }

    private static long StepOf(string file) =>
        long.Parse(Name().Match(file).Groups["step"].Value, CultureInfo.InvariantCulture);

    private static string Hash(Stream stream)
    {
        stream.Position = 0;
        return Convert.ToHexStringLower(SHA256.HashData(stream))[..HashDigits];
    }

    [GeneratedRegex(@"step-(?<step>\d{9,18})-(?<hash>[0-9a-f]{32})\.safetensors$")]
    private static partial Regex Name();
}
