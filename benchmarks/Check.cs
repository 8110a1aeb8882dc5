using SimCLR.Core.Kernels;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Whether TorchSharp's native half runs on the libtorch at hand: one training step in each precision.</summary>
internal static class Check
{
    internal const string Help =
        "whether training runs on this libtorch (SIMCLR_LIBTORCH), and on its GPU\n[--device cpu|cuda]";

    internal static int Run(string[] arguments)
    {
        var options = new Options(arguments, "device");
        var origin = LibTorch.Load();
        Console.WriteLine($"libtorch    {origin.Version ?? "of TorchSharp's package"}, from {origin.Folder}");
        Console.WriteLine($"shim        loads{(origin.Mended ? ", from a mended copy (old libstdc++)" : "")}");
        foreach (var name in origin.Missing)
            Console.WriteLine($"missing     {name}");
        Console.WriteLine($"CUDA        {Cuda()}");
        if (cuda.is_available())
            Console.WriteLine(
                $"kernels     {FusedBatchNorm.Problem ?? "compiled"}\ngraphs      {(CudaGraph.IsAvailable ? "available" : "not available, or switched off")}"
            );
        Console.WriteLine(
            $"autocast    {(Autocast.IsAvailable ? "exported" : "not exported: bfloat16 is not possible")}"
        );
        var device = Subjects.DeviceOf(options);
        using var images = Subjects.Noise(8);
        var supported = Subjects.Supported(device);
        foreach (var (name, precision) in Subjects.Precisions)
            Console.WriteLine(
                $"{name, -12}{(supported.Contains(name) ? Step(device, precision, images) : "not tried: this processor has no instructions for it")}"
            );
        return 0;
    }

    private static string Step(Device device, Precision precision, Core.Images.ImageSet images)
    {
        using var scope = NewDisposeScope();
        var spec = Subjects.Training(Subjects.Encoders["resnet18-quarter"], 8, precision);
        using var training = new Pretraining(spec, images, device);
        using var pause = new CollectionPause();
        var values = training.TrainStep().cpu();
        return $"a step on {device.type.ToString().ToLowerInvariant()}: loss {values[0].ToSingle():F3}";
    }

    /// <summary>cuda.is_available() hides why it says no.</summary>
    private static string Cuda()
    {
        try
        {
            InitializeDeviceType(DeviceType.CUDA);
            return cuda.is_available() ? $"{cuda.device_count()} device(s)" : "no device";
        }
        catch (Exception error)
        {
            return $"no: {error.Message.Split(" Trace")[0]}";
        }
    }
}
