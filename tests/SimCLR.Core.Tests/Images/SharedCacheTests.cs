using System.Diagnostics;
using System.Security.Cryptography;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;

namespace SimCLR.Core.Tests.Images;

/// <summary>A process that opens the image cache of a folder of files, says what it was told, and a digest of what it read.</summary>
internal static class CacheMaker
{
    internal const string Verb = "--open-image-cache";
    internal const int Count = 120;

    internal static int Run(string root)
    {
        var files = Enumerable
            .Range(0, Count)
            .Select(i => new LabelledFile(Path.Combine(root, $"{i:D3}.png"), i % 2))
            .ToList();
        Console.WriteLine(Open(root, files, Console.WriteLine));
        return 0;
    }

    internal static string Open(
        string root,
        IReadOnlyList<LabelledFile> files,
        Action<string>? report,
        CancellationToken cancellation = default
    )
    {
        using var images = new ShardFolder(Path.Combine(root, "cache"), report, cancellation, shardBytes: 4000).Open(
            files,
            ["a", "b"],
            new PixelLayout(3, 8, 8),
            resize: true
        );
        using var pixels = images.Rows(0, images.Count);
        return Convert.ToHexString(SHA256.HashData(pixels.bytes));
    }
}

/// <summary>Several processes on one cache.</summary>
public class SharedCacheTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    /// <summary>Files of which one is damaged: who decodes them tells of it.</summary>
    private static List<LabelledFile> Files(TemporaryFolder folder)
    {
        var files = Enumerable
            .Range(0, CacheMaker.Count)
            .Select(i => new LabelledFile(
                folder.WriteImage($"{i:D3}.png", 8, 8, (x, y) => new Colour((byte)(x * 20), (byte)(y * 20), (byte)i)),
                i % 2
            ))
            .ToList();
        File.WriteAllText(files[70].Path, "no image");
        return files;
    }

    private static string LockOf(TemporaryFolder folder) => Path.Combine(folder.Root, "cache", "lock");

    [Fact]
    public async Task One_of_two_processes_makes_the_cache_and_the_other_reads_it()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder);
        // Both wait for this process before one of them begins.
        var held = FileLock.TryTake(LockOf(folder))!;
        var processes = Enumerable
            .Range(0, 2)
            .Select(_ =>
                Process.Start(
                    new ProcessStartInfo(Environment.ProcessPath!, [CacheMaker.Verb, folder.Root])
                    {
                        RedirectStandardOutput = true,
                    }
                )!
            )
            .ToList();
        foreach (var process in processes)
            Assert.Contains(
                "Another process is making the image cache",
                await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)
            );
        held.Dispose();
        var said = new List<string[]>();
        foreach (var process in processes)
        {
            var text = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            said.Add(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
            process.Dispose();
        }
        Assert.Equal([1, 2], said.Select(lines => lines.Length).Order());
        Assert.Contains("070.png", said.Single(lines => lines.Length == 2)[0]);
        var digest = CacheMaker.Open(folder.Root, files, null);
        Assert.All(said, lines => Assert.Equal(digest, lines[^1]));
    }

    [Fact]
    public async Task Whoever_comes_while_it_is_made_waits_and_decodes_nothing()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder);
        using var isBeingMade = new ManualResetEventSlim();
        using var isWaitedFor = new ManualResetEventSlim();
        var maker = Task.Run(() =>
            CacheMaker.Open(
                folder.Root,
                files,
                _ =>
                {
                    isBeingMade.Set();
                    Assert.True(isWaitedFor.Wait(Long));
                }
            )
        );
        Assert.True(isBeingMade.Wait(Long));
        var said = new List<string>();
        var digest = CacheMaker.Open(
            folder.Root,
            files,
            text =>
            {
                said.Add(text);
                isWaitedFor.Set();
            }
        );
        Assert.Equal(await maker, digest);
        Assert.Contains("waiting for it", Assert.Single(said));
    }

    [Fact]
    public void Waiting_for_a_cache_can_be_cancelled()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder);
        using var held = FileLock.TryTake(LockOf(folder));
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            CacheMaker.Open(folder.Root, files, _ => source.Cancel(), source.Token)
        );
    }

    [Fact]
    public void A_whole_cache_is_read_whoever_has_the_lock()
    {
        using var folder = new TemporaryFolder();
        var files = Files(folder);
        var digest = CacheMaker.Open(folder.Root, files, null);
        using var held = FileLock.TryTake(LockOf(folder));
        Assert.Equal(digest, CacheMaker.Open(folder.Root, files, null, new CancellationTokenSource(Long).Token));
    }
}
