using System.Runtime.CompilerServices;
using SimCLR.Core.Runtime;

// Tensor counts are process-wide: tests that compare them need to be alone.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace SimCLR.Core.Tests;

internal static class TestSetup
{
    [ModuleInitializer]
    internal static void LoadLibTorch() => LibTorch.Load();
}
