using SimCLR.Core.Images;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using static TorchSharp.torch;

namespace SimCLR.Core.Methods;

/// <summary>What a method is made from: its kind and its values.</summary>
public interface IMethodSpec
{
    /// <summary>Makes the method around networks that are made already.</summary>
    /// <param name="context">The networks, and the training that it is for.</param>
    /// <exception cref="ArgumentException">A value is out of range, or does not fit the training; the message says what to change.</exception>
    IMethod Create(MethodContext context);
}

/// <summary>
/// What is trained: which networks see which views, the loss of what they give, and what moves after a step. It knows neither images nor
/// optimizer nor in which parts a batch comes: the loss is of the embeddings of a whole batch, and may be asked for twice.
/// </summary>
public interface IMethod : IDisposable
{
    /// <summary>All networks, first those of <see cref="MethodContext.Online"/>.</summary>
    IReadOnlyList<Networks> Networks { get; }

    /// <summary>The networks whose representations are measured and kept.</summary>
    Networks Evaluated { get; }

    /// <summary>Groups of all parameters that the optimizer moves.</summary>
    IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>What a step embeds, in this order.</summary>
    IReadOnlyList<Branch> Branches { get; }

    /// <summary>All that the coming steps depend on besides encoder and head of <see cref="MethodContext.Online"/>, by name: the tensors in
    /// use.</summary>
    IReadOnlyDictionary<string, Tensor> State { get; }

    /// <summary>Names and units of what <see cref="Measure"/> gives; the first is "loss".</summary>
    IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; }

    /// <summary>How its training can go wrong without an error.</summary>
    IReadOnlyList<Collapse> Collapses { get; }

    /// <summary>Whether a step is the same work for the device each time: <see cref="Loss"/>, <see cref="Measure"/> and <see cref="AfterStep"/> use no number of
    /// the processor's that changes, not even the step's. Such steps are recorded and launched as a whole on a GPU.</summary>
    bool IsSteady => false;

    /// <summary>Prepares a step, before the networks see its views; most need nothing.</summary>
    void BeforeStep(StepInput input) { }

    /// <summary>The loss of a batch, a scalar. Changes nothing.</summary>
    /// <param name="embeddings">Of each branch, in order, and of each of its views: those of one view are N rows.</param>
    /// <param name="input">The step.</param>
    Tensor Loss(IReadOnlyList<Embedding> embeddings, StepInput input);

    /// <summary>Moves what moves after the optimizer's step: targets, queues, centres. Called once per step, without a graph.</summary>
    /// <param name="embeddings">Those that the loss has seen.</param>
    /// <param name="input">The step.</param>
    void AfterStep(IReadOnlyList<Embedding> embeddings, StepInput input) { }

    /// <summary>The step's figures, a scalar for each of <see cref="Figures"/>, reading nothing back from the device. Called after the loss and before <see cref="AfterStep"/>, without a
    /// graph.</summary>
    /// <param name="loss">The loss, a scalar.</param>
    /// <param name="embeddings">Those that the loss has seen.</param>
    IReadOnlyList<Tensor> Measure(Tensor loss, IReadOnlyList<Embedding> embeddings);
}

/// <summary>What a method is made for.</summary>
/// <param name="Online">Encoder and head, on their device; the training owns them.</param>
/// <param name="Another">Makes other networks of the same kind, at the same place, with the same weights and statistics.</param>
/// <param name="Streams">The randomness of the training.</param>
/// <param name="Device">Where it is trained.</param>
/// <param name="Images">Training images.</param>
/// <param name="BatchSize">Images of a step.</param>
/// <param name="TotalSteps">Steps of the training.</param>
/// <param name="LearningRate">Highest learning rate.</param>
public sealed record MethodContext(
    Networks Online,
    Func<Networks> Another,
    RandomStreams Streams,
    Device Device,
    long Images,
    int BatchSize,
    long TotalSteps,
    double LearningRate
)
{
    /// <summary>Steps of one epoch.</summary>
    public long StepsPerEpoch => Images / BatchSize;

    /// <summary>Numbers of the views of an image, those of one size together, the first two first: [[0, 1]] for a pair, [[0, 1], [2, 3, 4]] with three smaller ones.
    /// Every view must be in a branch, and a branch has views of one size.</summary>
    public IReadOnlyList<IReadOnlyList<int>> ViewsBySize { get; init; } =
    [
        [0, 1],
    ];
}

/// <summary>A step as methods see it.</summary>
/// <param name="Step">Number of the step, counted from 0.</param>
/// <param name="Labels">[N] or [N, classes], int64; only supervised losses read them.</param>
/// <param name="Order">Which images steps take: <see cref="BatchOrder.At"/> of the step gives the rows of its images in the training set.</param>
public sealed record StepInput(long Step, Tensor Labels, BatchOrder Order);
