namespace SimCLR.Launcher;

/// <summary>A script and those that it loads, but for this project's references.</summary>
internal static class ScriptFiles
{
    private const int Deepest = 20;

    /// <summary>
    /// Null where a script wants what only F# Interactive gives it, as where scripts load each other in a circle, which that says, and where the first
    /// does not load this project.
    /// </summary>
    public static List<string>? Of(Repository repository, string script)
    {
        string references = Native.RealPath(repository.At("scripts", "load.fsx"));
        bool loadsProject = false;
        var files = new List<string>();
        return Add(script, 0) && loadsProject ? files : null;

        bool Add(string path, int depth)
        {
            if (depth >= Deepest || !File.Exists(path))
                return false;
            files.Add(path);
            string folder = Path.GetDirectoryName(path)!;
            foreach (string line in File.ReadLines(path))
            {
                if (Directive(line) is not { } directive)
                    continue;
                if (directive is "r" or "I" or "time" or "help")
                    return false;
                if (directive != "load")
                    continue;
                foreach (string name in Quoted(line))
                {
                    string loaded = Path.Combine(folder, name);
                    if (File.Exists(loaded) && Native.RealPath(loaded) == references)
                        loadsProject |= depth == 0;
                    else if (!Add(loaded, depth + 1))
                        return false;
                }
            }
            return true;
        }
    }

    /// <summary>What follows the # that a line begins with.</summary>
    private static string? Directive(string line)
    {
        var text = line.AsSpan().TrimStart();
        if (text.IsEmpty || text[0] != '#')
            return null;
        text = text[1..];
        int length = 0;
        while (length < text.Length && (char.IsLetterOrDigit(text[length]) || text[length] == '_'))
            length++;
        return text[..length].ToString();
    }

    private static IEnumerable<string> Quoted(string line)
    {
        string[] parts = line.Split('"');
        for (int i = 1; i < parts.Length; i += 2)
            if (parts[i] != "")
                yield return parts[i];
    }
}
