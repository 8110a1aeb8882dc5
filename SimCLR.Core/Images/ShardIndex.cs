using System.Text.Json;
using System.Text.Json.Serialization;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Images;

/// <summary>So many images of one label, one after the other.</summary>
internal readonly record struct LabelRun(long Label, int Count)
{
    /// <summary>The runs of these labels, in order.</summary>
    internal static IReadOnlyList<LabelRun> Of(IEnumerable<long> labels)
    {
        var runs = new List<LabelRun>();
        foreach (var label in labels)
            if (runs.Count > 0 && runs[^1].Label == label)
                runs[^1] = new LabelRun(label, runs[^1].Count + 1);
            else
                runs.Add(new LabelRun(label, 1));
        return runs;
    }
}

/// <summary>A file of a shard folder: so many images [C, H, W], one after the other.</summary>
/// <param name="File">Its name.</param>
/// <param name="Labels">Of its images, in order.</param>
/// <param name="Damaged">How many of the files that it has taken could not be read and were left out.</param>
/// <param name="Sha256">Of its content, in hexadecimal digits.</param>
/// <param name="Written">When it was last written, in UTC ticks: with its length it tells whether the checksum must be taken again.</param>
/// <param name="Bytes">Its length, where images are whole; null: that of images of one size.</param>
internal sealed record Shard(
    string File,
    IReadOnlyList<LabelRun> Labels,
    int Damaged,
    string Sha256,
    long Written,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long? Bytes = null
)
{
    /// <summary>Number of images.</summary>
    internal long Count => Labels.Sum(run => (long)run.Count);

    /// <summary>Files that it has taken, damaged ones included.</summary>
    internal long Sources => Count + Damaged;

    /// <summary>One per image.</summary>
    internal IEnumerable<long> EachLabel => Labels.SelectMany(run => Enumerable.Repeat(run.Label, run.Count));
}

/// <summary>What a shard folder holds (docs/image-cache.md); its file is index.json.</summary>
/// <param name="Version">Of the format.</param>
/// <param name="Fingerprint">Of the files that the images come from, and of their size.</param>
/// <param name="Channels">C.</param>
/// <param name="Height">H, in pixels.</param>
/// <param name="Width">W, in pixels.</param>
/// <param name="Bits">Of each number: 8, or 16 with the lower byte first.</param>
/// <param name="ClassNames">The label is the index.</param>
/// <param name="Shards">In order; the first takes the first files of the split, the next those behind them, and so on.</param>
/// <param name="Whole">Whether images are whole: H and W are then their shorter sides.</param>
internal sealed record ShardIndex(
    int Version,
    string Fingerprint,
    int Channels,
    int Height,
    int Width,
    int Bits,
    IReadOnlyList<string> ClassNames,
    IReadOnlyList<Shard> Shards,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Whole = false
)
{
    internal const int CurrentVersion = 3;
    internal const string FileName = "index.json";

    private static readonly JsonSerializerOptions Options = new()
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Bytes of an image; of a whole one those of its square.</summary>
    internal int ImageBytes => checked(Channels * Height * Width * (Bits / 8));

    /// <summary>Bytes of a shard's file.</summary>
    internal long LengthOf(Shard shard) => shard.Bytes ?? shard.Count * ImageBytes;

    /// <summary>Files that the shards so far have taken.</summary>
    internal long Sources => Shards.Sum(shard => shard.Sources);

    /// <summary>How many of those were damaged.</summary>
    internal int Damaged => Shards.Sum(shard => shard.Damaged);

    /// <summary>Writes it into the folder, whole or not at all.</summary>
    internal void Save(string folder) =>
        AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Options));

    /// <summary>The folder's index, if it has one that is whole and of this version.</summary>
    /// <exception cref="IOException">It is there, but cannot be read.</exception>
    internal static ShardIndex? TryRead(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return null;
        try
        {
            var index = JsonSerializer.Deserialize<ShardIndex>(File.ReadAllText(path), Options);
            return index is { Version: CurrentVersion } ? index : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether it was made of these files for that purpose: its shards are named as they are written, and their labels are those of the files
    /// in order, but for the damaged ones.</summary>
    /// <param name="wanted">The index without shards.</param>
    /// <param name="files">Of the split.</param>
    internal bool IsOf(ShardIndex wanted, IReadOnlyList<LabelledFile> files)
    {
        var same =
            Fingerprint == wanted.Fingerprint
            && (Channels, Height, Width, Bits, Whole)
                == (wanted.Channels, wanted.Height, wanted.Width, wanted.Bits, wanted.Whole)
            && ClassNames.SequenceEqual(wanted.ClassNames);
        var possible = Shards.All(shard =>
            shard is { Damaged: >= 0 }
            && shard.Labels.All(run => run.Count > 0)
            && (Whole ? shard.Bytes >= shard.Count * WholePixels.SizeBytes : shard.Bytes is null)
        );
        if (!same || !possible || Shards.Sum(shard => shard.Sources) > files.Count)
            return false;
        var first = 0;
        for (var i = 0; i < Shards.Count; first += (int)Shards[i].Sources, i++)
            if (Shards[i].File != NameOf(i) || !HasTheLabelsOf(Shards[i], files, first))
                return false;
        return true;
    }

    /// <summary>What shards are named, by their number.</summary>
    internal string NameOf(int shard) => $"shard-{shard:D5}.u{Bits}";

    private static bool HasTheLabelsOf(Shard shard, IReadOnlyList<LabelledFile> files, int first)
    {
        var labels = shard.EachLabel.ToList();
        var at = 0;
        for (var i = 0; i < shard.Sources; i++)
            if (at < labels.Count && labels[at] == files[first + i].Label)
                at++;
        return at == labels.Count;
    }
}
