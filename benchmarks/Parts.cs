using System.Diagnostics;
using System.Text.Json;
using SimCLR.Core.Runtime;

namespace SimCLR.Benchmarks;

/// <summary>A part of a long measurement.</summary>
/// <param name="Name">Under which it stands in the results.</param>
/// <param name="Likely">How long it takes, at most: it is not begun with less time left.</param>
/// <param name="Measure">Measures, until it is cancelled; null if there was not time enough, and it goes on the next time.</param>
internal sealed record Part(string Name, TimeSpan Likely, Func<CancellationToken, Found?> Measure);

/// <summary>What a part has come to.</summary>
/// <param name="What">In words.</param>
/// <param name="Asked">What it was to be; or what the peer has.</param>
/// <param name="Good">Whether it is so.</param>
internal sealed record Found(string What, string Asked, bool Good);

/// <summary>A long measurement in parts: runs of a few minutes each take some of them, and what is done stands in a file of the out folder.</summary>
/// <param name="folder">The out folder.</param>
/// <param name="limit">How long this run may take.</param>
internal sealed class Parts(string folder, TimeSpan limit)
{
    private readonly record struct Row(string Part, Found Found, double Seconds);

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private string Place => Path.Combine(folder, "done.json");

    /// <summary>Takes parts that are not done, in order, while there is time.</summary>
    /// <returns>A row for each that is done, with its seconds, and whether all are.</returns>
    internal (IReadOnlyList<string[]> Rows, int Failures, bool Complete) Take(IReadOnlyList<Part> parts)
    {
        Directory.CreateDirectory(folder);
        var done = Read();
        using var ending = new CancellationTokenSource(limit);
        foreach (var part in parts.Where(part => done.All(row => row.Part != part.Name)))
        {
            if (clock.Elapsed + part.Likely > limit)
                break;
            var before = clock.Elapsed;
            if (Measured(part, ending.Token) is not { } found)
                break;
            done.Add(new Row(part.Name, found, (clock.Elapsed - before).TotalSeconds));
            AtomicFile.WriteText(Place, JsonSerializer.Serialize(done));
            Console.Error.WriteLine(string.Join(" | ", Cells(done[^1])));
        }
        var ours = parts.Select(part => part.Name).ToHashSet();
        var rows = done.Where(row => ours.Contains(row.Part)).ToList();
        return ([.. rows.Select(Cells)], rows.Count(row => !row.Found.Good), rows.Count == parts.Count);
    }

    private List<Row> Read() =>
        File.Exists(Place) ? JsonSerializer.Deserialize<List<Row>>(File.ReadAllText(Place))! : [];

    private static Found? Measured(Part part, CancellationToken cancellation)
    {
        try
        {
            return part.Measure(cancellation);
        }
        catch (Exception error)
        {
            return new Found($"{error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")}", "no error", false);
        }
    }

    private static string[] Cells(Row row) =>
        [
            (row.Found.Good ? "" : "! ") + row.Part,
            row.Found.What.Length <= 90 ? row.Found.What : row.Found.What[..90],
            row.Found.Asked,
            $"{row.Seconds:F1}",
        ];
}
