using System.Text;

namespace SimCLR.Benchmarks;

/// <summary>One measurement's results as Markdown: printed as they come, and kept for RESULTS.md.</summary>
internal sealed class Section(string title)
{
    private const string Begin = "## ";
    private readonly StringBuilder text = new();

    /// <summary>A paragraph.</summary>
    internal void Say(string paragraph)
    {
        Print(paragraph);
        Print("");
    }

    /// <summary>A table; the first column is left-aligned, the others right.</summary>
    internal void Table(string[] header, IReadOnlyList<string[]> rows)
    {
        var widths = header.Select((name, i) => rows.Select(row => row[i].Length).Append(name.Length).Max()).ToArray();
        Print(Line(header));
        Print(
            "|" + string.Concat(widths.Select((w, i) => new string('-', w + (i == 0 ? 2 : 1)) + (i == 0 ? "|" : ":|")))
        );
        foreach (var row in rows)
            Print(Line(row));
        Print("");

        string Line(string[] cells) =>
            "|"
            + string.Concat(
                cells.Select((c, i) => i == 0 ? $" {c.PadRight(widths[i])} |" : $" {c.PadLeft(widths[i])} |")
            );
    }

    /// <summary>Puts this section into the file, in place of the one of the same title, else at the end.</summary>
    internal void WriteTo(string file)
    {
        var sections = new List<string>();
        foreach (var line in File.Exists(file) ? File.ReadAllLines(file) : ["# Results"])
            if (line.StartsWith(Begin) || sections.Count == 0)
                sections.Add(line + "\n");
            else
                sections[^1] += line + "\n";
        var mine = $"{Begin}{title}\n\n{text.ToString().TrimEnd()}\n";
        var at = sections.FindIndex(section => section.StartsWith($"{Begin}{title}\n"));
        if (at >= 0)
            sections[at] = mine;
        else
            sections.Add(mine);
        File.WriteAllText(file, string.Join("\n", sections.Select(section => section.TrimEnd() + "\n")));
        Console.WriteLine($"Written to {file}.");
    }

    private void Print(string line)
    {
        Console.WriteLine(line);
        text.Append(line).Append('\n');
    }
}
