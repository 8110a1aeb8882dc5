using System.Globalization;

namespace SimCLR.Benchmarks;

/// <summary>The arguments of a measurement: --name value, or --name alone.</summary>
internal sealed class Options
{
    private readonly Dictionary<string, string> values = [];

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="OptionException">An argument is not one of those allowed.</exception>
    internal Options(IEnumerable<string> arguments, params string[] allowed)
    {
        var name = "";
        foreach (var argument in arguments)
        {
            if (!argument.StartsWith("--"))
            {
                if (name == "" || values[name] != "")
                    throw new OptionException($"'{argument}' follows no option");
                values[name] = argument;
                continue;
            }
            name = argument[2..];
            if (!allowed.Contains(name))
                throw new OptionException(
                    $"there is no option --{name}; those of this measurement: {string.Join(", ", allowed.Select(a => "--" + a))}"
                );
            values[name] = "";
        }
    }

    /// <summary>Whether the option is there.</summary>
    internal bool Has(string name) => values.ContainsKey(name);

    /// <summary>Its text, or what it is without it.</summary>
    internal string Text(string name, string otherwise)
    {
        var text = values.GetValueOrDefault(name, otherwise);
        return text != "" ? text : throw new OptionException($"--{name} needs a value");
    }

    /// <summary>A whole number.</summary>
    internal int Number(string name, int otherwise, int least) =>
        int.TryParse(Text(name, $"{otherwise}"), CultureInfo.InvariantCulture, out var number) && number >= least
            ? number
            : throw new OptionException($"--{name} is '{values[name]}'; use a whole number of {least} or more");

    /// <summary>Whole numbers with commas between them.</summary>
    internal IReadOnlyList<int> Numbers(string name, string otherwise, int least) =>
        [
            .. Text(name, otherwise)
                .Split(',')
                .Select(text =>
                    int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= least
                        ? number
                        : throw new OptionException($"--{name} has '{text}'; use whole numbers of {least} or more")
                ),
        ];

    /// <summary>A number above 0.</summary>
    internal double Positive(string name, double otherwise) =>
        double.TryParse(
            Text(name, otherwise.ToString(CultureInfo.InvariantCulture)),
            CultureInfo.InvariantCulture,
            out var number
        )
        && number > 0
        && double.IsFinite(number)
            ? number
            : throw new OptionException($"--{name} is '{values[name]}'; use a number above 0");

    /// <summary>One of several words.</summary>
    internal T Choice<T>(string name, string otherwise, IReadOnlyDictionary<string, T> choices) =>
        choices.TryGetValue(Text(name, otherwise), out var chosen)
            ? chosen
            : throw new OptionException($"--{name} is '{values[name]}'; choose {string.Join(", ", choices.Keys)}");
}

/// <summary>An argument cannot be used; the message says why.</summary>
internal sealed class OptionException(string message) : Exception(message);
