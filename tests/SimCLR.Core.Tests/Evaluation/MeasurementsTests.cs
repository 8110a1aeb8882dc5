using SimCLR.Core.Evaluation;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class MeasurementsTests
{
    /// <summary>A measurement that counts, and sees the training where asked to.</summary>
    private sealed class Counting(string name, bool watches = false) : IMeasurement, IStepObserver, IDisposable
    {
        private readonly Tensor weight = zeros(1);

        internal int Steps { get; private set; }
        internal bool Disposed { get; private set; }

        public IReadOnlyDictionary<string, Tensor> State => new Dictionary<string, Tensor> { ["weight"] = weight };

        IStepObserver? IMeasurement.Observer(Pretrained beforeTraining) => watches ? this : null;

        public IReadOnlyList<Figure> Measure(Pretrained pretrained) => [new Figure(name, Steps)];

        public void Observe(Tensor h, Tensor labels) => Steps++;

        public void Dispose()
        {
            weight.Dispose();
            Disposed = true;
        }
    }

    [Fact]
    public void Each_is_taken_in_order_and_told_of_as_it_begins()
    {
        using var tiny = new Tiny();
        var (a, b) = (new Counting("a"), new Counting("b"));
        var told = new List<int>();
        using (var measurements = new Measurements([a, b], tiny.Pretrained))
        {
            Assert.Null(measurements.Observer);
            var taken = measurements.Take(tiny.Pretrained, told.Add);
            Assert.Equal(["a", "b"], taken.Select(figures => figures.Single().Name));
        }
        Assert.Equal([0, 1], told);
        Assert.True(a.Disposed && b.Disposed);
    }

    [Theory]
    [InlineData(1, new[] { "weight" })]
    [InlineData(2, new[] { "0.weight", "1.weight" })]
    public void Those_that_watch_see_every_step_and_keep_their_states_apart(int watching, string[] names)
    {
        using var tiny = new Tiny();
        var watchers = Enumerable.Range(0, watching).Select(i => new Counting($"{i}", watches: true)).ToList();
        using var measurements = new Measurements([new Counting("blind"), .. watchers], tiny.Pretrained);
        using var h = zeros(2, 3);
        using var labels = zeros(1, ScalarType.Int64);
        for (var step = 0; step < 3; step++)
            measurements.Observer!.Observe(h, labels);
        Assert.Equal(names, measurements.Observer!.State.Keys);
        var values = measurements.Take(tiny.Pretrained).Select(figures => figures[0].Value);
        Assert.Equal([0, .. Enumerable.Repeat(3.0, watching)], values);
    }

    [Fact]
    public void Cancelling_ends_them()
    {
        using var tiny = new Tiny();
        using var measurements = new Measurements([new Counting("a")], tiny.Pretrained);
        var cancelled = tiny.Pretrained with { Cancellation = new CancellationToken(true) };
        Assert.Throws<OperationCanceledException>(() => measurements.Take(cancelled));
    }

    /// <summary>Measurements with a setting that is wrong, and what is said of it.</summary>
    public static TheoryData<string, string> Wrong =>
        new()
        {
            { "epochs", "fine-tuning: Epochs is 0; use 1 or more." },
            { "batch", "linear SGD: BatchSize is 1; use 2 or more." },
            { "part", "1.5" },
            { "supervised", "supervised: Epochs is 0" },
            { "teacher", "RankMe makes no teacher" },
            { "teacher's", "linear SGD: BatchSize is 1" },
            { "temperature", "The temperature of distillation is 0" },
            { "student", "distillation: Epochs is 0" },
            { "no k", "There is no k to choose from" },
            { "k", "k is 0; use 1 or more" },
            { "votes", "The k-NN temperature is 0" },
            { "strengths", "L2 strengths are []" },
        };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_wrong_is_said_before_the_training(string which, string message)
    {
        using var tiny = new Tiny();
        var (none, one) = (Tiny.Quick(epochs: 0), Tiny.Quick() with { BatchSize = 1 });
        var teacher = new LinearSgd(Tiny.Quick());
        var evaluation = tiny.Pretrained.Evaluation;
        var pretrained = which switch
        {
            "votes" => tiny.Pretrained with { Evaluation = evaluation with { NeighbourTemperature = 0 } },
            "strengths" => tiny.Pretrained with { Evaluation = evaluation with { L2 = [] } },
            _ => tiny.Pretrained,
        };
        IMeasurement measurement = which switch
        {
            "epochs" => new FineTuning(1, 0, none),
            "batch" => new LinearSgd(one),
            "part" => new FineTuning(1.5, 0, Tiny.Quick()),
            "supervised" => new SupervisedBaseline(1, none),
            "teacher" => new Distillation(new RankMe(OfZ: false), null, 1, Tiny.Quick()),
            "teacher's" => new Distillation(new LinearSgd(one), null, 1, Tiny.Quick()),
            "temperature" => new Distillation(teacher, null, 0, Tiny.Quick()),
            "student" => new Distillation(teacher, null, 1, none),
            "no k" => new NeighbourChoice([]),
            "k" => new NeighbourChoice([(0, 0.1)]),
            "votes" => new NeighbourEvaluation(),
            _ => new LinearEvaluation(),
        };
        var error = Assert.ThrowsAny<ArgumentException>(() => new Measurements([measurement], pretrained));
        Assert.Contains(message, error.Message);
    }
}
