extern alias values;
using System.Text;
using values::SimCLR;
using Microsoft.FSharp.Core;

namespace SimCLR.Benchmarks;

/// <summary>The readers of SimCLR.FSharp: runs as JSON, and a store's folder.</summary>
internal static class FuzzValues
{
    private static readonly Run[] Runs = [RunModule.shapes, RunModule.cifar10];

    /// <summary>The run of the store whose files are damaged.</summary>
    private static readonly Run Kept = Soak.Tiny(1);

    internal static IEnumerable<FuzzReader> All() =>
        [RunText(), .. Damageable.Select(file => Stored(file.Name, file.Ending)), Listed()];

    /// <summary>Files of a store, by the ends of their paths.</summary>
    private static (string Name, string Ending)[] Damageable =>
        [
            ("training in a store", "training.json"),
            ("figures in a store", $"{RunModule.trainingHash(Kept)}/figures.json"),
            ("curve in a store", "metrics.jsonl"),
            (
                "measured in a store",
                $"{EvaluationTaskModule.hash(EvaluationModule.tasks(Kept.Evaluation).Head)}/figures.json"
            ),
        ];

    private static byte[][] Texts() => [.. Runs.Select(run => Encoding.UTF8.GetBytes(RunModule.toJson(run)))];

    /// <summary>The text alone has no file: the message says what it is not.</summary>
    private static FuzzReader RunText() =>
        new(
            "run as JSON",
            "run.json",
            Texts(),
            typeof(InvalidDataException),
            (folder, path) =>
            {
                var read = RunModule.ofJson(File.ReadAllText(path));
                if (read.IsError)
                    return read.ErrorValue.StartsWith("This is no run: ")
                        ? $"{path}: {read.ErrorValue}"
                        : read.ErrorValue;
                // What was read must be fit for checks, hash and code, whatever is in it.
                _ = RunModule.problems(read.ResultValue);
                _ = RunModule.hash(read.ResultValue);
                _ = RunModule.toCode(read.ResultValue);
                return null;
            }
        );

    /// <summary>A file of a finished run is damaged: the run is found without what the file held, or counts as not done with a warning.</summary>
    private static FuzzReader Stored(string name, string ending) =>
        new(
            name,
            PathOf(ending),
            [Template.Value[PathOf(ending)]],
            typeof(InvalidDataException),
            (folder, path) =>
            {
                var warning = (string?)null;
                var warn = FuncConvert.FromAction<string>(text => warning = text);
                Restore(folder);
                var found = StoreModule.tryFind(warn, Kept, new Store(folder));
                return warning ?? (found is null ? "nothing was found, and nothing said" : null);
            }
        );

    private static FuzzReader Listed()
    {
        var path = PathOf($"runs/{RunModule.hash(Kept)}.json");
        return new(
            "a store's list",
            path,
            [Template.Value[path]],
            typeof(InvalidDataException),
            (folder, path) =>
            {
                var warning = (string?)null;
                Restore(folder);
                var all = StoreModule.all(FuncConvert.FromAction<string>(text => warning = text), new Store(folder));
                return all.IsEmpty ? warning ?? "nothing was found, and nothing said" : null;
            }
        );
    }

    private static string PathOf(string ending) =>
        Template.Value.Keys.First(path =>
            path.StartsWith("trainings") && path.EndsWith(ending.Replace('/', Path.DirectorySeparatorChar))
        );

    /// <summary>The files of a store with one run, by their paths in it.</summary>
    private static readonly Lazy<IReadOnlyDictionary<string, byte[]>> Template = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("simclr-fuzz-seed-").FullName;
        try
        {
            Soak.Execute(Kept, folder);
            return Directory
                .GetFiles(folder, "*.json*", SearchOption.AllDirectories)
                .ToDictionary(path => Path.GetRelativePath(folder, path), File.ReadAllBytes);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    });

    /// <summary>The files that are missing: a reader puts a damaged one aside.</summary>
    private static void Restore(string folder)
    {
        foreach (var (name, bytes) in Template.Value)
        {
            var path = Path.Combine(folder, name);
            if (File.Exists(path))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }
    }
}
