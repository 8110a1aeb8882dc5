using System.Diagnostics;
using SimCLR.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

[Trait("group", "slow")]
public sealed class NcclTests(ITestOutputHelper output)
{
    private (int Code, string Output)[] Start(
        NcclStub stub,
        int size,
        string check,
        params (string, string)[] variables
    )
    {
        var watch = Stopwatch.StartNew();
        var ended = stub.Start(size, check, variables);
        output.WriteLine($"{check}, {size} ranks, {watch.Elapsed.TotalSeconds:f1} s");
        foreach (var (code, text) in ended)
            output.WriteLine($"{code}: {text}");
        return ended;
    }

    /// <summary>The same where a rank fails: all end soon.</summary>
    private (int Code, string Output)[] StartFailing(
        NcclStub stub,
        int size,
        string check,
        params (string, string)[] variables
    )
    {
        var ended = Start(stub, size, check, variables);
        Failure.EndedAllInTime(string.Concat(ended.Select(end => end.Output)));
        Assert.All(ended, end => Assert.NotEqual(0, end.Code));
        return ended;
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Sums_gathered_rows_and_what_rank_0_tells_are_right_on_every_rank(int size)
    {
        using var stub = new NcclStub();
        foreach (var ((code, text), rank) in Start(stub, size, "collectives").Select((end, rank) => (end, rank)))
        {
            Assert.Contains($"rank {rank} of {size} on NCCL 2.27.5 and localhost", text);
            Assert.Equal(0, code);
        }
        Assert.Equal(size, stub.Calls.Count(call => call == "ncclCommInitRank"));
        Assert.Equal(size, stub.Calls.Count(call => call == "ncclCommDestroy"));
        // As nccl.h numbers types: uint8 1, int64 4, float32 7, float64 8; and in the stream of the CPU, which has none.
        foreach (var type in (int[])[4, 7, 8])
            Assert.Contains($"ncclAllReduce count 6 type {type} in place stream (nil)", stub.Calls);
        Assert.Contains("ncclAllGather count 1 type 1 in place stream (nil)", stub.Calls);
        Assert.Contains("ncclBroadcast count 5 type 8 in place stream (nil)", stub.Calls);
        Assert.DoesNotContain(stub.Calls, call => call.Contains("elsewhere"));
    }

    [Fact]
    public void Ranks_come_to_what_one_process_comes_to()
    {
        using var stub = new NcclStub();
        var ended = Start(stub, 2, "equality");
        Assert.All(ended, end => Assert.Equal(0, end.Code));
        Assert.Contains("NT-Xent, MicroBatches", ended[0].Output);
    }

    [Fact]
    public void Where_mpi_started_the_ranks_it_hands_the_id_round()
    {
        using var stub = new NcclStub();
        Ranks.Need("mpirun.openmpi");
        var (code, text) = Ranks.Start("mpirun.openmpi", 2, stub.Variables, RankChecks.Verb, "collectives");
        Assert.Equal(0, code);
        Assert.Contains("rank 1 of 2 on NCCL 2.27.5 and Open MPI v", text);
        Assert.Contains("ncclAllReduce count 6 type 7 in place stream (nil)", stub.Calls);
    }

    private static (int Code, string Output) TorchRun(Dictionary<string, string> variables, params string[] command) =>
        Ranks.Start(
            "torchrun",
            variables,
            // As versions before 2 spell it, and later ones, too.
            ["--no_python", "--nproc_per_node", "2", "--master_port", $"{NcclStub.FreePort()}", .. command]
        );

    [Fact]
    public void Torchrun_starts_ranks()
    {
        using var stub = new NcclStub();
        Assert.SkipUnless(Ranks.IsInstalled("torchrun"), "torchrun is not installed (Debian: python3-torch)");
        var (works, why) = TorchRun([], "true");
        Assert.SkipUnless(works == 0, $"torchrun starts nothing here: {why.Trim().Split('\n')[^1]}");
        var (code, text) = TorchRun(stub.Variables, Environment.ProcessPath!, RankChecks.Verb, "collectives");
        output.WriteLine(text);
        Assert.Equal(0, code);
        Assert.Contains("rank 1 of 2 on NCCL 2.27.5", text);
    }

    [Fact]
    public void What_nccl_refuses_is_told_in_its_words_and_ends_all()
    {
        using var stub = new NcclStub();
        var ended = StartFailing(stub, 2, "collectives", ("STUB_NCCL_FAIL", "ncclAllReduce:5"));
        Assert.Contains(
            ended,
            end =>
                end.Output.Contains(
                    "ncclAllReduce failed: invalid usage (the stub was told to fail in ncclAllReduce). NCCL_DEBUG=INFO"
                )
        );
        Assert.Contains("ncclCommAbort", stub.Calls);
    }

    [Fact]
    public void Ranks_that_share_a_gpu_are_told_what_to_do()
    {
        using var stub = new NcclStub();
        var ended = StartFailing(stub, 2, "collectives", ("STUB_NCCL_FAIL", "ncclCommInitRank:5"));
        Assert.Contains(ended, end => end.Output.Contains("Each rank needs a GPU of its own"));
    }

    [Fact]
    public void What_a_gpu_fails_at_later_ends_all_though_nobody_asks()
    {
        using var stub = new NcclStub();
        var ended = StartFailing(stub, 2, "waiting", ("STUB_NCCL_ASYNC", "6"));
        Assert.Contains(
            ended,
            end => end.Output.Contains("ends all: NCCL: remote process exited or there was a network error")
        );
    }

    [Theory]
    [InlineData("throwing", "thrown by rank 1")]
    [InlineData("dying", "it is gone without a word")]
    public void A_rank_that_fails_or_dies_ends_the_others_within_30_seconds(string check, string why)
    {
        using var stub = new NcclStub();
        var ended = StartFailing(stub, 3, check);
        Assert.Contains("rank 1 has failed:", ended[0].Output);
        Assert.Contains(why, ended[0].Output);
        Assert.Contains("rank 0 has failed: rank 1 has failed", ended[2].Output);
    }

    /// <summary>With the library that a GPU machine has.</summary>
    [Fact]
    public void One_rank_with_a_gpu_has_its_own_values()
    {
        Assert.SkipUnless(cuda.is_available(), "there is no GPU");
        var library = NcclLibrary.TryLoad();
        Assert.SkipWhen(library is null, "there is no NCCL");
        using var ranks = new Nccl(Alone.Instance, library!);
        using var values = arange(6, float32, CUDA).view(2, 3).t();
        ranks.AllReduceSum(values);
        ranks.Broadcast(values);
        using var rows = ranks.AllGather(values);
        Assert.Equal([0, 3, 1, 4, 2, 5], values.cpu().contiguous().data<float>().ToArray());
        Assert.Equal([0, 3, 1, 4, 2, 5], rows.cpu().data<float>().ToArray());
    }

    [Fact]
    public void Off_leaves_it_out()
    {
        Environment.SetEnvironmentVariable(NcclLibrary.Variable, "off");
        try
        {
            Assert.Null(NcclLibrary.TryLoad());
        }
        finally
        {
            Environment.SetEnvironmentVariable(NcclLibrary.Variable, null);
        }
    }
}
