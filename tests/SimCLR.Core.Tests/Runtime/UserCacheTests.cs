using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Images;

namespace SimCLR.Core.Tests.Runtime;

public class UserCacheTests
{
    private static string? None(string variable) => null;

    [Fact]
    public void What_is_said_comes_first_and_then_home()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("/said", UserCache.Root(name => name == "SIMCLR_CACHE" ? "/said" : "/xdg", folder.Root, "/"));
        Assert.Equal(
            Path.Combine("/xdg", "simclr"),
            UserCache.Root(name => name == "XDG_CACHE_HOME" ? "/xdg" : null, folder.Root, "/")
        );
        Assert.Equal(folder.At("simclr"), UserCache.Root(None, folder.Root, "/"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("relative")]
    [InlineData("/proc/no/home")]
    public void Without_a_home_that_can_be_written_it_is_a_folder_of_ones_own_for_temporary_files(string home)
    {
        using var folder = new TemporaryFolder();
        var root = UserCache.Root(None, home, folder.Root);
        Assert.Equal(folder.At($"simclr-{Environment.UserName}"), root);
        Assert.True(Directory.Exists(root));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(root)
            );
    }

    [Fact]
    public void A_folder_that_others_may_write_is_refused()
    {
        if (OperatingSystem.IsWindows())
            return;
        using var folder = new TemporaryFolder();
        var foreign = Directory.CreateDirectory(folder.At($"simclr-{Environment.UserName}")).FullName;
        File.SetUnixFileMode(foreign, File.GetUnixFileMode(foreign) | UnixFileMode.OtherWrite);
        var error = Assert.Throws<IOException>(() => UserCache.Root(None, "", folder.Root));
        Assert.Contains("SIMCLR_CACHE", error.Message);
    }
}
