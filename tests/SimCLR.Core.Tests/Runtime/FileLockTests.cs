using System.Diagnostics;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Images;

namespace SimCLR.Core.Tests.Runtime;

/// <summary>A process that takes a lock and keeps it until it is killed.</summary>
internal static class LockHolder
{
    internal const string Verb = "--hold-lock";

    internal static int Run(string path)
    {
        using var held = FileLock.TryTake(path);
        Console.WriteLine(held is null ? "somebody has it" : "held");
        Thread.Sleep(Timeout.Infinite);
        return 0;
    }
}

public class FileLockTests
{
    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Fact]
    public void A_lock_is_had_by_one_until_it_is_disposed()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("deeper", "lock");
        using (var held = FileLock.TryTake(path))
        {
            Assert.NotNull(held);
            Assert.Null(FileLock.TryTake(path));
            using var other = FileLock.TryTake(folder.At("other"));
            Assert.NotNull(other);
        }
        using var again = FileLock.TryTake(path);
        Assert.NotNull(again);
    }

    [Fact]
    public void The_file_names_who_had_it_last()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("lock");
        File.WriteAllText(
            path,
            "something longer than a process and its machine, of an older day: " + new string('x', 200)
        );
        FileLock.TryTake(path)!.Dispose();
        Assert.Equal($"{Environment.ProcessId} {Environment.MachineName}\n", File.ReadAllText(path));
    }

    [Fact]
    public void What_cannot_be_made_is_an_error_and_not_a_lock_that_somebody_has()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("lock");
        Directory.CreateDirectory(path);
        var error = Assert.ThrowsAny<Exception>(() => FileLock.TryTake(path));
        Assert.True(error is IOException or UnauthorizedAccessException, error.ToString());
        Assert.Contains(path, error.Message);
    }

    [Fact]
    public void Whoever_waits_says_so_once_and_gets_it_when_it_is_free()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("lock");
        var held = FileLock.TryTake(path)!;
        var said = new List<string>();
        // It becomes free a few tries later.
        void Report(string text)
        {
            said.Add(text);
            _ = Task.Delay(700).ContinueWith(_ => held.Dispose());
        }
        using (FileLock.Take(path, "waits", Report, Soon))
            Assert.Null(FileLock.TryTake(path));
        Assert.Equal(["waits"], said);
        using var free = FileLock.Take(path, "waits", said.Add, Soon);
        Assert.Single(said);
    }

    [Fact]
    public void Waiting_can_be_cancelled()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("lock");
        using var held = FileLock.TryTake(path);
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            FileLock.Take(path, "waits", _ => source.Cancel(), source.Token)
        );
    }

    [Fact]
    public void The_lock_of_a_killed_process_is_free()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("lock");
        using var process = Process.Start(
            new ProcessStartInfo(Environment.ProcessPath!, [LockHolder.Verb, path]) { RedirectStandardOutput = true }
        )!;
        try
        {
            Assert.Equal("held", process.StandardOutput.ReadLine());
            Assert.Null(FileLock.TryTake(path));
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
        using var held = FileLock.Take(path, "waits", null, Soon);
        Assert.StartsWith($"{Environment.ProcessId} ", ReadHeld(path));
    }

    /// <summary>What is in a file that this process has locked; .NET would not open it.</summary>
    private static string ReadHeld(string path)
    {
        using var process = Process.Start(new ProcessStartInfo("cat", [path]) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd();
    }
}
