using SimCLR.Core.Runtime;
using SimCLR.Core.Training;

namespace SimCLR.Core.Evaluation;

/// <summary>The measurements of a run, taken one after the other.</summary>
public sealed class Measurements : IDisposable
{
    internal const long KeptBytes = 512L << 20;
    private readonly IReadOnlyList<IMeasurement> list;
    private readonly List<IStepObserver> observers;

    /// <summary>Checks the measurements, and makes what has to see the training.</summary>
    /// <param name="list">What is measured.</param>
    /// <param name="beforeTraining">The networks before the training begins.</param>
    /// <exception cref="ArgumentException">A measurement does not fit the images; the message says what to change.</exception>
    public Measurements(IReadOnlyList<IMeasurement> list, Pretrained beforeTraining)
    {
        this.list = list;
        foreach (var measurement in list)
            measurement.Check(beforeTraining);
        observers = [.. list.Select(measurement => measurement.Observer(beforeTraining)).OfType<IStepObserver>()];
    }

    /// <summary>The observer that every step of the training must be shown to; null: nothing has to see it.</summary>
    public IStepObserver? Observer =>
        observers.Count switch
        {
            0 => null,
            1 => observers[0],
            _ => new All(observers),
        };

    /// <summary>Takes every measurement.</summary>
    /// <param name="pretrained">What is measured.</param>
    /// <param name="report">Told the number of each measurement as it begins.</param>
    /// <returns>The figures of each.</returns>
    /// <exception cref="ArgumentException">A measurement does not fit the encoder or the images; the message says what to change.</exception>
    /// <exception cref="Training.TrainingFailedException">A training of a measurement diverged, or features are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<IReadOnlyList<Figure>> Take(Pretrained pretrained, Action<int>? report = null)
    {
        var taken = new List<IReadOnlyList<Figure>>();
        foreach (var measurement in list)
        {
            report?.Invoke(taken.Count);
            taken.Add(Take(measurement, pretrained));
        }
        return taken;
    }

    /// <summary>Takes one measurement.</summary>
    /// <exception cref="ArgumentException">A measurement does not fit the encoder or the images; the message says what to change.</exception>
    /// <exception cref="Training.TrainingFailedException">A training of a measurement diverged, or features are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<Figure> Take(IMeasurement measurement, Pretrained pretrained)
    {
        pretrained.Cancellation.ThrowIfCancellationRequested();
        // What the training or the measurement before held would stand beside what this one takes, in blocks of other sizes.
        NativeHeap.ReleaseBeyond(KeptBytes);
        using var pause = new CollectionPause();
        return [.. measurement.Measure(pretrained)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var measurement in list.OfType<IDisposable>())
            measurement.Dispose();
    }

    private sealed class All(IReadOnlyList<IStepObserver> observers) : IStepObserver
    {
        public IReadOnlyDictionary<string, TorchSharp.torch.Tensor> State =>
            observers
                .SelectMany((observer, i) => observer.State.Select(named => ($"{i}.{named.Key}", named.Value)))
                .ToDictionary(named => named.Item1, named => named.Value);

        public void Observe(TorchSharp.torch.Tensor h, TorchSharp.torch.Tensor labels)
        {
            foreach (var observer in observers)
                observer.Observe(h, labels);
        }
    }
}
