using static TorchSharp.torch.utils.tensorboard;

namespace SimCLR.Core.Training;

/// <summary>A curve for TensorBoard.</summary>
/// <param name="Tag">Its name; those that begin alike up to a '/' stand together.</param>
/// <param name="Points">Training steps and values.</param>
public sealed record ScalarSeries(string Tag, IReadOnlyList<(long Step, double Value)> Points);

/// <summary>Event files that TensorBoard shows, written by TorchSharp.</summary>
public static class EventFile
{
    private const string Pattern = "events.out.tfevents.*";

    /// <summary>Writes the curves of a run to its folder, in place of what an earlier call has written.</summary>
    /// <param name="folder">Made if it is not there; its name is the run's name.</param>
    /// <param name="series">The curves; steps above 2^31 - 1, which TorchSharp does not take, count as that.</param>
    public static void Write(string folder, IEnumerable<ScalarSeries> series)
    {
        Directory.CreateDirectory(folder);
        foreach (var old in Directory.GetFiles(folder, Pattern))
            File.Delete(old);
        var writer = SummaryWriter(folder, createRunName: false);
        foreach (var curve in series)
        foreach (var (step, value) in curve.Points)
            writer.add_scalar(curve.Tag, (float)value, (int)Math.Min(step, int.MaxValue));
    }
}
