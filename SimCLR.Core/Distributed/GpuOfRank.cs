using SimCLR.Core.Runtime;

namespace SimCLR.Core.Distributed;

/// <summary>Gives each rank of a machine a GPU of its own, the only one that it then sees.</summary>
internal static class GpuOfRank
{
    internal const string Visible = "CUDA_VISIBLE_DEVICES";

    /// <summary>To be called before CUDA is asked for anything.</summary>
    internal static void Show()
    {
        if (
            Launch.Detect() is { } launch
            && Choose(launch.LocalRank, Environment.GetEnvironmentVariable(Visible), Gpu.Count) is { } gpu
        )
            ProcessSettings.Set(Visible, gpu);
    }

    /// <summary>What the rank is to see; null: what it sees.</summary>
    /// <param name="localRank">Its number on its machine; those behind the last GPU begin with the first again.</param>
    /// <param name="visible">What the launcher shows it; null: all. One is the rank's own.</param>
    /// <param name="count">GPUs of the machine.</param>
    internal static string? Choose(int localRank, string? visible, int count)
    {
        if (visible is null)
            return count > 1 ? $"{localRank % count}" : null;
        var shown = visible.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return shown.Length > 1 ? shown[localRank % shown.Length] : null;
    }
}
