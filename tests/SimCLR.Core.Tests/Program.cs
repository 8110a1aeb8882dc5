using SimCLR.Core.Tests.Training;

namespace SimCLR.Core.Tests;

/// <summary>Runs the tests; or, for the test that kills it, a training.</summary>
internal static class Program
{
    internal static Task<int> Main(string[] args) =>
        args is [KilledTraining.Verb, var folder]
            ? Task.FromResult(KilledTraining.Run(folder))
            : Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
