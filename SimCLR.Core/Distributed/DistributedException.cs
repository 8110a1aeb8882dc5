namespace SimCLR.Core.Distributed;

/// <summary>The error that several processes cannot compute together; the message says why, and what to do.</summary>
public sealed class DistributedException(string message) : InvalidOperationException(message);
