using System.Runtime.CompilerServices;
using Xunit.Sdk;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Runtime;

public class LeftTensorsTests
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Leave(int count)
    {
        for (var i = 0; i < count; i++)
            _ = zeros(1);
    }

    [Fact]
    public void Those_that_nobody_disposed_are_counted_and_earlier_ones_are_not()
    {
        Leave(100);
        using var left = new LeftTensors();
        Leave(3);
        zeros(1).Dispose();
        GC.WaitForPendingFinalizers();
        Assert.Equal(3, left.Count);
    }

    [Fact]
    public void After_a_collection_nothing_is_said()
    {
        using var left = new LeftTensors();
        GC.Collect();
        Assert.Throws<TrueException>(() => left.Count);
    }
}
