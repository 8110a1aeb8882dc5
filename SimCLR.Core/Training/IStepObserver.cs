using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>Sees the representations of every training step; what it does cannot change them.</summary>
public interface IStepObserver
{
    /// <summary>Called once per step.</summary>
    /// <param name="h">[2N, D], float32, without a gradient: both views of the batch, all first ones before all second ones. Disposed by the
    /// caller.</param>
    /// <param name="labels">[N], int64; -1 where there is no label.</param>
    void Observe(Tensor h, Tensor labels);
}
