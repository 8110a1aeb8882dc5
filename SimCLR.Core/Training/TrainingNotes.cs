using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using SimCLR.Core.Methods;

namespace SimCLR.Core.Training;

/// <summary>What a checkpoint says of its training beside tensors.</summary>
/// <param name="Seconds">Wall time of the training loop so far.</param>
/// <param name="Progress">Every logging interval so far.</param>
/// <param name="Segments">Under which conditions it was computed so far.</param>
/// <param name="WattHours">What it drew so far, in all processes; 0 where that was not measured.</param>
/// <param name="Pending">The point of the last step, where its monitor was interrupted; null: none.</param>
/// <param name="Summed">How many figures an earlier version had, and from which step on the others are summed; null: all of them are from the start.</param>
internal sealed record TrainingNotes(
    double Seconds,
    IReadOnlyList<TrainingProgress> Progress,
    IReadOnlyList<TrainingSegment> Segments,
    double WattHours,
    TrainingProgress? Pending = null,
    SummedFigures? Summed = null
)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>As texts by name.</summary>
    internal Dictionary<string, string> Write()
    {
        var notes = new Dictionary<string, string>
        {
            ["seconds"] = Seconds.ToString("R", CultureInfo.InvariantCulture),
            ["progress"] = JsonSerializer.Serialize(Progress, Json),
            ["segments"] = JsonSerializer.Serialize(Segments, Json),
            ["watt-hours"] = WattHours.ToString("R", CultureInfo.InvariantCulture),
        };
        if (Pending is not null)
            notes["pending"] = JsonSerializer.Serialize(Pending, Json);
        if (Summed is not null)
            notes["summed"] = JsonSerializer.Serialize(Summed, Json);
        return notes;
    }

    /// <summary>Reads what <see cref="Write"/> wrote, or version 0.1, which had no segments, or 0.2, which did not keep the energy.</summary>
    internal static TrainingNotes Read(IReadOnlyDictionary<string, string> notes) =>
        new(
            double.Parse(notes["seconds"], CultureInfo.InvariantCulture),
            [.. JsonSerializer.Deserialize<Interval[]>(notes["progress"], Json)!.Select(interval => interval.Read())],
            notes.TryGetValue("segments", out var segments)
                ? JsonSerializer.Deserialize<TrainingSegment[]>(segments, Json)!
                : [new TrainingSegment(0, new Dictionary<string, string>())],
            notes.TryGetValue("watt-hours", out var energy) ? double.Parse(energy, CultureInfo.InvariantCulture) : 0,
            notes.TryGetValue("pending", out var pending)
                ? JsonSerializer.Deserialize<Interval>(pending, Json)!.Read()
                : null,
            notes.TryGetValue("summed", out var summed) ? JsonSerializer.Deserialize<SummedFigures>(summed, Json) : null
        );

    /// <summary>A logging interval as it is written. Version 0.1 knew only pretraining, and three figures of it by name.</summary>
    private sealed record Interval(
        long Step,
        long TotalSteps,
        double Epoch,
        double LearningRate,
        double ImagesPerSecond,
        TimeSpan Remaining,
        Figure[]? Figures,
        double Loss,
        double GradientNorm,
        double EmbeddingDeviation,
        double Time = 0
    )
    {
        internal TrainingProgress Read() =>
            new(Step, TotalSteps, Epoch, LearningRate, ImagesPerSecond, Remaining, Figures ?? Named(), Time);

        private Figure[] Named()
        {
            double[] values = [Loss, double.NaN, double.NaN, EmbeddingDeviation, double.NaN, GradientNorm];
            return
            [
                .. SimClr
                    .StepFigures.Append((TrainingProgress.GradientNorm, FigureUnit.Plain))
                    .Zip(values, (figure, value) => new Figure(figure.Item1, value, figure.Item2)),
            ];
        }
    }
}
