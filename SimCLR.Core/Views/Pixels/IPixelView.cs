namespace SimCLR.Core.Views;

/// <summary>A view that a processor applies image by image, in its cache, instead of as operations on whole batches (<see cref="PixelPass"/>).</summary>
internal interface IPixelView : IView
{
    /// <summary>What the view does to image number i of a batch, with the parameters read out. The images may be worked on by several threads at once.</summary>
    /// <param name="shape">The shape before the view.</param>
    /// <param name="parameters">Those of the batch, on the CPU.</param>
    Action<int, PixelImage> Pixels(BatchShape shape, ViewParameters parameters);
}
