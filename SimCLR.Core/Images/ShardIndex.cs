using System.Text.Json;

namespace SimCLR.Core.Images;

/// <summary>A file of a shard folder: so many images [C, H, W] of uint8, one after the other.</summary>
/// <param name="File">Its name.</param>
/// <param name="Labels">One per image.</param>
/// <param name="Sha256">Of its content, in hexadecimal digits.</param>
/// <param name="Written">When it was last written, in UTC ticks: with its length it tells whether the checksum must be taken again.</param>
internal sealed record Shard(string File, long[] Labels, string Sha256, long Written);

/// <summary>What a shard folder holds (docs/image-cache.md); its file is index.json.</summary>
/// <param name="Version">Of the format.</param>
/// <param name="Fingerprint">Of the files that the images come from, and of their size.</param>
/// <param name="Channels">C.</param>
/// <param name="Height">H, in pixels.</param>
/// <param name="Width">W, in pixels.</param>
/// <param name="ClassNames">The label is the index.</param>
/// <param name="Sources">Files of the split, in order, that the shards so far have taken.</param>
/// <param name="Damaged">How many of those could not be read and were left out.</param>
/// <param name="Shards">In order.</param>
internal sealed record ShardIndex(
    int Version,
    string Fingerprint,
    int Channels,
    int Height,
    int Width,
    IReadOnlyList<string> ClassNames,
    int Sources,
    int Damaged,
    IReadOnlyList<Shard> Shards
)
{
    internal const int CurrentVersion = 1;
    internal const string FileName = "index.json";

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Bytes of an image.</summary>
    internal int ImageBytes => checked(Channels * Height * Width);

    internal string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>The folder's index, if it has one that is whole.</summary>
    internal static ShardIndex? TryRead(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return null;
        try
        {
            var index = JsonSerializer.Deserialize<ShardIndex>(File.ReadAllText(path), Options);
            return index is { Version: CurrentVersion, Channels: > 0, Height: > 0, Width: > 0 } ? index : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
