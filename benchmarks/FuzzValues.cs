extern alias values;
using System.Text;
using values::SimCLR;
using Microsoft.FSharp.Core;

namespace SimCLR.Benchmarks;

/// <summary>The readers of SimCLR.FSharp: runs as JSON, and a store's folder.</summary>
internal static class FuzzValues
{
    private static readonly Run[] Runs = [RunModule.shapes, RunModule.cifar10];

    private static readonly Outcome Outcome = new(
        0.5,
        0.25,
        0.5,
        0.25,
        3.2,
        4.1,
        0.9,
        1e-3,
        30,
        12.5,
        1234,
        0,
        Microsoft.FSharp.Collections.ListModule.OfSeq([new CurvePoint(10, 0.5, 3.5, 0.1, 1.5, 1000)]),
        Microsoft.FSharp.Collections.ListModule.OfSeq([Tuple.Create("g(h) linear top-1", 0.4)])
    );

    internal static IEnumerable<FuzzReader> All() =>
        [RunText(), Stored("outcome in a store", "outcome.json"), Stored("run in a store", "run.json"), Listed()];

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

    /// <summary>A file of a finished run is damaged: it is found, or counts as not done with a warning.</summary>
    private static FuzzReader Stored(string name, string file) =>
        new(
            name,
            Path.Combine(RunModule.hash(Runs[0]), file),
            [Seed(file)],
            typeof(InvalidDataException),
            (folder, path) =>
            {
                var warning = (string?)null;
                var warn = FuncConvert.FromAction<string>(text => warning = text);
                Restore(folder, path);
                var found = StoreModule.tryFind(warn, Runs[0], new Store(folder));
                return found is null ? warning ?? "nothing was found, and nothing said" : null;
            }
        );

    private static FuzzReader Listed() =>
        new(
            "a store's list",
            Path.Combine(RunModule.hash(Runs[0]), "run.json"),
            [Seed("run.json")],
            typeof(InvalidDataException),
            (folder, path) =>
            {
                var warning = (string?)null;
                Restore(folder, path);
                var all = StoreModule.all(FuncConvert.FromAction<string>(text => warning = text), new Store(folder));
                return all.IsEmpty ? warning ?? "nothing was found, and nothing said" : null;
            }
        );

    private static byte[] Seed(string file) =>
        Encoding.UTF8.GetBytes(file == "run.json" ? RunModule.toJson(Runs[0]) : OutcomeJson.Value);

    /// <summary>The outcome as the store writes it.</summary>
    private static readonly Lazy<string> OutcomeJson = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("simclr-fuzz-seed-").FullName;
        try
        {
            StoreModule.save(
                Runs[0],
                new Provenance("", "", "", 1, "", "", new Energy(1, ""), DateTimeOffset.UnixEpoch),
                Outcome,
                new Store(folder)
            );
            return File.ReadAllText(Path.Combine(folder, RunModule.hash(Runs[0]), "outcome.json"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    });

    /// <summary>The other of the two files, intact: a damaged one is put aside by the reader.</summary>
    private static void Restore(string folder, string path)
    {
        foreach (var file in new[] { "run.json", "outcome.json" })
            if (Path.GetFileName(path) != file)
                File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(path)!, file), Seed(file));
    }
}
