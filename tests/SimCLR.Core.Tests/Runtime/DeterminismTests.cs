using System.Diagnostics;
using System.Runtime.InteropServices;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Runtime;

/// <summary>A training in a process of its own, which prints what it came to.</summary>
internal static class TrainingApart
{
    internal const string Verb = "--train";
    private const string Deterministic = "--deterministic";

    internal static int Run(string[] arguments)
    {
        using var region = arguments.Contains(Deterministic) ? DeterministicAlgorithms.Require() : null;
        Console.WriteLine(KilledTraining.Train(null, epochs: 25));
        return 0;
    }

    /// <summary>Final loss, all losses, and a digest of all weights, a line each.</summary>
    internal static string[] Start(int threads, bool isDeterministic = false)
    {
        string[] arguments = isDeterministic ? [Verb, Deterministic] : [Verb];
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments)
        {
            RedirectStandardOutput = true,
            // As the launcher sets it: threads that spin for ever hinder each other on a busy machine.
            Environment = { ["OMP_NUM_THREADS"] = $"{threads}", ["GOMP_SPINCOUNT"] = "2000" },
        };
        using var process = Process.Start(start)!;
        var result = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return result.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}

/// <summary>docs/determinism.md, tested. The switch holds for the whole process, so these tests run beside no others.</summary>
[CollectionDefinition("determinism", DisableParallelization = true)]
public class DeterminismCollection;

[Collection("determinism")]
public class DeterminismTests(ITestOutputHelper output)
{
    private static double[] Losses(string[] result) => [.. result[1].Split(' ').Select(double.Parse)];

    [Fact]
    public void The_same_run_in_two_processes_with_the_same_threads_is_bit_equal_with_deterministic_algorithms_or_without()
    {
        var first = TrainingApart.Start(threads: 2);
        Assert.Equal(first, TrainingApart.Start(threads: 2));
        Assert.Equal(
            TrainingApart.Start(threads: 2, isDeterministic: true),
            TrainingApart.Start(threads: 2, isDeterministic: true)
        );
    }

    [Fact]
    public void Another_number_of_threads_begins_alike_and_drifts_by_rounding()
    {
        var (one, two) = (Losses(TrainingApart.Start(threads: 1)), Losses(TrainingApart.Start(threads: 2)));
        output.WriteLine($"{one[0]:R} and {two[0]:R}; {one[1]:R} and {two[1]:R}; {one[^1]:R} and {two[^1]:R}");
        // Same weights, order and views: the first interval of four steps is the same but for the order of sums.
        Assert.Equal(one[0], two[0], 1e-5 * one[0]);
        // Later, rounding has grown like any other small change; the course is the same.
        Assert.Equal(one.Average(), two.Average(), 0.02 * one.Average());
    }

    [Fact]
    public void While_they_are_required_an_operation_without_a_deterministic_algorithm_fails_and_names_itself()
    {
        Assert.SkipUnless(
            LibTorch.Load() is not null && DeterministicAlgorithms.IsAvailable,
            "libtorch exports no switch."
        );
        using var scope = NewDisposeScope();
        // Where two maxima have one index, which one stays is a matter of chance.
        using var unpool = nn.MaxUnpool2d(2);
        var (values, indices) = (ones(1, 1, 2, 2), zeros([1, 1, 2, 2], ScalarType.Int64));
        using (DeterministicAlgorithms.Require(Assert.Fail))
        {
            Assert.True(DeterministicAlgorithms.AreRequired);
            var error = Assert.ThrowsAny<ExternalException>(() => unpool.call(values, indices));
            Assert.Contains("max_unpooling2d_forward_out does not have a deterministic implementation", error.Message);
        }
        Assert.False(DeterministicAlgorithms.AreRequired);
        Assert.Equal(1, unpool.call(values, indices).sum().item<float>());
    }

    [Fact]
    public void CuDNN_searches_on_a_GPU_unless_only_deterministic_algorithms_are_allowed()
    {
        var before = CuDnn.Searches;
        try
        {
            CuDnn.Searches = false;
            CuDnn.SearchOn(CPU);
            Assert.False(CuDnn.Searches);
            using (DeterministicAlgorithms.Require())
            {
                CuDnn.SearchOn(new Device(TorchSharp.DeviceType.CUDA));
                Assert.False(CuDnn.Searches);
            }
            CuDnn.SearchOn(new Device(TorchSharp.DeviceType.CUDA));
            Assert.True(CuDnn.Searches);
        }
        finally
        {
            CuDnn.Searches = before;
        }
    }
}
