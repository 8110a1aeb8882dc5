using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Turns each image by 0, 90, 180 or 270 degrees, equally likely, or always by one of the last three (paper, Figure 4f).</summary>
/// <param name="always">Whether no image stays as it is.</param>
/// <remarks>Parameters: quarterTurns: [N], int64, 0 to 3, anticlockwise.</remarks>
public sealed class Rotate(bool always = false) : IView
{
    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) =>
        input.Height == input.Width
            ? input
            : throw new ArgumentException(
                $"Rotate needs square images, not {input.Height} x {input.Width}. Put a crop or Resize before it."
            );

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        var choices = full([batch.Count], always ? 3 : 4, ScalarType.Int64, CPU);
        var turns = PerSample.Below(choices, batch, generator);
        return PerSample.Keep(scope, ("quarterTurns", always ? turns + 1 : turns));
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters)
    {
        Output(BatchShape.Of(images));
        using var scope = NewDisposeScope();
        var turns = parameters["quarterTurns"];
        var halved = PerSample.Choose(turns.ge(2), images.flip(2, 3), images);
        var turned = PerSample.Choose(turns.remainder(2).eq(1), halved.transpose(2, 3).flip(2), halved);
        return turned.contiguous().MoveToOuterDisposeScope();
    }
}
