namespace SimCLR.Core.Training;

/// <summary>What a figure's value means, and how it is shown.</summary>
public enum FigureUnit
{
    /// <summary>A number without a unit.</summary>
    Plain,

    /// <summary>A fraction, 0 to 1, shown in percent.</summary>
    Share,

    /// <summary>Information, to the base e.</summary>
    Nats,
}

/// <summary>A number with a name: of a training step, of a training, or of a measurement.</summary>
/// <param name="Name">Name within its training or measurement, for example "top-1".</param>
/// <param name="Value">Value in its unit; accuracies are fractions.</param>
/// <param name="Unit">Its unit.</param>
public readonly record struct Figure(string Name, double Value, FigureUnit Unit = FigureUnit.Share);

/// <summary>Figures by name.</summary>
internal static class FigureList
{
    /// <summary>The value of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none; the message names those there are.</exception>
    internal static double Named(this IReadOnlyList<Figure> figures, string name)
    {
        foreach (var figure in figures)
            if (figure.Name == name)
                return figure.Value;
        throw new KeyNotFoundException(
            $"There is no figure '{name}'; there are {string.Join(", ", figures.Select(figure => $"'{figure.Name}'"))}."
        );
    }
}
