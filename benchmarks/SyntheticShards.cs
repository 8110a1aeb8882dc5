using SimCLR.Core.Images;

namespace SimCLR.Benchmarks;

/// <summary>A cache of noise, written without decoding anything.</summary>
internal static class SyntheticShards
{
    internal static ImageSet Write(string folder, int count, int side)
    {
        var index = new ShardIndex(ShardIndex.CurrentVersion, "noise", 3, side, side, 8, ["a", "b"], []);
        var perShard = (int)(ShardFolder.ShardBytes / index.ImageBytes);
        var noise = new byte[index.ImageBytes];
        var random = new Random(1);
        var shards = new List<Shard>();
        for (var start = 0; start < count; start += perShard)
        {
            var name = index.NameOf(shards.Count);
            var images = Math.Min(perShard, count - start);
            using (var file = File.Create(Path.Combine(folder, name)))
                for (var i = 0; i < images; i++)
                {
                    random.NextBytes(noise);
                    file.Write(noise);
                }
            shards.Add(new Shard(name, LabelRun.Of(Enumerable.Range(0, images).Select(i => i % 2L)), 0, "", 0));
        }
        return new ShardFolder(folder, null, default).ToImageSet(index with { Shards = shards });
    }
}
