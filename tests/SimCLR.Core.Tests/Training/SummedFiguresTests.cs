using SimCLR.Core.Methods;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

/// <summary>Trainings whose checkpoint is of a version that had fewer figures of them.</summary>
public class SummedFiguresTests
{
    private const int Known = 3;

    /// <summary>A training of 12 steps, 4 an epoch, that is stopped after some, and then so that its newest checkpoint has fewer figures.</summary>
    private static void Stop(TemporaryFolder folder, int after, bool isOld)
    {
        using var images = Noise();
        using var training = new Pretraining(Spec(), images, CPU);
        using var stop = new CancellationTokenSource();
        var files = new CheckpointFolder(folder.Root);
        var checkpointing = new Checkpointing(files, TimeSpan.Zero);
        void Run() =>
            training.Run(
                progress =>
                {
                    if (progress.Step == after)
                        stop.Cancel();
                },
                stop.Token,
                checkpointing
            );
        if (after < training.TotalSteps)
            Assert.Throws<TrainingInterruptedException>(Run);
        else
            Run();
        if (!isOld)
            return;
        using var scope = NewDisposeScope();
        using var now = files.Newest()!;
        files.Delete();
        var old = now.Tensors.ToDictionary(
            named => named.Key,
            named =>
                named.Key.StartsWith(Checkpoint.Sums) && named.Value.dim() == 1
                    ? named.Value.narrow(0, 0, Known).clone()
                    : named.Value
        );
        files.Save(new Checkpoint(now.Step, old, now.Notes));
    }

    private static (TrainingResult Result, Dictionary<string, string> State) Finish(TemporaryFolder? folder)
    {
        using var images = Noise();
        using var training = new Pretraining(Spec(), images, CPU);
        var result = training.Run(
            checkpointing: folder is null ? null : new Checkpointing(new CheckpointFolder(folder.Root), TimeSpan.Zero)
        );
        return (result, Bytes(training));
    }

    /// <summary>The last epoch has the steps 9 to 12.</summary>
    [Theory]
    [InlineData(6, 9, false)]
    [InlineData(10, 11, false)]
    [InlineData(10, 11, true)] // interrupted once more
    public void It_goes_on_bit_for_bit_and_figures_that_have_come_since_are_means_of_the_steps_that_have_them(
        int stopped,
        int first,
        bool twice
    )
    {
        var (expected, weights) = Finish(null);
        using var folder = new TemporaryFolder();
        Stop(folder, stopped, isOld: true);
        if (twice)
            Stop(folder, stopped + 1, isOld: false);
        var (result, state) = Finish(folder);
        Assert.Equal(weights, state);
        Assert.Equal(expected.Figures.Take(Known), result.Figures.Take(Known));
        Assert.True(result.Figures.Count > Known + 1);
        for (var i = Known; i < result.Figures.Count; i++)
        {
            var name = result.Figures[i].Name;
            // Every step is an interval of its own.
            var steps = expected.Progress.Where(point => point.Step >= first).Select(point => point[name]);
            Assert.Equal(steps.Average(), result[name], 1e-5);
        }
        // What was told before stays.
        Assert.Equal(
            expected.Progress.Select(point => (point.Step, point.Loss)),
            result.Progress.Select(point => (point.Step, point.Loss))
        );
    }

    [Fact]
    public void Figures_that_no_step_has_are_not_a_number()
    {
        using var folder = new TemporaryFolder();
        Stop(folder, 12, isOld: true);
        var (result, _) = Finish(folder);
        Assert.Equal(12, result.Steps);
        Assert.All(result.Figures.Skip(Known), figure => Assert.True(double.IsNaN(figure.Value), figure.Name));
        Assert.All(result.Figures.Take(Known), figure => Assert.True(double.IsFinite(figure.Value), figure.Name));
    }

    [Fact]
    public void More_figures_than_there_are_is_another_training()
    {
        using var folder = new TemporaryFolder();
        Stop(folder, 6, isOld: false);
        var files = new CheckpointFolder(folder.Root);
        using var now = files.Newest()!;
        using var scope = NewDisposeScope();
        files.Delete();
        var longer = now.Tensors.ToDictionary(
            named => named.Key,
            named => named.Key.StartsWith(Checkpoint.Sums) ? cat([named.Value, named.Value]) : named.Value
        );
        files.Save(new Checkpoint(now.Step, longer, now.Notes));
        var error = Assert.Throws<CheckpointMisfitException>(() => Finish(folder));
        Assert.Contains("of this shape", error.Message);
    }
}
