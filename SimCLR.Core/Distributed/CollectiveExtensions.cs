using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>What is made of a collective's operations.</summary>
public static class CollectiveExtensions
{
    /// <summary>Puts the sums over all ranks in the place of several tensors' values, in one exchange.</summary>
    /// <param name="ranks">All call alike.</param>
    /// <param name="tensors">Of any shapes, of one type and on one device.</param>
    public static void AllReduceSum(this ICollective ranks, IReadOnlyList<Tensor> tensors)
    {
        if (ranks.Size == 1)
            return;
        if (tensors.Count == 1)
        {
            ranks.AllReduceSum(tensors[0]);
            return;
        }
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var flat = cat([.. tensors.Select(tensor => tensor.flatten())]);
        ranks.AllReduceSum(flat);
        foreach (var (tensor, part) in tensors.Zip(flat.split([.. tensors.Select(tensor => tensor.numel())])))
            tensor.copy_(part.view_as(tensor));
    }

    /// <summary>Whether something is so on any rank: the same answer on all.</summary>
    public static bool Any(this ICollective ranks, bool isSo)
    {
        if (ranks.Size == 1)
            return isSo;
        using var count = tensor(isSo ? 1L : 0L, device: CPU);
        ranks.AllReduceSum(count);
        return count.ToInt64() > 0;
    }

    /// <summary>Rank 0's number, on every rank.</summary>
    public static long FromFirst(this ICollective ranks, long number)
    {
        using var value = tensor(number, device: CPU);
        ranks.Broadcast(value);
        return value.ToInt64();
    }

    /// <summary>Rank 0's text, on every rank.</summary>
    public static string FromFirst(this ICollective ranks, string text)
    {
        if (ranks.Size == 1)
            return text;
        var bytes = Encoding.UTF8.GetBytes(text);
        var length = ranks.FromFirst((long)bytes.Length);
        using var values = ranks.Rank == 0 ? tensor(bytes, device: CPU) : zeros(length, ScalarType.Byte, CPU);
        ranks.Broadcast(values);
        return Encoding.UTF8.GetString(values.bytes);
    }
}
