using System.Buffers;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Whole images, whose shorter sides are equal, read from shards. As images of one size they are the squares at their centres.</summary>
internal sealed class WholePixels : PixelStore
{
    /// <summary>Bytes of an image's height and width behind the images of a shard.</summary>
    internal const int SizeBytes = 2 * sizeof(int);

    private readonly ShardFiles files;
    private readonly Tensor sizes; // [N, 2], int64
    private readonly long[] offsets; // Of each image in its shard.

    internal WholePixels(string folder, ShardIndex index)
        : base(index.Shards.Sum(shard => shard.Count), index.Channels, index.Height, index.Width, index.Bits)
    {
        files = new ShardFiles(folder, index);
        var all = new long[2 * Count];
        offsets = new long[Count];
        var image = 0L;
        for (var number = 0; number < files.Shards.Count; number++)
        {
            var shard = files.Shards[number];
            var read = new byte[shard.Count * SizeBytes];
            files.Read(number, shard.Bytes!.Value - read.Length, read);
            var offset = 0L;
            for (var i = 0; i < shard.Count; i++, image++)
            {
                var (height, width) = SizeOf(read, i);
                (all[2 * image], all[2 * image + 1], offsets[image]) = (height, width, offset);
                offset += BytesOf(height, width);
            }
        }
        using var scope = NewDisposeScope();
        sizes = torch.tensor(all, device: CPU).view(-1, 2).DetachFromDisposeScope();
    }

    internal override bool IsWhole => true;

    internal override Tensor Sizes(Tensor places)
    {
        using var here = places.to(sizes.device, copy: true);
        return sizes.index_select(0, here);
    }

    /// <exception cref="ImageSourceException">A shard is shorter than its index says.</exception>
    internal override WholeImages Whole(Tensor places, PixelBuffer? buffer = null)
    {
        using var chosen = Sizes(places);
        var extents = chosen.data<long>().ToArray().Chunk(2).Select(size => ((int)size[0], (int)size[1])).ToArray();
        using var block = new PixelBlock(extents, Channels, Bits, buffer);
        ShardFiles.Each(places, (i, image) => Read(image, block.Image(i)));
        return new WholeImages(block.ToTensor(), extents, Channels);
    }

    /// <summary>The squares at the centres.</summary>
    /// <exception cref="ImageSourceException">A shard is shorter than its index says.</exception>
    internal override Tensor Gather(Tensor places, PixelBuffer? buffer = null)
    {
        using var chosen = Sizes(places);
        var extents = chosen.data<long>().ToArray();
        using var block = new PixelBlock(places.shape[0], Channels, Height, Width, Bits, buffer);
        ShardFiles.Each(places, (i, image) => ReadSquare(image, extents[2 * i], extents[2 * i + 1], block.Image(i)));
        return block.ToTensor();
    }

    protected override void Release()
    {
        files.Dispose();
        sizes.Dispose();
    }

    /// <summary>What stands behind the images of a shard: height and width of each, of 32 bits, the lowest byte first.</summary>
    internal static byte[] Table(IEnumerable<(int Height, int Width)> sizes)
    {
        int[] numbers = [.. sizes.SelectMany(size => new[] { size.Height, size.Width })];
        return MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray();
    }

    private static (int Height, int Width) SizeOf(byte[] table, int image)
    {
        var numbers = MemoryMarshal.Cast<byte, int>(table);
        return (numbers[2 * image], numbers[2 * image + 1]);
    }

    private long BytesOf(long height, long width) => Channels * height * width * (Bits / 8);

    private void Read(long image, Span<byte> into) => files.Read(files.Find(image).Shard, offsets[image], into);

    private void ReadSquare(long image, long height, long width, Span<byte> square)
    {
        var size = (int)BytesOf(height, width);
        var whole = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            Read(image, whole.AsSpan(0, size));
            var (row, all) = ((int)Width * (Bits / 8), (int)width * (Bits / 8));
            var start = (int)((height - Height) / 2) * all + (all - row) / 2;
            for (var plane = 0; plane < Channels; plane++)
            for (var y = 0; y < Height; y++)
                whole
                    .AsSpan(plane * (int)height * all + start + y * all, row)
                    .CopyTo(square[((plane * (int)Height + y) * row)..]);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }
}
