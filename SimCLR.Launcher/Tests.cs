using System.Text;
using System.Text.RegularExpressions;

namespace SimCLR.Launcher;

/// <summary>The tests of both projects, and one line of what came of them.</summary>
internal static partial class Tests
{
    public static int Run(Repository repository, string[] arguments)
    {
        Build.Tests(repository);
        if (arguments.Length == 0 && Variables.Get("SIMCLR_TESTS") != "all")
        {
            Say.Error("The slow group is left out; SIMCLR_TESTS=all runs it, too.");
            arguments = ["-trait-", "group=slow"];
        }
        using var interrupt = new CtrlC();
        int status = 0;
        int passed = 0;
        int failed = 0;
        int skipped = 0;
        foreach (string project in new[] { "SimCLR.Core.Tests", "SimCLR.FSharp.Tests" })
        {
            var (code, output) = RunProject(repository, project, arguments);
            if (interrupt.Pressed)
                return CtrlC.ExitCode;
            if (code != 0)
                status = 1;
            if (Summary().Matches(output) is not { Count: > 0 } summaries)
            {
                // None of this project's tests fits the arguments; or it came to no end.
                if (!output.Split('\n').Any(line => line.TrimEnd().EndsWith("Total: 0", StringComparison.Ordinal)))
                {
                    status = 1;
                    failed++;
                }
                continue;
            }
            int[] numbers = [.. summaries[^1].Groups.Values.Skip(1).Select(group => int.Parse(group.Value))];
            failed += numbers[1] + numbers[2];
            skipped += numbers[3];
            passed += numbers[0] - numbers[2] - numbers[3];
        }
        Say.Out($"{passed} passed, {failed} failed, {skipped} skipped");
        return status;
    }

    [GeneratedRegex(@"Total: (\d+), Errors: (\d+), Failed: (\d+), Skipped: (\d+)")]
    private static partial Regex Summary();

    private static (int Code, string Output) RunProject(Repository repository, string project, string[] arguments)
    {
        string program = repository.At("tests", project, "bin", Repository.Configuration, "net10.0", project);
        using var heard = new MemoryStream();
        int code = Child.Listen(
            OperatingSystem.IsWindows() ? program + ".exe" : program,
            Environment.CurrentDirectory,
            bytes =>
            {
                Say.Bytes(bytes);
                heard.Write(bytes);
            },
            ["-noLogo", "-noColor", .. arguments]
        );
        return (code, Encoding.UTF8.GetString(heard.ToArray()));
    }
}
