using System.Runtime.InteropServices;
using SimCLR.Core.Optimizers;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Benchmarks;

/// <summary>Steps on a GPU: what they come to, whether they wait, whether memory grows.</summary>
internal static class GpuTrainings
{
    internal static List<Tensor> AfterSteps(PretrainingSpec spec, Device device)
    {
        using var images = Subjects.Noise(4 * GpuChecks.Batch);
        using var training = new Pretraining(spec, images, device);
        for (var step = 0; step < 3; step++)
            training.TrainStep().Dispose();
        return
        [
            .. training
                .State.Where(named => named.Value.is_floating_point())
                .Select(named => named.Value.cpu().clone()),
        ];
    }

    internal static List<Tensor> Losses3(PretrainingSpec spec, Device device)
    {
        using var images = Subjects.Noise(4 * GpuChecks.Batch);
        using var training = new Pretraining(spec, images, device);
        return [.. Enumerable.Range(0, 3).Select(_ => training.TrainStep().narrow(0, 0, 1).cpu())];
    }

    /// <summary>Against the same steps taken operation by operation.</summary>
    internal static (string, string, bool) Graphed(PretrainingSpec spec)
    {
        if (!CudaGraph.IsAvailable)
            return ("no graphs", "same bits", false);
        using var region = DeterministicAlgorithms.Require();
        using var images = Subjects.Noise(4 * GpuChecks.Batch);
        List<Tensor> Trained(bool graphs)
        {
            CudaGraph.IsOn = graphs;
            using var training = new Pretraining(spec, images, CUDA);
            // Step by step, and with the processor far ahead of the GPU.
            var figures = Enumerable
                .Range(0, 60)
                .Select(_ => graphs ? training.TrainStep() : training.TrainStep().cpu())
                .ToList()
                .ConvertAll(step => step.cpu());
            CudaGraph.IsOn = true;
            return [.. figures, .. training.State.Values.Select(value => value.cpu().clone())];
        }
        var (plain, graphed) = (Trained(false), Trained(true));
        var different = plain.Zip(graphed).Count(pair => !pair.First.eq(pair.Second).all().ToBoolean());
        return (different == 0 ? "same bits" : $"{different} of {plain.Count} differ", "same bits", different == 0);
    }

    internal static (string, string, bool) Twice(bool deterministic)
    {
        using var region = deterministic ? DeterministicAlgorithms.Require() : null;
        var spec = GpuChecks.Spec(new LarsSpec()) with { Precision = Precision.BFloat16 };
        using var images = Subjects.Noise(4 * GpuChecks.Batch);
        List<Tensor> Trained()
        {
            using var training = new Pretraining(spec, images, CUDA);
            for (var step = 0; step < 20; step++)
                training.TrainStep().Dispose();
            return [.. training.State.Values.Select(value => value.cpu().clone())];
        }
        var different = Trained().Zip(Trained()).Count(pair => !pair.First.eq(pair.Second).all().ToBoolean());
        return different == 0
            ? ("same bits", deterministic ? "same bits" : "-", true)
            : ($"{different} tensors differ", deterministic ? "same bits" : "-", !deterministic);
    }

    /// <summary>libtorch itself refuses to wait (torch.cuda.set_sync_debug_mode("error") in Python): the variable behind it has no other door.</summary>
    internal static unsafe (string, string, bool) Waits(PretrainingSpec spec)
    {
        var library = NativeLibrary.Load(Path.Combine(LibTorch.Load().Folder, "libc10_cuda.so"));
        var mode = (int*)NativeLibrary.GetExport(library, "_ZZN3c104cuda13warning_stateEvE14warning_state_");
        using var images = Subjects.Noise(4 * GpuChecks.Batch);
        using var training = new Pretraining(spec, images, CUDA);
        for (var step = 0; step < 6; step++)
            training.TrainStep().Dispose();
        *mode = 2;
        try
        {
            // The order of another epoch is drawn and copied on the way.
            for (var step = 0; step < 4; step++)
                training.TrainStep().Dispose();
            return ("none", "none", true);
        }
        finally
        {
            *mode = 0;
        }
    }

    internal static (string, string, bool) Memory()
    {
        using var images = Subjects.Noise(4 * GpuChecks.Batch);
        using var training = new Pretraining(
            GpuChecks.Spec(new SgdSpec(0.9)) with
            {
                Precision = Precision.BFloat16,
            },
            images,
            CUDA
        );
        using var pause = new CollectionPause();
        long Used(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                pause.Renew();
                training.TrainStep().Dispose();
            }
            cuda.synchronize();
            return Gpu.Memory() is { } memory ? memory.Total - memory.Free : 0;
        }
        var (early, late) = (Used(50), Used(200));
        var graphs = GraphNode.Count;
        return ($"{early >> 20} to {late >> 20} MiB, {graphs} nodes left", "the same, 0", late == early && graphs == 0);
    }
}
