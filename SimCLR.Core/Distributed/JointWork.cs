using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>
/// Ranks that do something together which may fail on one of them, or be cancelled there first: before each exchange they say whether they go on, so that none
/// waits for one that has given up, and afterwards all are as they were.
/// </summary>
/// <remarks>Where another rank has given up, an exchange throws what <see cref="Do"/> throws then.</remarks>
public sealed class JointWork : ICollective
{
    private const long GoesOn = 0;
    private const long Failed = 1;
    private const long Cancelled = 2;

    private Exception? end;

    private JointWork(ICollective ranks) => Ranks = ranks;

    /// <inheritdoc/>
    public string Name => Ranks.Name;

    /// <inheritdoc/>
    public int Rank => Ranks.Rank;

    /// <inheritdoc/>
    public int Size => Ranks.Size;

    /// <summary>The ranks themselves, whose exchanges nothing is said before.</summary>
    private ICollective Ranks { get; }

    /// <summary>Does something on all ranks, each of which calls this.</summary>
    /// <param name="ranks">Who does it.</param>
    /// <param name="work">Given the ranks that it is to use.</param>
    /// <exception cref="DistributedException">It has failed on another rank, which says why on standard error where rank 0 does not know.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, here or on another rank.</exception>
    public static T Do<T>(ICollective ranks, Func<ICollective, T> work)
    {
        if (ranks.Size == 1)
            return work(ranks);
        var joint = new JointWork(ranks);
        T result;
        try
        {
            result = work(joint);
        }
        catch (Exception error) when (joint.end is null)
        {
            joint.Leave(error);
            throw;
        }
        joint.GoOn();
        return result;
    }

    /// <summary>The ranks without what is said before each exchange: for what is exchanged in the midst of a step, and must not fail on one of them.</summary>
    internal static ICollective Plain(ICollective ranks) => ranks is JointWork joint ? joint.Ranks : ranks;

    /// <inheritdoc/>
    public void AllReduceSum(Tensor values)
    {
        GoOn();
        Ranks.AllReduceSum(values);
    }

    /// <inheritdoc/>
    public Tensor AllGather(Tensor rows)
    {
        GoOn();
        return Ranks.AllGather(rows);
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor values)
    {
        GoOn();
        Ranks.Broadcast(values);
    }

    /// <inheritdoc/>
    public void Barrier()
    {
        GoOn();
        Ranks.Barrier();
    }

    /// <inheritdoc/>
    public void Abort(string why) => Ranks.Abort(why);

    /// <summary>Does nothing: the ranks are their owner's.</summary>
    public void Dispose() { }

    /// <summary>Fails where another rank has given up.</summary>
    private void GoOn()
    {
        if (end is null)
        {
            var states = Say(GoesOn);
            if (states.Contains(Cancelled))
                end = new OperationCanceledException("Cancelled on another rank.");
            else if (states.Contains(Failed))
                end = new DistributedException(
                    $"It failed on rank {states.IndexOf(Failed)} of {Size}, whose message says why."
                );
        }
        if (end is not null)
            throw end;
    }

    /// <summary>Tells the others that this rank has given up, and why where rank 0 goes on and does not know.</summary>
    private void Leave(Exception error)
    {
        var isCancelled = error is OperationCanceledException;
        var told = $"Rank {Rank} of {Size}: {error.GetType().Name}: {error.Message}";
        try
        {
            if (Say(isCancelled ? Cancelled : Failed)[0] != GoesOn || isCancelled)
                return;
        }
        catch (Exception others) when (others is DistributedException or ExternalException)
        {
            told += $" The others could not be told: {others.Message}";
        }
        Console.Error.WriteLine(told);
    }

    /// <summary>What every rank says at this point.</summary>
    private List<long> Say(long state)
    {
        using var all = zeros(Size, ScalarType.Int64, CPU);
        all[Rank] = state;
        Ranks.AllReduceSum(all);
        return [.. all.data<long>()];
    }
}
