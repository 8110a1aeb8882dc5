namespace SimCLR.Launcher;

/// <summary>The sources in their one form.</summary>
internal static class Format
{
    private static readonly string[] FSharp =
    [
        "SimCLR.FSharp",
        "scripts",
        "experiments/notebooks",
        "tests/SimCLR.FSharp.Tests",
    ];

    public static int Run(Repository repository, string[] arguments)
    {
        Setup.Ensure(repository);
        Environment.CurrentDirectory = repository.Root;
        bool check = arguments is ["check", ..];
        int code = Child.Run("csharpier", check ? "check" : "format", ".");
        string[] asked = check ? ["--check"] : [];
        return code != 0 ? code : Child.Become(["fantomas", .. asked, .. FSharp]);
    }
}
