using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Images of one size, read from shards by position, several at a time.</summary>
internal sealed class ShardedPixels : PixelStore
{
    private readonly ShardFiles files;
    private readonly int imageBytes;

    internal ShardedPixels(string folder, ShardIndex index)
        : base(index.Shards.Sum(shard => shard.Count), index.Channels, index.Height, index.Width, index.Bits) =>
        (files, imageBytes) = (new ShardFiles(folder, index), index.ImageBytes);

    /// <exception cref="ImageSourceException">A shard is shorter than its index says.</exception>
    internal override Tensor Gather(Tensor places, PixelBuffer? buffer = null)
    {
        using var block = new PixelBlock(places.shape[0], Channels, Height, Width, Bits, buffer);
        ShardFiles.Each(
            places,
            (i, image) =>
            {
                var (shard, place) = files.Find(image);
                files.Read(shard, place * imageBytes, block.Image(i));
            }
        );
        return block.ToTensor();
    }

    protected override void Release() => files.Dispose();
}
