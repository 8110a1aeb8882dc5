using SimCLR.Core.Tests.Distributed;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Tests.Training;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace SimCLR.Core.Tests;

/// <summary>Runs the tests, as xUnit's own entry point does; or, for tests that need a process of its own, a training, a holder or taker of locks, a
/// maker of an image cache or a rank.</summary>
internal static class Program
{
    internal static Task<int> Main(string[] args) =>
        args switch
        {
            [KilledTraining.Verb, var folder, var training] => Task.FromResult(KilledTraining.Run(folder, training)),
            [LockHolder.Verb, var path] => Task.FromResult(LockHolder.Run(path)),
            [LeaseTaker.Verb, var path, var host, var times] => Task.FromResult(LeaseTaker.Run(path, host, times)),
            [CacheMaker.Verb, var root] => Task.FromResult(CacheMaker.Run(root)),
            [RankChecks.Verb, var check] => Task.FromResult(RankChecks.Run(check)),
            [TrainingApart.Verb, .. var more] => Task.FromResult(TrainingApart.Run(more)),
            // dotnet test and test explorers speak the testing platform's language: --server, --list-tests, --filter-class.
            _ when args.Any(arg => arg.StartsWith("--", StringComparison.Ordinal)) =>
                TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
            // The launcher speaks xUnit's: -class, -method.
            _ => ConsoleRunner.Run(args),
        };
}
