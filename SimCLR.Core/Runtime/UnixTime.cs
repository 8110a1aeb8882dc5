namespace SimCLR.Core.Runtime;

/// <summary>Time as other tools count it.</summary>
public static class UnixTime
{
    /// <summary>Seconds since 1970-01-01T00:00:00Z, with their fraction.</summary>
    public static double Now => (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
}
