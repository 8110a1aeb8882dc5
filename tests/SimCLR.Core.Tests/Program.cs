using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Tests.Training;

namespace SimCLR.Core.Tests;

/// <summary>Runs the tests; or, for tests that need a process of its own, a training.</summary>
internal static class Program
{
    internal static Task<int> Main(string[] args) =>
        args switch
        {
            [KilledTraining.Verb, var folder] => Task.FromResult(KilledTraining.Run(folder)),
            [TrainingApart.Verb, .. var more] => Task.FromResult(TrainingApart.Run(more)),
            _ => Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
        };
}
