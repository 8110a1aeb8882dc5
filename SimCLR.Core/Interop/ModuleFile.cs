using System.Security.Cryptography;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Interop;

/// <summary>A module's parameters and buffers in a safetensors file under its own names, with the SHA-256 of the whole file to know it by.</summary>
public static class ModuleFile
{
    /// <summary>Writes the file whole or not at all.</summary>
    /// <param name="module">On any device.</param>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="notes">Stored beside the tensors, such as the training they come from.</param>
    /// <returns>SHA-256 of the file, in 64 hexadecimal digits of lower case.</returns>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written; a file that was there stays.</exception>
    public static string Save(nn.Module module, string path, IReadOnlyDictionary<string, string>? notes = null)
    {
        // Hugging Face's readers want to be told the framework.
        var metadata = new Dictionary<string, string>(notes ?? new Dictionary<string, string>()) { ["format"] = "pt" };
        var hash = "";
        AtomicFile.Write(
            path,
            stream =>
            {
                Safetensors.Write(stream, module.state_dict(), metadata);
                hash = Hash(stream);
            }
        );
        return hash;
    }

    /// <summary>Reads what <see cref="Save"/> wrote of a module of the same kind; the module stays on its device.</summary>
    /// <param name="module">Changed only if all of it fits.</param>
    /// <param name="path">The file.</param>
    /// <param name="sha256">What <see cref="Save"/> returned.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or of another module; the message says which.</exception>
    public static void Load(nn.Module module, string path, string sha256)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var stream = File.OpenRead(path);
        if (Hash(stream) != sha256)
            throw new InvalidDataException($"{path} is damaged: it does not have the checksum it was written with.");
        stream.Position = 0;
        var (tensors, _) = Safetensors.Read(stream, path);
        try
        {
            var state = module.state_dict();
            var stranger = state.FirstOrDefault(named =>
                !tensors.TryGetValue(named.Key, out var stored) || !stored.shape.SequenceEqual(named.Value.shape)
            );
            if (stranger.Key is not null || tensors.Count != state.Count)
                throw new InvalidDataException(
                    $"{path} is of another network: it has {tensors.Count} tensors and not the {state.Count} that are asked for"
                        + (stranger.Key is null ? "." : $"; {stranger.Key} is missing or of another shape.")
                );
            foreach (var (name, tensor) in state)
                tensor.copy_(tensors[name]);
        }
        finally
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
        }
    }

    private static string Hash(Stream stream)
    {
        stream.Position = 0;
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
