using System.Diagnostics;
using SimCLR.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

/// <summary>What a rank of a test does: this program, started by a launcher of MPI.</summary>
internal static class RankChecks
{
    internal const string Verb = "--rank-checks";

    private static readonly Dictionary<string, Action<ICollective>> Checks = new()
    {
        ["collectives"] = Collectives,
        ["throwing"] = Throw,
        ["dying"] = Die,
        ["equality"] = RankEquality.Check,
        ["measurements"] = RankMeasurements.Check,
        ["staged"] = Staged,
        ["waiting"] = Wait,
    };

    internal static int Run(string check)
    {
        try
        {
            var launch = Launch.Detect() ?? throw new InvalidOperationException("No launcher is seen.");
            var ranks = Join(launch);
            try
            {
                Checks[check](ranks);
            }
            catch (Exception error)
            {
                ranks.Abort(error.ToString());
            }
            return 0;
        }
        catch (DistributedException error)
        {
            Console.Error.WriteLine(error.Message);
            return 2;
        }
    }

    /// <summary>By NCCL's stub where there is one, else by MPI.</summary>
    private static ICollective Join(Launch launch)
    {
        ICollective host = launch.Kind == LaunchKind.TorchRun ? Rendezvous.Join(launch) : Mpi.Join(launch);
        return Environment.GetEnvironmentVariable(NcclLibrary.Variable) is null
            ? host
            : new Nccl(host, NcclLibrary.TryLoad()!, DeviceType.CPU);
    }

    private static void Collectives(ICollective ranks)
    {
        var (rank, size) = (ranks.Rank, ranks.Size);
        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.Float64, ScalarType.Int64])
        {
            // Strides as a transposed matrix has them.
            var values = arange(6, type).view(2, 3).t() * (rank + 1);
            ranks.AllReduceSum(values);
            AreEqual(arange(6, type).view(2, 3).t() * (size * (size + 1) / 2), values);

            var rows = ranks.AllGather(full([2, 3], rank, type));
            AreEqual(arange(size, type).repeat_interleave(2).view(-1, 1).expand(2 * size, 3), rows);

            var told = full([5], rank + 7, type);
            ranks.Broadcast(told);
            AreEqual(full([5], 7, type), told);
        }
        var bytes = ranks.AllGather(full([1], rank + 250, ScalarType.Byte));
        AreEqual((arange(size) + 250).to_type(ScalarType.Byte), bytes);

        Tensor[] several = [full([2], rank, float32), full([3, 1], 2 * rank, float32)];
        ranks.AllReduceSum(several);
        AreEqual(full([2], size * (size - 1) / 2, float32), several[0]);
        AreEqual(full([3, 1], size * (size - 1), float32), several[1]);

        Check(ranks.Any(rank == size - 1) && !ranks.Any(false), "Any");
        Check(ranks.FromFirst(rank == 0 ? "Grüße" : "") == "Grüße", "a text of rank 0");
        Check(ranks.FromFirst(rank == 0 ? "" : "none") == "", "no text of rank 0");
        Check(ranks.FromFirst(rank + 5L) == 5, "a number of rank 0");
        Assert.Throws<ArgumentException>(() => ranks.AllReduceSum(ones(1, ScalarType.BFloat16)));

        // Rank 0 comes late. All processes of a machine have one clock.
        if (rank == 0)
            Thread.Sleep(200);
        var came = Stopwatch.GetTimestamp();
        ranks.Barrier();
        var went = Stopwatch.GetTimestamp();
        var moments = ranks.AllGather(tensor([came, went]).view(1, 2)).t();
        Check((moments[1].min() >= moments[0].max()).ToBoolean(), "nobody leaves the barrier before all have come");
        Console.WriteLine($"rank {rank} of {size} on {ranks.Name}");
    }

    /// <summary>The others wait in vain.</summary>
    private static void Throw(ICollective ranks)
    {
        if (ranks.Rank == 1)
        {
            Failure.Tell();
            throw new InvalidOperationException("thrown by rank 1");
        }
        ranks.AllReduceSum(ones(1));
    }

    private static void Die(ICollective ranks)
    {
        if (ranks.Rank == 1)
        {
            Failure.Tell();
            Environment.FailFast("rank 1 dies");
        }
        ranks.AllReduceSum(ones(1));
    }

    /// <summary>As where MPI cannot read a GPU; also more than is copied at once.</summary>
    private static void Staged(ICollective ranks)
    {
        using var host = new HostBuffer((count, type) => zeros([count], type, CPU));
        ((Mpi)ranks).Host = host;
        Collectives(ranks);
        var many = arange((1 << 24) + 5, ScalarType.Int64);
        ranks.AllReduceSum(many);
        AreEqual(arange((1 << 24) + 5, ScalarType.Int64) * ranks.Size, many);
    }

    /// <summary>As on a GPU that never ends.</summary>
    private static void Wait(ICollective ranks)
    {
        ranks.AllReduceSum(ones(1));
        Thread.Sleep(TimeSpan.FromMinutes(1));
    }

    internal static void Check(bool holds, string what)
    {
        if (!holds)
            throw new InvalidOperationException($"It does not hold: {what}.");
    }

    private static void AreEqual(Tensor expected, Tensor actual) =>
        Check(
            expected.dtype == actual.dtype && expected.equal(actual).all().ToBoolean(),
            $"{actual.jlstr()} is {expected.jlstr()}"
        );
}
