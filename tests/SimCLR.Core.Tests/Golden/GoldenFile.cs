using SimCLR.Core.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Golden;

/// <summary>
/// A file of tests/golden: numbers that make.py there had PyTorch and torchvision compute. A test whose file is missing fails.
/// What was compared and how far it deviates goes to the test's output.
/// </summary>
internal sealed class GoldenFile : IDisposable
{
    private readonly Dictionary<string, Tensor> tensors;
    private readonly Dictionary<string, string> notes;

    internal GoldenFile(string name)
    {
        var path = Path.Combine(Repository.Root, "tests", "golden", $"{name}.safetensors");
        Assert.True(
            File.Exists(path),
            $"{path} is missing: restore it, or run /usr/bin/python3 tests/golden/make.py to make it again."
        );
        using var stream = File.OpenRead(path);
        (tensors, notes) = Safetensors.Read(stream, path);
    }

    internal Tensor this[string name] => tensors[name];

    /// <summary>The names of all tensors.</summary>
    internal IEnumerable<string> Keys => tensors.Keys;

    /// <summary>The names whose digests are the rows of that tensor.</summary>
    internal string[] Names(string tensor) => notes[tensor].Split(',');

    /// <summary>Largest deviation, relative to the largest expected magnitude, within the tolerance.</summary>
    internal void Compare(string name, Tensor actual, double tolerance)
    {
        using var scope = NewDisposeScope();
        var expected = tensors[name].to(ScalarType.Float64);
        Assert.Equal(expected.shape, actual.shape);
        var difference = (actual.detach().to(ScalarType.Float64) - expected).abs().max().ToDouble();
        Check(name, difference / expected.abs().max().ToDouble(), tolerance);
    }

    /// <summary>Sum, norm and four elements of every tensor, relative to its norm (the sum: to the norm of as many equal numbers).</summary>
    internal void CompareDigests(string name, IEnumerable<(string Name, Tensor Tensor)> actual, double tolerance)
    {
        using var scope = NewDisposeScope();
        var sorted = actual.OrderBy(entry => entry.Name, StringComparer.Ordinal).ToList();
        Assert.Equal(Names(name), sorted.Select(entry => entry.Name));
        var worst = 0.0;
        for (var row = 0; row < sorted.Count; row++)
        {
            double[] expected = [.. tensors[name][row].data<double>()];
            var flat = sorted[row].Tensor.detach().to(ScalarType.Float64).contiguous().view(-1);
            var size = flat.numel();
            var norm = expected[1] + 1e-30;
            Note(expected[0], flat.sum().ToDouble(), norm * Math.Sqrt(size));
            Note(expected[1], flat.norm().ToDouble(), norm);
            for (var j = 0; j < 4; j++)
                Note(expected[2 + j], flat[size * j / 4].ToDouble(), norm);
        }
        Check(name, worst, tolerance);

        void Note(double expected, double actual, double scale) =>
            worst = Math.Max(worst, Math.Abs(expected - actual) / scale);
    }

    public void Dispose()
    {
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
    }

    private static void Check(string name, double deviation, double tolerance)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{name}: deviates by {deviation:E1}, allowed {tolerance:E0}");
        // Written so that NaN fails.
        Assert.True(deviation <= tolerance, $"{name} deviates by {deviation:E2}; allowed are {tolerance:E0}.");
    }
}

/// <summary>Where the repository lies.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution.</summary>
    internal static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "SimCLR.Research.sln")))
                return folder.FullName;
        throw new DirectoryNotFoundException(
            $"No folder above {AppContext.BaseDirectory} has the file SimCLR.Research.sln."
        );
    }
}
