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
    };

    internal static int Run(string check)
    {
        try
        {
            var launch = Launch.Detect() ?? throw new InvalidOperationException("No launcher is seen.");
            var ranks = Mpi.Join(launch);
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
        Check(ranks.FromFirst(rank + 5L) == 5, "a number of rank 0");
        Assert.Throws<ArgumentException>(() => ranks.AllReduceSum(ones(1, ScalarType.BFloat16)));

        // Rank 0 comes late.
        if (rank == 0)
            Thread.Sleep(200);
        var before = Environment.TickCount64;
        ranks.Barrier();
        Check(rank == 0 || Environment.TickCount64 - before >= 100, "the barrier waits");
        Console.WriteLine($"rank {rank} of {size} on {ranks.Name}");
    }

    /// <summary>The others wait in vain.</summary>
    private static void Throw(ICollective ranks)
    {
        if (ranks.Rank == 1)
            throw new InvalidOperationException("thrown by rank 1");
        ranks.AllReduceSum(ones(1));
    }

    private static void Die(ICollective ranks)
    {
        if (ranks.Rank == 1)
            Environment.FailFast("rank 1 dies");
        ranks.AllReduceSum(ones(1));
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
