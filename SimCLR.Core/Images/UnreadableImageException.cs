namespace SimCLR.Core.Images;

/// <summary>Why a file is no image that can be used.</summary>
internal enum Unreadable
{
    /// <summary>It is a link to a file that is not there.</summary>
    BrokenLink,

    /// <summary>It has no bytes.</summary>
    Empty,

    /// <summary>It is of no format that is read.</summary>
    NotAnImage,

    /// <summary>It begins as an image, but cannot be decoded.</summary>
    Damaged,

    /// <summary>Decoded, it takes more memory than is allowed.</summary>
    TooLarge,

    /// <summary>It is intact, but of a kind that is not read.</summary>
    Unsupported,
}

/// <summary>A file that the system can read is no image that can be used.</summary>
internal sealed class UnreadableImageException(Unreadable cause, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    internal Unreadable Cause { get; } = cause;
}
