using System.Diagnostics;
using System.Globalization;
using NetVips;
using SimCLR.Core.Images;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Files to pixels: this project's decoder, that of version 0.2 (SkiaSharp), and Pillow where it is installed, taking turns.</summary>
internal sealed class DecodeBenchmark(int side, int turns, string python)
{
    internal const string Help =
        "JPEGs of 500x375 and 3000x2000 to squares: this decoder, SkiaSharp and Pillow, taking turns\n"
        + "[--side 256] [--threads 1,ALL] [--turns 5] [--python /usr/bin/python3] [--write]";

    private static readonly (int Width, int Height, int Count)[] Sizes = [(500, 375, 40), (3000, 2000, 4)];

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "side", "threads", "turns", "python", "write");
        SimCLR.Core.Runtime.LibTorch.Load();
        var section = new Section($"Decoding, {Machine.Place(CPU)}");
        var benchmark = new DecodeBenchmark(
            options.Number("side", 256, 8),
            options.Number("turns", 5, 1),
            options.Text("python", PeerBenchmark.DefaultPython)
        );
        section.Say(
            $"{Machine.Describe(CPU)}. JPEGs of quality 90, shorter side to {options.Number("side", 256, 8)} pixels, the centre kept; "
                + "images a second, the median of the turns; Pillow in as many processes as there are threads."
        );
        var rows = new List<string[]>();
        foreach (var size in Sizes)
        foreach (var threads in options.Numbers("threads", $"1,{Environment.ProcessorCount}", 1).Distinct())
            rows.Add(benchmark.Row(size, threads));
        section.Table(["files, threads", "this decoder", "SkiaSharp", "Pillow", "to SkiaSharp", "to Pillow"], rows);
        if (options.Has("write"))
            section.WriteTo(Machine.ResultsFile);
        return 0;
    }

    private string[] Row((int Width, int Height, int Count) size, int threads)
    {
        var folder = Directory.CreateTempSubdirectory("simclr-decode-").FullName;
        try
        {
            var files = Enumerable
                .Range(0, size.Count)
                .Select(i => Write(folder, size.Width, size.Height, i))
                .ToArray();
            var layout = new PixelLayout(3, side, side);
            var (ours, skia, pillow) = (new List<double>(), new List<double>(), new List<double>());
            // The first turn warms up.
            for (var turn = 0; turn <= turns; turn++)
            {
                ours.Add(Rate(files, threads, (path, planes) => ImageDecoder.Decode(path, planes, layout)));
                skia.Add(Rate(files, threads, (path, planes) => SkiaDecoder.Decode(path, planes, side)));
                pillow.Add(Pillow(folder, threads));
            }
            var (a, b, c) = (Median(ours), Median(skia), Median(pillow));
            return
            [
                $"{size.Width}x{size.Height}, {threads}",
                $"{a:F0}",
                $"{b:F0}",
                double.IsNaN(c) ? "not installed" : $"{c:F0}",
                $"{a / b:F2}",
                double.IsNaN(c) ? "" : $"{a / c:F2}",
            ];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private delegate void Decoder(string path, Span<byte> planes);

    private double Rate(string[] files, int threads, Decoder decode)
    {
        var start = Stopwatch.GetTimestamp();
        Parallel.ForEach(
            files,
            new ParallelOptions { MaxDegreeOfParallelism = threads },
            () => new byte[3 * side * side],
            (path, _, planes) =>
            {
                decode(path, planes);
                return planes;
            },
            _ => { }
        );
        return files.Length / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>benchmarks/peer/decode.py as a child, which times itself; NaN where there is no Pillow.</summary>
    private double Pillow(string folder, int threads)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "peer", "decode.py");
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(python, [script, folder, $"{side}", $"{threads}"])
                {
                    RedirectStandardOutput = true,
                }
            )!;
            var said = process.StandardOutput.ReadToEnd();
            return double.TryParse(said, CultureInfo.InvariantCulture, out var rate) ? rate : double.NaN;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return double.NaN;
        }
    }

    private static double Median(IEnumerable<double> turns) => turns.Skip(1).Order().ElementAt((turns.Count() - 1) / 2);

    /// <summary>Noise of three scales, about as hard to compress as a photograph.</summary>
    private static string Write(string folder, int width, int height, int number)
    {
        var planes = Enumerable
            .Range(0, 3)
            .Select(c =>
                Image.Perlin(width, height, cellSize: 128, seed: 10 * number + c) * 60
                + Image.Perlin(width, height, cellSize: 16, seed: 10 * number + c + 3) * 30
                + Image.Gaussnoise(width, height, sigma: 6, mean: 128, seed: 10 * number + c)
            )
            .ToArray();
        using var colour = planes[0].Bandjoin(planes[1..]).Cast(Enums.BandFormat.Uchar);
        using var image = colour.Copy(interpretation: Enums.Interpretation.Srgb);
        var path = Path.Combine(folder, $"{number}.jpg");
        image.Jpegsave(path, q: 90);
        return path;
    }
}
