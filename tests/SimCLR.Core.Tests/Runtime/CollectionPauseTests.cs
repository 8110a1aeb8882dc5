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
    public void None_is_renewed_while_another_thread_is_in_its_own()
    {
        using var entered = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        var other = new Thread(() =>
        {
            using var pause = new CollectionPause();
            entered.Set();
            leave.Wait();
        });
        using var mine = new CollectionPause();
        other.Start();
        entered.Wait();
        var before = GC.CollectionCount(2);
        GC.KeepAlive(new byte[8 << 20]);
        mine.Renew();
        Assert.Equal(before, GC.CollectionCount(2));
        leave.Set();
        other.Join();
        mine.Renew();
        Assert.True(GC.CollectionCount(2) > before);
    }

    [Fact]
    public void A_pause_that_is_not_renewed_ends_when_its_budget_is_used_up()
    {
        using var pause = new CollectionPause();
        Litter(() => { });
        Assert.NotEqual(GCLatencyMode.NoGCRegion, Now);
    }
}
