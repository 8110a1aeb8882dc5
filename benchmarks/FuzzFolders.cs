using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SimCLR.Core.Encoders;
using SimCLR.Core.Images;
using SimCLR.Core.Interop;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;
using Encoder = SimCLR.Core.Encoders.Encoder;

namespace SimCLR.Benchmarks;

/// <summary>Readers of SimCLR.Core whose file is one of several in a folder: MAT-files, lists, caches, checkpoints, weights.</summary>
internal static class FuzzFolders
{
    private const int Side = 16;

    internal static IEnumerable<FuzzReader> All() =>
        [
            SvhnFile("MAT-file", [Mat(compressed: false), Mat(compressed: true)]),
            SvhnFile("MAT-file, unpacked", [Images()]) with
            {
                Seal = bytes => [.. Header(), .. Element(15, Deflated(bytes)), .. Element(15, Deflated(Labels()))],
            },
            VocList(),
            ShardIndexFile(),
            CheckpointFile(),
            EncoderFile(),
        ];

    private static FuzzReader SvhnFile(string name, IReadOnlyList<byte[]> seeds) =>
        new(
            name,
            "train_32x32.mat",
            seeds,
            typeof(ImageSourceException),
            (folder, _) => Taken(new Svhn(folder).Load()),
            folder => File.WriteAllBytes(Path.Combine(folder, "test_32x32.mat"), Mat(compressed: true))
        );

    private static FuzzReader VocList() =>
        new(
            "VOC list",
            Path.Combine("ImageSets", "Main", "cat_trainval.txt"),
            ["000005  1\n000007 -1\n"u8.ToArray(), "000005  0\r\n000007  1\r\n"u8.ToArray()],
            typeof(ImageSourceException),
            (folder, _) => Taken(new Voc2007(folder, Side).Load()),
            folder =>
            {
                Directory.CreateDirectory(Path.Combine(folder, "ImageSets", "Main"));
                Directory.CreateDirectory(Path.Combine(folder, "JPEGImages"));
                foreach (var image in new[] { "000005", "000007" })
                    File.WriteAllBytes(Path.Combine(folder, "JPEGImages", $"{image}.jpg"), FuzzImages.Jpeg());
                foreach (var name in Voc2007.Classes)
                foreach (var split in new[] { "trainval", "test" })
                    File.WriteAllText(
                        Path.Combine(folder, "ImageSets", "Main", $"{name}_{split}.txt"),
                        "000005 -1\n000007  1\n"
                    );
            }
        );

    /// <summary>A damaged index is made again: the images must be those of the files in any case.</summary>
    private static FuzzReader ShardIndexFile() =>
        new(
            "index of an image cache",
            Path.Combine("cache", ShardIndex.FileName),
            [Seed.Value],
            typeof(ImageSourceException),
            (folder, path) =>
            {
                Readdress(folder, path);
                var isWhole = ShardIndex.TryRead(Path.Combine(folder, "cache")) is not null;
                using var images = Cached(folder);
                using var pixels = images.Rows(0, images.Count);
                if (!pixels.bytes.SequenceEqual(Decoded.Value) || !images.Labels.data<long>().SequenceEqual([0L, 1L]))
                    throw new InvalidOperationException("the cache gives other images than the files");
                return isWhole ? null : $"{path} is made again";
            },
            Lay
        );

    private static FuzzReader CheckpointFile()
    {
        var seed = FuzzImages.SafetensorsFile(3);
        var name = $"step-000000007-{Convert.ToHexStringLower(SHA256.HashData(seed))[..32]}.safetensors";
        return new FuzzReader(
            "checkpoint",
            Path.Combine("checkpoint", name),
            [seed],
            typeof(InvalidDataException),
            (_, path) =>
            {
                var warning = (string?)null;
                using var found = new CheckpointFolder(Path.GetDirectoryName(path)!, text => warning = text).Newest();
                return found is null ? warning ?? "nothing was found, and nothing said" : null;
            }
        );
    }

    private static FuzzReader EncoderFile() =>
        new(
            "weights of an encoder",
            "encoder.safetensors",
            [EncoderWeightsFile()],
            typeof(InvalidDataException),
            (_, path) =>
            {
                using var encoder = Small();
                EncoderWeights.Load(encoder, path);
                return null;
            }
        );

    private static Encoder Small()
    {
        using var generator = new Generator(1, CPU);
        return new SmallConvSpec([4]).Create(3, generator);
    }

    private static byte[] EncoderWeightsFile() =>
        InFolder(folder =>
        {
            using var encoder = Small();
            var path = Path.Combine(folder, "encoder.safetensors");
            EncoderWeights.Save(encoder, path);
            return File.ReadAllBytes(path);
        });

    private static string? Taken(ImageSplits splits)
    {
        splits.Dispose();
        return null;
    }

    private static T InFolder<T>(Func<string, T> make)
    {
        var folder = Directory.CreateTempSubdirectory("simclr-fuzz-seed-").FullName;
        try
        {
            return make(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Two images, whose times are the same everywhere: the index tells them.</summary>
    private static void Lay(string folder)
    {
        for (var i = 0; i < 2; i++)
        {
            var path = Path.Combine(folder, $"{i}.jpg");
            File.WriteAllBytes(path, FuzzImages.Jpeg());
            File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        }
        Cached(folder).Dispose();
        File.WriteAllText(
            Path.Combine(folder, "fingerprint"),
            ShardIndex.TryRead(Path.Combine(folder, "cache"))!.Fingerprint
        );
    }

    /// <summary>The seed was made in another folder, and the fingerprint is of paths: without this no damage would get behind it.</summary>
    private static void Readdress(string folder, string path)
    {
        var before = JsonDocument.Parse(Seed.Value).RootElement.GetProperty("Fingerprint").GetString()!;
        var now = File.ReadAllText(Path.Combine(folder, "fingerprint"));
        File.WriteAllText(path, File.ReadAllText(path, Encoding.Latin1).Replace(before, now), Encoding.Latin1);
    }

    private static ImageSet Cached(string folder)
    {
        var files = Enumerable.Range(0, 2).Select(i => new LabelledFile(Path.Combine(folder, $"{i}.jpg"), i)).ToList();
        return new ShardFolder(Path.Combine(folder, "cache"), null, default).Open(
            files,
            ["a", "b"],
            new PixelLayout(3, Side, Side),
            true
        );
    }

    private static readonly Lazy<byte[]> Decoded = new(() =>
        InFolder(folder =>
        {
            Lay(folder);
            using var images = Cached(folder);
            using var pixels = images.Rows(0, 2);
            return pixels.bytes.ToArray();
        })
    );

    private static readonly Lazy<byte[]> Seed = new(() =>
        InFolder(folder =>
        {
            Lay(folder);
            return File.ReadAllBytes(Path.Combine(folder, "cache", ShardIndex.FileName));
        })
    );

    private static byte[] Mat(bool compressed) =>
        compressed
            ? [.. Header(), .. Element(15, Deflated(Images())), .. Element(15, Deflated(Labels()))]
            : [.. Header(), .. Images(), .. Labels()];

    private static byte[] Images() => Matrix("X", [32, 32, 3, 2], FuzzImages.Noise(2 * 3 * 32 * 32));

    private static byte[] Labels() => Matrix("y", [2, 1], [10, 3]);

    private static byte[] Header()
    {
        var header = new byte[128];
        "MATLAB 5.0 MAT-file"u8.CopyTo(header);
        (header[125], header[126], header[127]) = (1, (byte)'I', (byte)'M');
        return header;
    }

    private static byte[] Matrix(string name, int[] sizes, byte[] values) =>
        Element(
            14,
            [
                .. Element(6, [9, 0, 0, 0, 0, 0, 0, 0]),
                .. Element(5, [.. sizes.SelectMany(BitConverter.GetBytes)]),
                .. Element(1, Encoding.ASCII.GetBytes(name)),
                .. Element(2, values),
            ]
        );

    /// <summary>Type, length, data; padded to eight bytes, but for compressed ones.</summary>
    private static byte[] Element(int type, byte[] data)
    {
        var element = new byte[8 + (type == 15 ? data.Length : (data.Length + 7) / 8 * 8)];
        BinaryPrimitives.WriteInt32LittleEndian(element, type);
        BinaryPrimitives.WriteInt32LittleEndian(element.AsSpan(4), data.Length);
        data.CopyTo(element, 8);
        return element;
    }

    private static byte[] Deflated(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var packed = new ZLibStream(output, CompressionLevel.Fastest))
            packed.Write(bytes);
        return output.ToArray();
    }
}
