using SimCLR.Core.Runtime;

namespace SimCLR.Core.Tests.Runtime;

public class NativeFilesTests
{
    [Theory]
    [InlineData("/a/packages/torchsharp/0.107.0/lib/net8.0/TorchSharp.dll", "/a/packages")]
    [InlineData("/a/bin/Release/net10.0/own/TorchSharp.dll", null)]
    [InlineData("", null)]
    public void A_package_folder_is_known_by_where_TorchSharp_lies(string assembly, string? folder) =>
        Assert.Equal(folder, NativeFiles.PackageFolderOf(assembly));

    [Fact]
    public void The_remedy_names_the_packages_of_the_TorchSharp_in_use()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+$", NativeFiles.TorchSharpVersion);
        Assert.Contains($"the package TorchSharp-cpu {NativeFiles.TorchSharpVersion}", NativeFiles.Restore);
        Assert.Contains($"#r \"nuget: TorchSharp-cpu, {NativeFiles.TorchSharpVersion}\"", NativeFiles.Restore);
    }
}
