using static TorchSharp.torch;

namespace SimCLR.Core.Images;

/// <summary>Brings the images of each training step to the device.</summary>
public interface IImageFeed : IDisposable
{
    /// <summary>How long the trainer has waited for images so far.</summary>
    TimeSpan Waited { get; }

    /// <summary>Images [B, C, H, W], of their type (<see cref="ImageSet.Bits"/>), and labels, [B] or [B, classes], int64, of a step, on the device; the caller disposes them. Steps come in
    /// order, from any first one.</summary>
    (Tensor Images, Tensor Labels) Batch(long step);
}
