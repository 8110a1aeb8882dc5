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
    private readonly List<Statistic> all;
    private int groups;

    /// <summary>Before the first group.</summary>
    internal GroupStatistics(Networks networks) =>
        all = [
            .. from named in networks.Modules
            from norm in named.Module.modules().OfType<NormBase>()
            where norm.training && norm.running_mean is not null
            from buffer in new[] { norm.running_mean!, norm.running_var! }
            select new Statistic(buffer, norm.momentum ?? 0.1),
        ];

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
        all.ForEach(statistic => statistic.Settle(groups));
    }

    private sealed class Statistic(Tensor buffer, double momentum)
    {
        private readonly Tensor before = buffer.clone().DetachFromDisposeScope();
        private readonly Tensor sum = zeros_like(buffer).DetachFromDisposeScope();
        private readonly Tensor last = buffer.clone().DetachFromDisposeScope();

        /// <summary>From r the group has gone to r + m (s - r); from r0 it would have gone to r0 + m (s - r0).</summary>
        internal void Add()
        {
            using var scope = NewDisposeScope();
            sum.add_(buffer - last).add_(last - before, alpha: momentum);
            last.copy_(buffer);
        }

        internal void Settle(int groups)
        {
            using (before)
            using (sum)
            using (last)
                buffer.copy_(before.add_(sum, alpha: 1.0 / groups));
        }
    }
}
