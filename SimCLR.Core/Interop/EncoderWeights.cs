using SimCLR.Core.Encoders;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Interop;

/// <summary>What was read into an encoder.</summary>
/// <param name="Names">How the file names its tensors.</param>
/// <param name="Ignored">Tensors of the file that are not the encoder's: of heads, or without the prefix.</param>
/// <param name="Notes">The file's notes.</param>
public sealed record LoadedWeights(
    WeightNames Names,
    IReadOnlyList<string> Ignored,
    IReadOnlyDictionary<string, string> Notes
);

/// <summary>An encoder's weights in a safetensors file, under the names that torchvision (ResNet) and timm (ViT) have.</summary>
public static class EncoderWeights
{
    private const string Counter = "num_batches_tracked";

    /// <summary>Writes parameters and batch-norm statistics, so that torchvision's network of the same kind loads them with strict=True
    /// once its classifier is an Identity. The file appears when it is complete.</summary>
    /// <param name="encoder">The encoder, on any device.</param>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="notes">Stored beside the tensors, such as the training they come from.</param>
    /// <returns>SHA-256 of the file, in 64 hexadecimal digits of lower case.</returns>
    /// <exception cref="IOException">The disk is full, or the folder cannot be written; a file that was there stays.</exception>
    public static string Save(Encoder encoder, string path, IReadOnlyDictionary<string, string>? notes = null) =>
        ModuleFile.Save(encoder, path, notes);

    /// <summary>Reads weights into an encoder of the same kind. Other float formats are converted; the encoder stays on its device.
    /// Counters of batch norm (num_batches_tracked) may be absent; a transformer's positions are interpolated where they were learned for images of another size.</summary>
    /// <param name="encoder">Changed only if all of it fits.</param>
    /// <param name="path">A safetensors file.</param>
    /// <param name="names">How the file names its tensors; by default that is found out.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not safetensors, or its tensors are not the encoder's: the message lists those
    /// that are missing, unexpected, or of another shape, or names one that has values that are not finite.</exception>
    public static LoadedWeights Load(Encoder encoder, string path, WeightNames? names = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var stream = File.OpenRead(path);
        var inFile = Safetensors.Names(stream, path);
        var state = encoder.state_dict();
        names ??= Detect(path, inFile, state.Keys);
        bool IsOwn(string name) => names.ToOwn(name) is { } own && state.ContainsKey(own);
        var (tensors, notes) = Safetensors.Read(stream, path, IsOwn);
        try
        {
            var byName = tensors.Keys.ToLookup(names.ToOwn);
            var found = byName.ToDictionary(
                entry => entry.Key!,
                entry => Resized(encoder, entry.Key!, tensors[entry.First()])
            );
            var strangers = inFile.Where(name => !IsOwn(name)).ToList();
            var ignored = strangers
                .Where(name => names.ToOwn(name) is not { } own || names.IsHead(own))
                .Order(StringComparer.Ordinal)
                .ToList();
            Check(path, state, found, [.. strangers.Except(ignored)]);
            foreach (var (name, tensor) in tensors)
                CheckFinite(path, name, tensor);
            foreach (var (name, tensor) in found)
                state[name].copy_(tensor);
            return new LoadedWeights(names, ignored, notes);
        }
        finally
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
        }
    }

    private static Tensor Resized(Encoder encoder, string name, Tensor stored) =>
        encoder is ISizedWeights sized ? sized.Resized(name, stored) : stored;

    private static WeightNames Detect(string path, IReadOnlyCollection<string> inFile, IEnumerable<string> inEncoder)
    {
        try
        {
            return WeightNames.Detect(inFile, [.. inEncoder]);
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
    }

    private static void Check(
        string path,
        Dictionary<string, Tensor> state,
        Dictionary<string, Tensor> found,
        List<string> unexpected
    )
    {
        List<string> missing = [.. state.Keys.Where(name => !found.ContainsKey(name) && !name.EndsWith(Counter))];
        List<string> otherShape =
        [
            .. found
                .Where(entry => !entry.Value.shape.SequenceEqual(state[entry.Key].shape))
                .Select(entry => $"{entry.Key} {Shape(entry.Value)} instead of {Shape(state[entry.Key])}"),
        ];
        List<string> wrong = [];
        if (missing.Count > 0)
            wrong.Add($"missing: {Listing.Of(missing)}");
        if (unexpected.Count > 0)
            wrong.Add($"unexpected: {Listing.Of(unexpected)}");
        if (otherShape.Count > 0)
            wrong.Add($"of another shape: {Listing.Of(otherShape)}");
        if (wrong.Count > 0)
            throw new InvalidDataException(
                $"The weights of {path} do not fit the encoder. {string.Join("; ", wrong)}. "
                    + "Make the encoder with the depth, width, stem and number of channels that the file was written with."
            );
    }

    private static void CheckFinite(string path, string name, Tensor tensor)
    {
        if (!tensor.is_floating_point())
            return;
        var count = tensor.isfinite().logical_not().sum().ToInt64();
        if (count > 0)
            throw new InvalidDataException(
                $"{path}: {count} of the {tensor.numel()} values of '{name}' are not finite, so that nothing can be computed with these weights. "
                    + "Write the file again from a training that has not diverged."
            );
    }

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
