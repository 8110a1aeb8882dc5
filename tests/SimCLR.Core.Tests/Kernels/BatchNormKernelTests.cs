using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using SimCLR.Core.Kernels;

namespace SimCLR.Core.Tests.Kernels;

/// <summary>The kernels' source as a C++ program on the CPU: what they compute is known without a GPU, how fast they are is not.</summary>
public sealed class BatchNormKernelTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("simclr-kernels").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("-DBFLOAT16")]
    public void Batch_norm_its_residual_its_ReLU_and_their_gradients_are_those_of_float64(string defined)
    {
        Assert.SkipUnless(HasCompiler(), "there is no g++ that knows C++20");
        Write(typeof(FusedBatchNorm).Assembly, "SimCLR.Core.Kernels.BatchNorm.cu", "BatchNorm.cu");
        Write(typeof(BatchNormKernelTests).Assembly, "SimCLR.Core.Tests.Kernels.batch_norm.cpp", "batch_norm.cpp");
        Run("g++", $"-std=c++20 -O1 -w -pthread {defined} batch_norm.cpp -o batch_norm");
        var lines = Run(Path.Combine(folder, "batch_norm"), "").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(8 * 5, lines.Length);
        foreach (var line in lines)
        {
            var numbers = line.Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
            Assert.True(numbers[0] <= numbers[1], $"{numbers[0]} is more than {numbers[1]}");
        }
    }

    private static bool HasCompiler()
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo("g++", "-std=c++20 -x c++ -E -")
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                }
            )!;
            process.StandardInput.WriteLine("#include <barrier>");
            process.StandardInput.Close();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private void Write(Assembly assembly, string resource, string name)
    {
        using var stream = assembly.GetManifestResourceStream(resource)!;
        using var file = File.Create(Path.Combine(folder, name));
        stream.CopyTo(file);
    }

    private string Run(string program, string arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }
}
