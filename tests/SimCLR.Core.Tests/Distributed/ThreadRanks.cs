using System.Runtime.ExceptionServices;
using SimCLR.Core.Distributed;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

/// <summary>Ranks that are threads of this process: many sizes and faults are checked without starting a launcher for each.</summary>
internal sealed class ThreadRanks(ThreadRanks.World world, int rank) : ICollective
{
    /// <summary>Where the ranks meet.</summary>
    internal sealed class World(int size)
    {
        internal readonly Barrier Meeting = new(size);
        internal readonly Tensor?[] Given = new Tensor?[size];
        internal volatile bool IsOver;
    }

    public string Name => "threads";

    public int Rank => rank;

    public int Size => world.Given.Length;

    /// <summary>Calls an action on so many ranks, each in a thread of its own, and throws what the first of them throws.</summary>
    internal static void Run(int size, Action<ICollective> action)
    {
        var world = new World(size);
        var errors = new ExceptionDispatchInfo?[size];
        // Threads of libtorch's own would be in each other's way.
        var before = get_num_threads();
        set_num_threads(1);
        var threads = Enumerable.Range(0, size).Select(rank => new Thread(() => Attempt(rank))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        set_num_threads(before);
        errors
            .FirstOrDefault(error => error is not null and not { SourceException: OperationCanceledException })
            ?.Throw();

        void Attempt(int rank)
        {
            try
            {
                action(new ThreadRanks(world, rank));
            }
            catch (Exception error)
            {
                errors[rank] = ExceptionDispatchInfo.Capture(error);
                world.IsOver = true;
            }
        }
    }

    public void AllReduceSum(Tensor values) =>
        Meet(
            values,
            all =>
            {
                // In the same order on every rank.
                var sum = all.Aggregate((a, b) => a + b);
                return () => values.detach().copy_(sum);
            }
        );

    public Tensor AllGather(Tensor rows)
    {
        Tensor? gathered = null;
        Meet(
            rows,
            all =>
            {
                gathered = cat(all).MoveToOuterDisposeScope();
                return () => { };
            }
        );
        return gathered!;
    }

    public void Broadcast(Tensor values) =>
        Meet(
            values,
            all =>
            {
                // Rank 0 may have disposed it by then.
                var first = all[0].clone();
                return () => values.detach().copy_(first);
            }
        );

    public void Barrier() => Meet();

    public void Abort(string why) => world.IsOver = true;

    public void Dispose() { }

    /// <summary>Reads what all have given, then changes what is its own.</summary>
    private void Meet(Tensor values, Func<Tensor[], Action> read)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        world.Given[rank] = values.detach();
        Meet();
        var change = read(world.Given!);
        Meet();
        change();
    }

    private void Meet()
    {
        while (!world.Meeting.SignalAndWait(TimeSpan.FromMilliseconds(50)))
            if (world.IsOver)
                throw new OperationCanceledException("Another rank has failed.");
    }
}
