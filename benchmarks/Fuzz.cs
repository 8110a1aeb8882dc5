namespace SimCLR.Benchmarks;

/// <summary>Every reader of files from outside against damaged files.</summary>
internal static class Fuzz
{
    internal static readonly IReadOnlyList<FuzzReader> Readers =
    [
        .. FuzzImages.All(),
        .. FuzzFolders.All(),
        .. FuzzValues.All(),
    ];

    /// <summary>./simclr bench fuzz [COUNT] [SEED] [READER]: prints a row per reader.</summary>
    /// <returns>0 if all withstood.</returns>
    internal const string Help =
        "damaged files for every reader of files from outside\n[--count 100000] [--seed 1] [--reader NAME]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "count", "seed", "reader");
        SimCLR.Core.Runtime.LibTorch.Load();
        var reader = options.Has("reader") ? options.Text("reader", "") : null;
        return Measure(options.Number("count", 100_000, 1), options.Number("seed", 1, 0), reader);
    }

    private static int Measure(int count, int seed, string? only)
    {
        var readers = Readers.Where(reader => only is null || reader.Name.Contains(only)).ToList();
        if (readers.Count == 0)
        {
            Console.Error.WriteLine(
                $"bench: there is no reader '{only}': {string.Join(", ", Readers.Select(r => r.Name))}."
            );
            return 2;
        }
        var run = new FuzzRun(seed, Path.GetFullPath(Path.Combine("results", "fuzz")));
        Console.WriteLine(
            $"seed {seed}; limits {FuzzRun.TimeLimit.TotalSeconds} s and {FuzzRun.MemoryLimit >> 20} MiB an input\n"
        );
        Console.WriteLine(
            $"{"reader", -22}{"inputs", 9}{"accepted", 10}{"refused", 10}{"slowest ms", 12}{".NET MiB", 10}{"resident MiB", 14}"
        );
        var rows = new List<FuzzRow>();
        for (var i = 0; i < readers.Count; i++)
        {
            var row = run.Run(readers[i], count / readers.Count + (i < count % readers.Count ? 1 : 0));
            rows.Add(row);
            Console.WriteLine(Line(row));
            row.Failures.ForEach(failure => Console.WriteLine($"  FAILED {failure}"));
        }
        Console.WriteLine(
            Line(
                new FuzzRow("all")
                {
                    Inputs = rows.Sum(row => row.Inputs),
                    Accepted = rows.Sum(row => row.Accepted),
                    Refused = rows.Sum(row => row.Refused),
                    SlowestSeconds = rows.Max(row => row.SlowestSeconds),
                    MostAllocated = rows.Max(row => row.MostAllocated),
                    MostResident = rows.Max(row => row.MostResident),
                }
            )
        );
        return rows.Any(row => row.Failures.Count > 0) ? 1 : 0;
    }

    private static string Line(FuzzRow row) =>
        $"{row.Reader, -22}{row.Inputs, 9:N0}{row.Accepted, 10:N0}{row.Refused, 10:N0}{1000 * row.SlowestSeconds, 12:N1}"
        + $"{row.MostAllocated / 1048576.0, 10:N1}{row.MostResident, 14:N1}";
}
