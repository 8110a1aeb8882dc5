namespace SimCLR.Core.Images;

/// <summary>Brings the images of each training step to the device.</summary>
public interface IImageFeed : IDisposable
{
    /// <summary>How long the trainer has waited for images so far.</summary>
    TimeSpan Waited { get; }

    /// <summary>Images and labels of a step; the caller disposes them. They last until the next step is asked for: their memory may then be that of a coming one.
    /// Steps come in order, from any first one.</summary>
    /// <param name="step">Counted from 0.</param>
    ImageBatch Batch(long step);
}
