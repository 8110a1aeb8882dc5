using static TorchSharp.torch;

namespace SimCLR.Core.Distributed;

/// <summary>
/// The processes ("ranks") that compute one training together. All of them call the same operations in the same order, with tensors of the same shape and
/// type: float32, float64, int64 or uint8. One thread calls at a time.
/// </summary>
public interface ICollective : IDisposable
{
    /// <summary>The name of what carries the exchanges, for messages and provenance, for example "Open MPI v4.1.4".</summary>
    string Name { get; }

    /// <summary>This process's number, from 0.</summary>
    int Rank { get; }

    /// <summary>Number of ranks, 1 or more.</summary>
    int Size { get; }

    /// <summary>Puts the sum over all ranks in the place of the values, the same bits everywhere.</summary>
    /// <param name="values">Of any shape, dense.</param>
    /// <exception cref="ArgumentException">The tensor is of a type that cannot be exchanged.</exception>
    /// <exception cref="DistributedException">The exchange has failed.</exception>
    void AllReduceSum(Tensor values);

    /// <summary>The rows of all ranks, those of rank 0 first.</summary>
    /// <param name="rows">[n, ...], the same shape on every rank.</param>
    /// <returns>[Size · n, ...], without a graph, on the same device.</returns>
    /// <exception cref="ArgumentException">The tensor is of a type that cannot be exchanged.</exception>
    /// <exception cref="DistributedException">The exchange has failed, or there are more numbers than can be exchanged at once.</exception>
    Tensor AllGather(Tensor rows);

    /// <summary>Puts rank 0's values in the place of the others'.</summary>
    /// <param name="values">Of any shape, dense.</param>
    /// <exception cref="ArgumentException">The tensor is of a type that cannot be exchanged.</exception>
    /// <exception cref="DistributedException">The exchange has failed.</exception>
    void Broadcast(Tensor values);

    /// <summary>Waits until all ranks have come here, without keeping a core busy: a rank may wait here for hours.</summary>
    /// <exception cref="DistributedException">Another rank is gone.</exception>
    void Barrier();

    /// <summary>Ends the processes of all ranks at once. Does not return where there is more than one.</summary>
    /// <param name="why">Written to standard error, a sentence.</param>
    void Abort(string why);
}
