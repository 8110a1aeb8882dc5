using System.Text.RegularExpressions;

namespace SimCLR.Launcher;

/// <summary>The CUDA package comes in fragments that only a build puts together: a project of its own is built for its native files.</summary>
internal static class Cuda
{
    public static void Restore(Repository repository)
    {
        using var turn = Turn.Take(repository);
        string folder = Path.Combine(repository.State, "cuda");
        string libraries = Path.Combine(folder, "lib");
        string version = Regex
            .Match(File.ReadAllText(repository.At("paket.lock")), @"(?m)^ *TorchSharp \(([0-9.]*)\)")
            .Groups[1]
            .Value;
        WriteProject(folder, version);
        int code = Step.Run(
            repository,
            $"Restoring TorchSharp-cuda-linux {version} (several GB) ...",
            Environment.CurrentDirectory,
            ["publish", Path.Combine(folder, "cuda.csproj"), .. Step.Quietly, "-o", libraries]
        );
        if (code != 0)
        {
            Directory.Delete(folder, true);
            throw new LauncherException(
                Regex.IsMatch(File.ReadAllText(repository.Log), "NU110[0-3]")
                    ? $"no registry that this machine reaches serves TorchSharp-cuda-linux {version}. Use an installed CUDA PyTorch instead: "
                        + "export SIMCLR_LIBTORCH=$(python3 -c \"import torch, os; print(os.path.dirname(torch.__file__) + '/lib')\")"
                    : $"TorchSharp-cuda-linux could not be restored (the whole output is in {repository.Log})."
            );
        }
        if (!File.Exists(Path.Combine(libraries, "libtorch_cuda.so")))
            throw new LauncherException(
                $"TorchSharp-cuda-linux was restored, but has no libtorch_cuda.so in {libraries}."
            );
        Say.Error($"CUDA libraries are in {libraries}; the other verbs run on them.");
    }

    private static void WriteProject(string folder, string version)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), "return 0;\n");
        // These two keep the settings of this repository out.
        File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), "<Project />\n");
        File.WriteAllText(Path.Combine(folder, "Directory.Build.targets"), "<Project />\n");
        File.WriteAllText(
            Path.Combine(folder, "cuda.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RuntimeIdentifier>linux-x64</RuntimeIdentifier>
                <SelfContained>false</SelfContained>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="TorchSharp-cuda-linux" Version="{version}" />
              </ItemGroup>
            </Project>

            """
        );
    }
}
