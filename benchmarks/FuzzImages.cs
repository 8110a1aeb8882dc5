using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using NetVips;
using SimCLR.Core.Images;
using SimCLR.Core.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>The readers of SimCLR.Core, on data sets of a few images.</summary>
internal static class FuzzImages
{
    private static readonly CifarFormat Ten = Cifar10.Format with
    {
        TrainFiles = ["data_batch_1.bin"],
        RecordsPerTrainFile = 2,
        RecordsInTest = 1,
    };

    private static readonly CifarFormat Hundred = Cifar100.Format with { RecordsPerTrainFile = 2, RecordsInTest = 1 };
    private static readonly Stl10Format Stl = new(Train: 1, Test: 1, Unlabelled: 1);

    internal static IEnumerable<FuzzReader> All() =>
        [
            Cifar("CIFAR-10", Ten),
            Cifar("CIFAR-100", Hundred),
            StlFile("STL-10 images", "train_X.bin", Noise(3 * 96 * 96)),
            StlFile("STL-10 labels", "train_y.bin", [3]),
            IdxFile("IDX images", "train-images-idx3-ubyte", IdxImages(3)),
            IdxFile("IDX labels", "train-labels-idx1-ubyte", IdxLabels(3)),
            IdxFile("IDX .gz", "train-images-idx3-ubyte.gz", Zip(IdxImages(3))),
            IdxFile("IDX in .gz", "train-images-idx3-ubyte.gz", IdxImages(3)) with
            {
                Seal = Zip,
            },
            ImageFile("images, resized", 16),
            ImageFile("images, as they are", null),
            Weights(),
            TarFile("archive .tar.gz", [.. Tars().Select(Zip)]) with
            {
                Hostile = [.. EvilTars().Select(Zip)],
            },
            TarFile("archive .tar in .gz", Tars()) with
            {
                Seal = bytes => Zip(WithSums(bytes)),
                Hostile = EvilTars(),
            },
        ];

    private static FuzzReader Cifar(string name, CifarFormat format)
    {
        byte[] Records(int count) =>
            [.. Enumerable.Range(0, count).SelectMany(i => (byte[])[.. new byte[format.LabelBytes], .. Noise(3072)])];

        return new FuzzReader(
            name,
            format.TrainFiles[0],
            [Records(2)],
            typeof(ImageSourceException),
            (folder, _) => Taken(format.Load(folder, false, null, default)),
            folder => File.WriteAllBytes(Path.Combine(folder, format.TestFile), Records(1))
        );
    }

    private static FuzzReader StlFile(string name, string file, byte[] seed) =>
        new(
            name,
            file,
            [seed],
            typeof(ImageSourceException),
            (folder, _) => Taken(Stl.Load(folder, false, true, null, default)),
            folder =>
            {
                foreach (var split in new[] { "train", "test", "unlabeled" })
                    File.WriteAllBytes(Path.Combine(folder, $"{split}_X.bin"), Noise(3 * 96 * 96));
                foreach (var split in new[] { "train", "test" })
                    File.WriteAllBytes(Path.Combine(folder, $"{split}_y.bin"), [1]);
            }
        );

    private static FuzzReader IdxFile(string name, string file, byte[] seed) =>
        new(
            name,
            file,
            [seed],
            typeof(ImageSourceException),
            (folder, _) => Taken(new FashionMnist(folder).Load()),
            folder =>
            {
                foreach (var split in new[] { "train", "t10k" })
                {
                    var images = $"{split}-images-idx3-ubyte";
                    if (file != images + ".gz")
                        File.WriteAllBytes(Path.Combine(folder, images), IdxImages(3));
                    File.WriteAllBytes(Path.Combine(folder, $"{split}-labels-idx1-ubyte"), IdxLabels(3));
                }
            }
        );

    /// <summary>A damaged image beside intact ones, of one class, so that it is more than may be left out.</summary>
    private static FuzzReader ImageFile(string name, int? size)
    {
        return new FuzzReader(
            name,
            Path.Combine("train", "a", "1.png"),
            [.. Pictures(), Bmp(), Gif()],
            typeof(ImageSourceException),
            (folder, _) => Taken(new ImageFolder(folder, size).Load()),
            folder =>
            {
                foreach (var file in new[] { "train/a/0.png", "test/a/0.png" })
                {
                    var path = Path.Combine(folder, file);
                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    File.WriteAllBytes(path, Pictures()[0]);
                }
            }
        );
    }

    private static FuzzReader Weights() =>
        new(
            "safetensors",
            "model.safetensors",
            [SafetensorsFile(1), SafetensorsFile(7)],
            typeof(InvalidDataException),
            (_, path) =>
            {
                using var file = File.OpenRead(path);
                foreach (var tensor in Safetensors.Read(file, path).Tensors.Values)
                    tensor.Dispose();
                return null;
            }
        );

    private static FuzzReader TarFile(string name, IReadOnlyList<byte[]> seeds) =>
        new(
            name,
            Path.Combine("in", "data.tar.gz"),
            seeds,
            typeof(ImageSourceException),
            (folder, path) =>
            {
                try
                {
                    Archive.Extract(path, "top", Path.GetDirectoryName(path)!, 1 << 20);
                    return null;
                }
                finally
                {
                    CheckNothingEscaped(folder);
                }
            }
        );

    private static void CheckNothingEscaped(string folder)
    {
        var inside = Path.Combine(folder, "in");
        var top = Path.Combine(inside, "top");
        if (Directory.Exists(top))
            Directory.Delete(top, recursive: true);
        var left = Directory.GetFileSystemEntries(folder).Concat(Directory.GetFileSystemEntries(inside));
        if (left.Count() != 2)
            throw new InvalidOperationException($"something was written elsewhere: {string.Join(", ", left)}");
    }

    private static string? Taken(ImageSplits splits)
    {
        splits.Dispose();
        return null;
    }

    internal static byte[] Noise(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static byte[] IdxImages(byte count) =>
        [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28, .. Noise(count * 784)];

    private static byte[] IdxLabels(byte count) =>
        [0, 0, 8, 1, 0, 0, 0, count, .. Enumerable.Range(0, count).Select(i => (byte)i)];

    internal static byte[] Zip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var zipped = new GZipStream(output, CompressionLevel.Fastest))
            zipped.Write(bytes);
        return output.ToArray();
    }

    internal static byte[] Jpeg() => Pictures()[1];

    /// <summary>One picture of 24 x 24 pixels as PNG, JPEG and WebP, as PNG and TIFF of 16 bits, as a JPEG of inks and as TIFF and AVIF.</summary>
    private static byte[][] Pictures()
    {
        var pixels = (
            from y in Enumerable.Range(0, 24)
            from x in Enumerable.Range(0, 24)
            from value in new[] { 10 * x, 10 * y, x * y, 255 }
            select (byte)value
        ).ToArray();
        using var raw = Image.NewFromMemory(pixels, 24, 24, 4, Enums.BandFormat.Uchar);
        using var clear = raw.Copy(interpretation: Enums.Interpretation.Srgb);
        using var colour = clear.ExtractBand(0, 3);
        using var wide = (clear * 257).Cast(Enums.BandFormat.Ushort).Copy(interpretation: Enums.Interpretation.Rgb16);
        using var inks = raw.Copy(interpretation: Enums.Interpretation.Cmyk);
        return
        [
            clear.PngsaveBuffer(),
            colour.JpegsaveBuffer(q: 80),
            clear.WebpsaveBuffer(q: 80),
            wide.PngsaveBuffer(interlace: true),
            wide.TiffsaveBuffer(),
            inks.JpegsaveBuffer(q: 80),
            colour.TiffsaveBuffer(compression: Enums.ForeignTiffCompression.Lzw),
            colour.HeifsaveBuffer(compression: Enums.ForeignHeifCompression.Av1),
        ];
    }

    /// <summary>24 x 24 pixels of 24 bits.</summary>
    private static byte[] Bmp()
    {
        using var output = new MemoryStream();
        using var writer = new BinaryWriter(output);
        writer.Write("BM"u8);
        foreach (var number in new[] { 54 + 24 * 72, 0, 54, 40, 24, 24 })
            writer.Write(number);
        writer.Write((short)1);
        writer.Write((short)24);
        foreach (var number in new[] { 0, 24 * 72, 2835, 2835, 0, 0 })
            writer.Write(number);
        writer.Write(Noise(24 * 72));
        return output.ToArray();
    }

    /// <summary>24 x 24 pixels of two colours; codes of 3 bits with a clear before each is as plain as LZW gets.</summary>
    private static byte[] Gif()
    {
        var bits = new List<int>();
        for (var i = 0; i < 24 * 24; i++)
            foreach (var code in i % 2 == 0 ? new[] { 4, i / 24 % 2 } : [i % 3 % 2])
                bits.AddRange([code & 1, code >> 1 & 1, code >> 2 & 1]);
        bits.AddRange([1, 0, 1]);
        var data = bits.Chunk(8).Select(part => (byte)part.Select((bit, at) => bit << at).Sum()).ToArray();
        var blocks = data.Chunk(255).SelectMany(part => (byte[])[(byte)part.Length, .. part]);
        return
        [
            .. "GIF89a"u8,
            .. (byte[])[24, 0, 24, 0, 0x81, 0, 0],
            .. (byte[])[0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 255],
            .. (byte[])[0x2c, 0, 0, 0, 0, 24, 0, 24, 0, 0, 2],
            .. blocks,
            0,
            0x3b,
        ];
    }

    internal static byte[] SafetensorsFile(int tensors)
    {
        using var scope = NewDisposeScope();
        using var output = new MemoryStream();
        var types = new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Bool };
        var named = Enumerable
            .Range(0, tensors)
            .ToDictionary(i => $"layer.{i}.weight", i => zeros([i % 3, 3 + i], types[i % types.Length]));
        Safetensors.Write(output, named, new Dictionary<string, string> { ["epoch"] = "12" });
        return output.ToArray();
    }

    private static byte[][] Tars()
    {
        var name = $"top/{new string('d', 90)}/{new string('n', 90)}.bin";
        return
        [
            Tar(("top/", TarEntryType.Directory, ""), ("top/a.bin", TarEntryType.RegularFile, "")),
            Tar((name, TarEntryType.RegularFile, "")),
        ];
    }

    private static byte[][] EvilTars() =>
        [
            Tar(("top/link", TarEntryType.SymbolicLink, "../.."), ("top/link/evil", TarEntryType.RegularFile, "")),
            Tar(("top/a.bin", TarEntryType.RegularFile, ""), ("top/link", TarEntryType.HardLink, "top/a.bin")),
            Tar(("top/../../evil", TarEntryType.RegularFile, "")),
            Tar(("top/pipe", TarEntryType.Fifo, "")),
        ];

    private static byte[] Tar(params (string Name, TarEntryType Type, string Link)[] entries)
    {
        using var output = new MemoryStream();
        using (var writer = new TarWriter(output))
            foreach (var (name, type, link) in entries)
            {
                // Both kinds of notes about entries: GNU's long names and pax's extended headers.
                TarEntry entry = name.Length > 100 ? new GnuTarEntry(type, name) : new PaxTarEntry(type, name);
                if (link.Length > 0)
                    entry.LinkName = link;
                if (type == TarEntryType.RegularFile)
                    entry.DataStream = new MemoryStream(Encoding.ASCII.GetBytes("0123456789"));
                writer.WriteEntry(entry);
            }
        return output.ToArray();
    }

    /// <summary>Corrects the checksum of every block that looks like a header, so that damage gets behind it.</summary>
    private static byte[] WithSums(byte[] tar)
    {
        byte[] result = [.. tar];
        for (var at = 0; at + 512 <= result.Length; at += 512)
        {
            var block = result.AsSpan(at, 512);
            if (block.Slice(257, 5).IndexOf("ustar"u8) < 0)
                continue;
            block.Slice(148, 8).Fill((byte)' ');
            var sum = 0;
            foreach (var value in block)
                sum += value;
            Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(block[148..]);
        }
        return result;
    }
}
