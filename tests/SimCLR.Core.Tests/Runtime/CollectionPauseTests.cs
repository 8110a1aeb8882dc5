using System.Runtime;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Tests.Runtime;

public class CollectionPauseTests
{
    /// <summary>More than the budget of a pause, 128 MiB, in parts.</summary>
    private static void Litter(Action between)
    {
        for (var i = 0; i < 50; i++)
        {
            GC.KeepAlive(new byte[4 << 20]);
            between();
        }
    }

    private static GCLatencyMode Now => GCSettings.LatencyMode;

    [Fact]
    public void A_pause_inside_another_one_is_renewed()
    {
        using (new CollectionPause())
        {
            using (var inner = new CollectionPause())
            {
                Litter(inner.Renew);
                Assert.Equal(GCLatencyMode.NoGCRegion, Now);
            }
            Assert.Equal(GCLatencyMode.NoGCRegion, Now);
        }
        Assert.NotEqual(GCLatencyMode.NoGCRegion, Now);
    }

    [Fact]
    public void A_pause_that_is_not_renewed_ends_when_its_budget_is_used_up()
    {
        using var pause = new CollectionPause();
        Litter(() => { });
        Assert.NotEqual(GCLatencyMode.NoGCRegion, Now);
    }
}
