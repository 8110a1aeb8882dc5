using SimCLR.Core.Optimizers;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// How a classifier is trained: SGD with Nesterov momentum 0.9 unless another optimizer is given, half a cosine without warmup unless another is given, no decay unless
/// asked for (SimCLR, appendix B.5 and B.6, and the reference code).
/// </summary>
/// <param name="Epochs">Passes over the images, 1 or more.</param>
/// <param name="BatchSize">Images per step, 2 or more; all of them where there are fewer. An incomplete last batch of an epoch is left
/// out.</param>
/// <param name="LearningRate">The highest rate for a batch of that size, for example B => 0.1 * B / 256.</param>
/// <param name="WeightDecay">0 or more; biases and batch norm are not decayed.</param>
/// <param name="Decay">What the rate does; null: half a cosine.</param>
/// <param name="Optimizer">An optimizer with a weight decay of its own, in the place of <paramref name="WeightDecay"/>; null: SGD with Nesterov momentum 0.9.</param>
public sealed record ClassifierSettings(
    int Epochs,
    int BatchSize,
    Func<int, double> LearningRate,
    double WeightDecay = 0,
    Decay? Decay = null,
    OptimizerSpec? Optimizer = null
);
