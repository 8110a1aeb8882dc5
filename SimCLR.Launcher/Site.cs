using System.Text;
using System.Text.RegularExpressions;

namespace SimCLR.Launcher;

/// <summary>The documentation as a static site.</summary>
internal static partial class Site
{
    public static int Run(Repository repository, string[] arguments)
    {
        string site = Path.GetFullPath(arguments is [var folder, ..] ? folder : repository.At("results", "docs"));
        Build.Libraries(repository);
        string input = Pages.NewInput(repository, "docs");
        Directory.CreateDirectory(site);
        foreach (
            string file in Directory
                .GetFiles(repository.At("docs"), "*.png")
                .Append(repository.At("docs", "_template.html"))
        )
            File.Copy(file, Path.Combine(input, Path.GetFileName(file)));
        WritePages(repository, input);
        Step.Pages(
            repository,
            "Making the site ...",
            repository.Root,
            "the site could not be made",
            [
                "--input",
                input,
                "--output",
                site,
                "--clean",
                "--projects",
                repository.At("SimCLR.Core", "SimCLR.Core.csproj"),
                repository.At("SimCLR.FSharp", "SimCLR.FSharp.fsproj"),
                "--properties",
                $"Configuration={Repository.Configuration}",
                .. Pages.Settings,
            ]
        );
        foreach (string file in Directory.GetFiles(site, "*.md"))
            File.Delete(file);
        Pages.Clean(site);
        // Pages of the reference lie a folder deeper than fsdocs takes them to.
        foreach (string file in Directory.GetFiles(Path.Combine(site, "reference"), "*.html"))
            File.WriteAllText(file, File.ReadAllText(file).Replace("\"./", "\"../"));
        CheckLinks(site);
        Say.Out(Path.Combine(site, "index.html"));
        return 0;
    }

    /// <summary>docs/contents says which page stands where: a heading, a colon, names of pages.</summary>
    private static void WritePages(Repository repository, string input)
    {
        int category = 0;
        foreach (string line in File.ReadLines(repository.At("docs", "contents")))
        {
            string[] parts = line.Split(':', 2);
            category++;
            int index = 0;
            foreach (string name in parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                index++;
                string source = name == "index" ? repository.At("README.md") : repository.At("docs", name + ".md");
                if (!File.Exists(source))
                    throw new LauncherException($"docs/contents names {source}, which is not there");
                File.WriteAllText(
                    Path.Combine(input, Path.GetFileName(name) + ".md"),
                    $"---\ncategory: {parts[0]}\ncategoryindex: {category}\nindex: {index}\n---\n\n{Page(source)}"
                );
            }
        }
    }

    /// <summary>
    /// A link to a file that is no page of the site is its text, one to a heading leads to its page: fsdocs names headings otherwise. F# is shown as it is: a test compiles it (ScriptTests), which fsdocs could not, as
    /// scripts load the build.
    /// </summary>
    private static string Page(string file)
    {
        var page = new StringBuilder();
        bool code = false;
        foreach (string line in File.ReadLines(file))
        {
            string shown = line;
            if (!code && Fence().IsMatch(line))
            {
                code = true;
                shown = "<pre><code>";
            }
            else if (code && line == "```")
            {
                code = false;
                shown = "</code></pre>";
            }
            else if (code)
                shown = line.Replace("&", "&amp;").Replace("<", "&lt;");
            shown = LinkToFile().Replace(shown.Replace("](docs/", "]("), "$1");
            page.Append(LinkToHeading().Replace(shown, "]($1)")).Append('\n');
        }
        return page.ToString();
    }

    /// <summary>Of the pages; those of the reference are fsdocs' own.</summary>
    private static void CheckLinks(string site)
    {
        var broken = Directory
            .GetFiles(site, "*.html")
            .SelectMany(file => Link().Matches(File.ReadAllText(file)))
            .Select(link => link.Groups[1].Value)
            .Distinct()
            .Order(StringComparer.Ordinal)
            .Where(link => !Path.Exists(Path.Combine(site, link)))
            .Take(20)
            .ToList();
        if (broken.Count > 0)
            throw new LauncherException($"links of the site lead nowhere: {string.Join(' ', broken)}");
    }

    [GeneratedRegex(@"^```(fsharp|fsx?)$")]
    private static partial Regex Fence();

    [GeneratedRegex(
        @"\[([^\]]*)\]\((?:\.\./)?(?:scripts|experiments|benchmarks|SimCLR\.[A-Za-z]*|CHANGELOG\.md|LICENSE)[^)]*\)"
    )]
    private static partial Regex LinkToFile();

    [GeneratedRegex(@"\]\(([a-z-]+\.md)#[^)]*\)")]
    private static partial Regex LinkToHeading();

    [GeneratedRegex("(?:href|src)=\"([^\"#:?{\n]+)[\"#]")]
    private static partial Regex Link();
}
