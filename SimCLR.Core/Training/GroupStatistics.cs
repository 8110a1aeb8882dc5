using SimCLR.Core.Distributed;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>
/// Running statistics of batch norm when the groups of a batch go through one after the other: they are to move by the mean of what each
/// group would move them from where they were before.
/// </summary>
/// <remarks>They are set only in the end: what is written to them before the gradient has gone back would invalidate its graph.</remarks>
internal sealed class GroupStatistics
{
    private readonly ICollective ranks;
    private readonly List<NormBase> norms;
    private readonly List<Statistic> all;
    private int groups;

    /// <summary>Before the first group.</summary>
    /// <param name="networks">Whose statistics they are.</param>
    /// <param name="ranks">Who takes groups of the batch; each as many as the others.</param>
    internal GroupStatistics(Networks networks, ICollective ranks)
    {
        this.ranks = ranks;
        norms =
        [
            .. from named in networks.Modules
            from norm in named.Module.modules().OfType<NormBase>()
            where norm.training && norm.running_mean is not null
            select norm,
        ];
        all =
        [
            .. from norm in norms
            from buffer in new[] { norm.running_mean!, norm.running_var! }
            select new Statistic(buffer, norm.momentum ?? 0.1),
        ];
    }

    /// <summary>After each group.</summary>
    internal void Add()
    {
        using var noGrad = no_grad();
        all.ForEach(statistic => statistic.Add());
        groups++;
    }

    /// <summary>After the last group, and after the gradient has gone back.</summary>
    internal void Settle()
    {
        using var noGrad = no_grad();
        if (all.Count > 0)
            ranks.AllReduceSum([.. all.Select(statistic => statistic.Sum)]);
        all.ForEach(statistic => statistic.Settle(groups * ranks.Size));
        // The other ranks' groups count, too.
        norms.ForEach(norm => norm.num_batches_tracked?.add_(groups * (ranks.Size - 1)));
    }

    private sealed class Statistic(Tensor buffer, double momentum)
    {
        private readonly Tensor before = buffer.clone().DetachFromDisposeScope();
        private readonly Tensor last = buffer.clone().DetachFromDisposeScope();

        /// <summary>How far the groups would have moved it, each by itself.</summary>
        internal Tensor Sum { get; } = zeros_like(buffer).DetachFromDisposeScope();

        /// <summary>From r the group has gone to r + m (s - r); from r0 it would have gone to r0 + m (s - r0).</summary>
        internal void Add()
        {
            using var scope = NewDisposeScope();
            Sum.add_(buffer - last).add_(last - before, alpha: momentum);
            last.copy_(buffer);
        }

        internal void Settle(int groups)
        {
            using (before)
            using (Sum)
            using (last)
                buffer.copy_(before.add_(Sum, alpha: 1.0 / groups));
        }
    }
}
