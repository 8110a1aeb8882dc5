using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Views one after another. Its parameters are those of its steps, as children.</summary>
/// <param name="steps">The views, first to last; none at all changes nothing.</param>
public sealed class Sequence(params IReadOnlyList<IView> steps) : IView
{
    /// <summary>The views, first to last.</summary>
    public IReadOnlyList<IView> Steps { get; } = [.. steps];

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => Steps.Aggregate(input, (shape, step) => step.Output(shape));

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        var children = new List<ViewParameters>(Steps.Count);
        foreach (var step in Steps)
        {
            children.Add(step.Draw(batch, generator));
            batch = step.Output(batch);
        }
        return new ViewParameters(new Dictionary<string, Tensor>(), children);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The parameters are not those of a sequence of this many steps.</exception>
    public Tensor Apply(Tensor images, ViewParameters parameters)
    {
        if (parameters.Children.Count != Steps.Count)
            throw new ArgumentException(
                $"A sequence of {Steps.Count} views got parameters of {parameters.Children.Count}. Draw them with this sequence."
            );
        using var scope = NewDisposeScope();
        var current = images;
        for (var i = 0; i < Steps.Count; )
        {
            var together = PixelPass.Serves(current) ? Steps.Skip(i).TakeWhile(step => step is IPixelView).Count() : 0;
            var next =
                together > 0
                    ? PixelPass.Apply(
                        [
                            .. Enumerable
                                .Range(i, together)
                                .Select(at => ((IPixelView)Steps[at], parameters.Children[at])),
                        ],
                        current
                    )
                    : Steps[i].Apply(current, parameters.Children[i]);
            i += Math.Max(together, 1);
            // A step may return its input, and the first input is the caller's.
            if (!ReferenceEquals(next, current) && !ReferenceEquals(current, images))
                current.Dispose();
            current = next;
        }
        return ReferenceEquals(current, images) ? images : current.MoveToOuterDisposeScope();
    }
}
