using System.Diagnostics;
using System.Globalization;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Images;

namespace SimCLR.Core.Tests.Runtime;

/// <summary>A process that goes for a lease as a machine of its own would, and notes when it had it.</summary>
internal static class LeaseTaker
{
    internal const string Verb = "--take-leases";

    /// <summary>Takes it so many times, and each time reads a number, adds one, and writes it back: what two do at once is lost.</summary>
    internal static int Run(string path, string host, string times)
    {
        var counter = $"{path}.counter";
        for (var left = int.Parse(times, CultureInfo.InvariantCulture); left > 0; )
        {
            using var lease = Lease.TryTake(path, host, Lease.Beat);
            if (lease is null)
            {
                Thread.Sleep(Random.Shared.Next(1, 5));
                continue;
            }
            var count = int.Parse(File.ReadAllText(counter), CultureInfo.InvariantCulture);
            Thread.Sleep(Random.Shared.Next(0, 2));
            File.WriteAllText(counter, $"{count + 1}");
            left--;
        }
        return 0;
    }
}

public class LeaseTests
{
    private const string Here = "here";
    private const string There = "there";
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(50);

    private static string Claimed(TemporaryFolder folder)
    {
        var path = folder.At("lock");
        File.WriteAllText(path, "");
        return path;
    }

    private static string FileOf(string path) =>
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!, "*.lease"));

    [Fact]
    public void Machines_whose_locks_do_not_reach_each_other_have_it_one_after_the_other()
    {
        using var folder = new TemporaryFolder();
        var path = Claimed(folder);
        File.WriteAllText($"{path}.counter", "0");
        Process[] takers =
        [
            .. Enumerable
                .Range(0, 4)
                .Select(host => Process.Start(Environment.ProcessPath!, [LeaseTaker.Verb, path, $"host{host}", "25"])),
        ];
        foreach (var taker in takers)
        {
            Assert.True(taker.WaitForExit(TimeSpan.FromSeconds(60)), "nobody has it any more");
            Assert.Equal(0, taker.ExitCode);
        }
        Assert.Equal("100", File.ReadAllText($"{path}.counter"));
        Assert.Empty(Directory.GetFiles(folder.Root, "*.lease"));
    }

    [Fact]
    public void What_a_machine_has_another_gets_when_it_is_given_back()
    {
        using var folder = new TemporaryFolder();
        var path = Claimed(folder);
        using (Lease.TryTake(path, Here, Lease.Beat))
        {
            Assert.Null(Lease.TryTake(path, There, Lease.Beat));
            Assert.Equal($"{Environment.ProcessId} {Environment.MachineName}", Lease.Holder(path));
        }
        Assert.Null(Lease.Holder(path));
        using var next = Lease.TryTake(path, There, Lease.Beat);
        Assert.NotNull(next);
    }

    [Fact]
    public void A_claim_is_held_for_many_times_its_expiry_as_long_as_it_is_renewed()
    {
        using var folder = new TemporaryFolder();
        var path = Claimed(folder);
        // A process that stands still for so long that it does not renew its claim loses it, as it should: then once more.
        Assert.Contains(Enumerable.Range(0, 20), _ => IsHeld(path));
    }

    /// <summary>Whether a claim is held while it is renewed 20 times. False: another got it, as it was not renewed in time.</summary>
    private static bool IsHeld(string path)
    {
        using var held = Lease.TryTake(path, Here, Quick)!;
        var file = FileOf(path);
        HashSet<DateTime> renewals = [];
        for (var watch = Stopwatch.StartNew(); renewals.Count <= 20; Thread.Sleep(Quick))
        {
            var written = File.GetLastWriteTimeUtc(file);
            using var taken = Lease.TryTake(path, There, Quick);
            if (taken is not null)
            {
                // By now, so that it may have been less when it was taken; a beat less than a claim holds, for how fine clocks are.
                Assert.InRange(DateTime.UtcNow - written, 5 * Quick, TimeSpan.MaxValue);
                return false;
            }
            renewals.Add(written);
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        }
        Assert.False(held.Lost.IsCancellationRequested);
        return true;
    }

    [Fact]
    public void The_claim_of_a_machine_that_went_down_expires_by_the_clock_of_the_share()
    {
        using var folder = new TemporaryFolder();
        var path = Claimed(folder);
        // As the machine left it: nobody renews it.
        var left = $"{path}.{There}.1.abc.lease";
        File.WriteAllText(left, "1 there");
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow - 5 * Lease.Beat);
        Assert.Null(Lease.TryTake(path, Here, Lease.Beat));
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow - 7 * Lease.Beat);
        using var taken = Lease.TryTake(path, Here, Lease.Beat);
        Assert.NotNull(taken);
        Assert.False(File.Exists(left));
    }

    [Fact]
    public void The_claim_of_a_process_that_has_ended_is_free_at_once_on_its_machine()
    {
        using var folder = new TemporaryFolder();
        var path = Claimed(folder);
        using var ended = Process.Start("true");
        ended.WaitForExit();
        File.WriteAllText($"{path}.{Here}.{ended.Id}.abc.lease", "");
        // Numbers of processes of another machine say nothing here.
        Assert.Null(Lease.TryTake(path, There, Lease.Beat));
        using var taken = Lease.TryTake(path, Here, Lease.Beat);
        Assert.NotNull(taken);
    }

    [Fact]
    public void Who_was_taken_for_dead_is_told_so()
    {
        using var folder = new TemporaryFolder();
        var path = Claimed(folder);
        using var paused = Lease.TryTake(path, Here, Quick)!;
        // What another machine does after a minute without a sign of life.
        File.Delete(FileOf(path));
        using var next = Lease.TryTake(path, There, Lease.Beat);
        Assert.NotNull(next);
        Assert.True(paused.Lost.WaitHandle.WaitOne(TimeSpan.FromSeconds(10)));
        paused.Dispose();
        Assert.Null(Lease.TryTake(path, Here, Lease.Beat));
    }
}
