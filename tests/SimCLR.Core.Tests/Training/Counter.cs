using SimCLR.Core.Distributed;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

/// <summary>A trainee that counts its steps in a tensor; what a step does besides, and its loss, are the test's.</summary>
/// <param name="totalSteps">In epochs of four.</param>
/// <param name="loss">The loss of a step, counted from 1; null: its number.</param>
internal sealed class Counter(long totalSteps, Func<long, float>? loss = null) : ITrainee, IDisposable
{
    internal Tensor Count { get; } = zeros(1).DetachFromDisposeScope();

    internal List<double> Looked { get; } = [];

    /// <summary>Its second figure; null: half of the steps done.</summary>
    internal float? Half { get; init; }

    public string Name => "counting";
    public Device Device => CPU;
    public Precision Precision { get; init; } = Precision.Float32;
    public ICollective Ranks { get; init; } = Alone.Instance;
    public IMonitor? Monitor { get; set; }
    public int BatchSize => 2;
    public long StepsPerEpoch => 4;
    public long TotalSteps => totalSteps;
    public long StepsDone { get; private set; }
    public IReadOnlyList<(string Name, FigureUnit Unit)> Figures { get; } =
    [("loss", FigureUnit.Nats), ("half", FigureUnit.Share)];
    public double LearningRate => 10 * StepsDone;
    public TimeSpan Waited => TimeSpan.Zero;
    public IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor> { ["count"] = Count };

    public Tensor Step()
    {
        StepsDone++;
        Count.add_(1);
        return tensor(new[] { loss?.Invoke(StepsDone) ?? StepsDone, Half ?? StepsDone / 2f });
    }

    public double GradientNorm() => 100 + StepsDone;

    public void Restore(long step) => StepsDone = step;

    public void Look(TrainingProgress progress) => Looked.Add(progress.Loss);

    public void Dispose() => Count.Dispose();
}
