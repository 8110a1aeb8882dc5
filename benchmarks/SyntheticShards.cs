using SimCLR.Core.Images;

namespace SimCLR.Benchmarks;

/// <summary>A cache of noise, written without decoding anything.</summary>
internal static class SyntheticShards
{
    /// <summary>Writes it: squares, or whole images whose sides are as 4 to 3, every other one upright.</summary>
    internal static ImageSet Write(string folder, int count, int side, int bits = 8, bool whole = false)
    {
        var index = new ShardIndex(ShardIndex.CurrentVersion, "noise", 3, side, side, bits, ["a", "b"], [], whole);
        var longer = whole ? side + (side / 3 & ~1) : side;
        var noise = new byte[index.ImageBytes / side * longer];
        var perShard = (int)(ShardFolder.ShardBytes / noise.Length);
        var random = new Random(1);
        var shards = new List<Shard>();
        for (var start = 0; start < count; start += perShard)
        {
            var path = Path.Combine(folder, index.NameOf(shards.Count));
            var images = Math.Min(perShard, count - start);
            using (var file = File.Create(path))
            {
                for (var i = 0; i < images; i++)
                {
                    random.NextBytes(noise);
                    file.Write(noise);
                }
                if (whole)
                    file.Write(WholePixels.Table(Enumerable.Range(0, images).Select(Sides)));
            }
            var labels = LabelRun.Of(Enumerable.Range(0, images).Select(i => i % 2L));
            long? bytes = whole ? new FileInfo(path).Length : null;
            shards.Add(new Shard(Path.GetFileName(path), labels, 0, "", 0, bytes));
        }
        return new ShardFolder(folder, null, default).ToImageSet(index with { Shards = shards });

        (int, int) Sides(int image) => image % 2 == 0 ? (side, longer) : (longer, side);
    }
}
