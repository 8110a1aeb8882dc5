namespace SimCLR.Launcher;

/// <summary>What a user is told, as it stands, before the launcher ends with 1.</summary>
internal sealed class LauncherException(string message) : Exception(message);
