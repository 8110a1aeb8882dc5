using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>Sees the representations of every training step; what it does cannot change them.</summary>
public interface IStepObserver
{
    /// <summary>All that it has learnt, by name: the tensors in use, which checkpoints save and put back.</summary>
    IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor>();

    /// <summary>Sees the whole batch of a step, once, whatever the parts in which it goes through the encoder.</summary>
    /// <param name="h">[views · N, D], float32, without a gradient: the views of the batch that the evaluated networks see, all first ones before all
    /// second ones. Disposed by the caller.</param>
    /// <param name="labels">[N], int64; -1 where there is no label.</param>
    void Observe(Tensor h, Tensor labels);
}
