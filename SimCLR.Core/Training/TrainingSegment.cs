using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>A part of a training that was computed under one setting.</summary>
/// <param name="FromStep">Steps done when it began.</param>
/// <param name="Setting">Conditions by name: device, precision, threads, libtorch, deterministic, ranks, and what the caller wanted recorded. Empty where a version
/// of this toolkit that recorded nothing computed it.</param>
public sealed record TrainingSegment(long FromStep, IReadOnlyDictionary<string, string> Setting)
{
    /// <summary>Names that decide the last bits of all numbers; the other names are the caller's.</summary>
    private static readonly string[] Deciding =
    [
        "device",
        "precision",
        "threads",
        "libtorch",
        "deterministic",
        "ranks",
    ];

    /// <summary>A segment that begins now, in this process.</summary>
    /// <param name="trainee">What is trained.</param>
    /// <param name="more">What else is to be recorded; the names of this class are its own.</param>
    internal static TrainingSegment Begin(ITrainee trainee, IReadOnlyDictionary<string, string> more)
    {
        var onGpu = trainee.Device.type == DeviceType.CUDA;
        string[] values =
        [
            $"{trainee.Device}, {(onGpu ? string.Join(", ", Gpu.Models) : Processor.Name)}",
            $"{trainee.Precision}",
            $"{get_num_threads()}",
            LibTorch.Load().Version ?? $"{__version__}",
            DeterministicAlgorithms.AreRequired ? "yes" : "no",
            $"{trainee.Ranks.Size}",
        ];
        var setting = new Dictionary<string, string>(more);
        foreach (var (name, value) in Deciding.Zip(values))
            setting[name] = value;
        return new TrainingSegment(trainee.StepsDone, setting);
    }

    /// <summary>Whether all of the setting is that of another segment.</summary>
    internal bool IsLike(TrainingSegment other) =>
        Setting.Count == other.Setting.Count
        && Setting.All(named => other.Setting.TryGetValue(named.Key, out var value) && value == named.Value);

    /// <summary>What differs in the segment after this one and decides the last bits of its numbers, in words.</summary>
    internal IEnumerable<string> ChangesIn(TrainingSegment next) =>
        from name in Deciding
        where Setting.ContainsKey(name) && Setting[name] != next.Setting[name]
        select $"{name} was {Setting[name]} and is {next.Setting[name]}";
}
