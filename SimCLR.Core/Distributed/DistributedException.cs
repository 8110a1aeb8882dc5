namespace SimCLR.Core.Distributed;

/// <summary>Several processes cannot compute together; the message says why, and what to do.</summary>
public sealed class DistributedException(string message) : InvalidOperationException(message);
