using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Leaves images as they are. No parameters.</summary>
public sealed class Identity : IView
{
    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => input;

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator) => ViewParameters.None;

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters) => images;
}
