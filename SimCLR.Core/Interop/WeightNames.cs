namespace SimCLR.Core.Interop;

/// <summary>
/// How a file names an encoder's tensors: Prefix, then perhaps another name for the first module, then the encoder's own name.
/// The encoders' own names are torchvision's (ResNet) and timm's (ViT); a block's shortcut, as ports made for CIFAR call it, is its downsample.
/// </summary>
/// <param name="Prefix">What the file puts before every name of the encoder, with its dot: "backbone.", "module.encoder_q.".</param>
public sealed record WeightNames(string Prefix = "")
{
    /// <summary>The encoder's own names, without a prefix.</summary>
    public static readonly WeightNames Own = new();

    /// <summary>The children of a torchvision ResNet by number, as when they are put into a Sequential (lightly's backbone.N).</summary>
    public static readonly WeightNames Numbered = new()
    {
        Modules = Children("conv1", "bn1", null, null, "layer1", "layer2", "layer3", "layer4"),
    };

    /// <summary>The same without the max pool, as CIFAR ports have it (f.N).</summary>
    public static readonly WeightNames NumberedWithoutPool = new()
    {
        Modules = Children("conv1", "bn1", null, "layer1", "layer2", "layer3", "layer4"),
    };

    /// <summary>The same without ReLU and max pool, where these are functions (lightly's own ResNet for CIFAR).</summary>
    public static readonly WeightNames NumberedLayers = new()
    {
        Modules = Children("conv1", "bn1", "layer1", "layer2", "layer3", "layer4"),
    };

    /// <summary>The file's names of first modules that differ from the encoder's: "0" for "conv1".</summary>
    public IReadOnlyDictionary<string, string> Modules { get; init; } = new Dictionary<string, string>();

    /// <summary>First modules, after the prefix, that belong to a head and are left out without complaint.</summary>
    public IReadOnlySet<string> Heads { get; init; } =
        new HashSet<string>
        {
            "fc",
            "head",
            "heads",
            "head_dist",
            "classifier",
            "linear",
            "projector",
            "projection",
            "projection_head",
            "proj_head",
            "predictor",
            "prototypes",
        };

    /// <summary>The names that fit a file best: of every prefix that occurs in it, and of own and numbered names, those that give
    /// most of the encoder's tensors.</summary>
    /// <param name="inFile">Names of the file's tensors.</param>
    /// <param name="inEncoder">Names of the encoder's.</param>
    /// <exception cref="ArgumentException">Two prefixes fit equally, as in a checkpoint with a momentum encoder, or none does.</exception>
    public static WeightNames Detect(IReadOnlyCollection<string> inFile, IReadOnlyCollection<string> inEncoder)
    {
        var known = inEncoder.ToHashSet();
        var candidates =
            from names in (WeightNames[])[Own, Numbered, NumberedWithoutPool, NumberedLayers]
            from prefix in Prefixes(inFile)
            let candidate = names with
            {
                Prefix = prefix,
            }
            let fits = inFile.Count(name => candidate.ToOwn(name) is { } own && known.Contains(own))
            where fits > 0
            orderby fits descending
            select (Names: candidate, Fits: fits);
        var sorted = candidates.ToList();
        if (sorted.Count == 0)
            throw new ArgumentException(
                $"None of the {inFile.Count} names ({Listing.Of(inFile)}) belongs to this encoder ({Listing.Of(inEncoder)}). "
                    + "Is it the weights of another kind of network?"
            );
        // Own names come first and fit as they are, whatever numbers would be renamed.
        var equal = sorted
            .Where(candidate => candidate.Fits == sorted[0].Fits)
            .DistinctBy(c => c.Names.Prefix)
            .ToList();
        if (equal.Count > 1)
            throw new ArgumentException(
                "These prefixes fit equally: "
                    + string.Join(", ", equal.Select(candidate => $"'{candidate.Names.Prefix}'"))
                    + ". Say which to take: new WeightNames(prefix)."
            );
        return sorted[0].Names;
    }

    /// <summary>The encoder's name of a tensor of the file; null without the prefix.</summary>
    internal string? ToOwn(string inFile)
    {
        if (!inFile.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        var name = inFile[Prefix.Length..].Replace(".shortcut.", ".downsample.", StringComparison.Ordinal);
        var dot = name.IndexOf('.');
        return dot > 0 && Modules.TryGetValue(name[..dot], out var module) ? module + name[dot..] : name;
    }

    internal bool IsHead(string own) => Heads.Contains(own.Split('.')[0]);

    private static Dictionary<string, string> Children(params string?[] names) =>
        names
            .Select((name, index) => (name, index))
            .Where(child => child.name is not null)
            .ToDictionary(child => $"{child.index}", child => child.name!);

    /// <summary>Every beginning of a name that ends with a dot, and the empty one.</summary>
    private static HashSet<string> Prefixes(IEnumerable<string> names)
    {
        var prefixes = new HashSet<string> { "" };
        foreach (var name in names)
            for (var dot = name.IndexOf('.'); dot >= 0; dot = name.IndexOf('.', dot + 1))
                prefixes.Add(name[..(dot + 1)]);
        return prefixes;
    }
}

/// <summary>Long lists in messages.</summary>
internal static class Listing
{
    private const int Shown = 8;

    internal static string Of(IReadOnlyCollection<string> items) =>
        string.Join(", ", items.Take(Shown)) + (items.Count > Shown ? $" and {items.Count - Shown} more" : "");
}
