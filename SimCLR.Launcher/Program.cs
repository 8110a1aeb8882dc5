using System.Text;

namespace SimCLR.Launcher;

/// <summary>The launcher: sets up, builds, and runs what is asked. Every verb does the set-up that it needs.</summary>
internal static class Program
{
    private const int WrongUse = 2;

    private static int Main(string[] arguments)
    {
        if (OperatingSystem.IsWindows())
            Console.OutputEncoding = Encoding.UTF8;
        try
        {
            return arguments is [var verb, .. var rest] ? Run(verb, rest) : Help.Show();
        }
        catch (LauncherException e)
        {
            Say.Error($"simclr: {e.Message}");
            return 1;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Say.Error($"simclr: {e.Message}");
            return 1;
        }
    }

    private static int Run(string verb, string[] arguments)
    {
        if (verb is "" or "help" or "-h" or "--help")
            return Help.Show();
        if (Help.Of(verb) is not { } help)
        {
            Say.Error(Help.Named(Help.Usage));
            throw new LauncherException($"there is no verb '{verb}'");
        }
        if (arguments is ["-h" or "--help", ..])
            return Help.Show(help);
        bool needsMore = verb is "run" or "runs" or "cluster";
        if (needsMore && arguments.Length == 0)
        {
            Help.Show(help);
            return WrongUse;
        }
        var repository = Repository.Find();
        Variables.SetAll(repository);
        return Run(repository, verb, arguments);
    }

    private static int Run(Repository repository, string verb, string[] arguments)
    {
        switch (verb)
        {
            case "setup":
                return Setup.Run(repository, arguments);
            case "doctor":
                return Doctor.Run(repository, arguments);
            case "build":
                Build.Libraries(repository);
                return 0;
            case "run":
                return Script.Run(repository, arguments[0], arguments[1..]);
            case "runs":
                return Script.Run(repository, repository.At("scripts", "runs.fsx"), arguments);
            case "cluster":
                // Tasks are started by it, wherever they run.
                Variables.Set(Variables.Launcher, repository.At("simclr"));
                return Script.Run(repository, repository.At("scripts", "cluster.fsx"), arguments);
            case "test":
                return Tests.Run(repository, arguments);
            case "bench":
                return Bench.Run(repository, arguments);
            case "notebooks":
                return Notebooks.Run(repository, arguments);
            case "jupyter":
                return Jupyter.Run(repository, arguments);
            case "docs":
                return Site.Run(repository, arguments);
            case "pack":
                return Pack.Run(repository, arguments);
            case "publish-bench":
                return Bundle.Run(repository, arguments);
            case "format":
                return Format.Run(repository, arguments);
            default:
                throw new LauncherException($"there is no verb '{verb}'");
        }
    }
}
