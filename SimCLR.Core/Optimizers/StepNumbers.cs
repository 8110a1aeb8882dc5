using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// The numbers of an update that change from step to step, such as the rate. On a GPU they lie in its memory, so that the update is the same work at every step
/// and can be recorded (<see cref="CudaGraph"/>); on the CPU they are numbers.
/// </summary>
internal sealed class StepNumbers : IDisposable
{
    private readonly Device device;
    private double[] numbers = [];
    private Tensor? there;
    private Tensor[] each = [];

    /// <param name="device">Where the parameters are.</param>
    internal StepNumbers(Device device) => this.device = device;

    /// <summary>Sets all numbers; a GPU is not waited for.</summary>
    internal void Set(params double[] values)
    {
        numbers = values;
        if (device.type != DeviceType.CUDA)
            return;
        using var scope = NewDisposeScope();
        using var host = DeviceCopy.Numbers(values);
        if (there is null)
        {
            there = DeviceCopy.Of(host, device).DetachFromDisposeScope();
            each = [.. Enumerable.Range(0, values.Length).Select(i => there.select(0, i).DetachFromDisposeScope())];
        }
        else
            DeviceCopy.Into(there, host);
    }

    /// <summary>A number, as it was set.</summary>
    internal double this[int number] => numbers[number];

    /// <summary>target += sign * number * change.</summary>
    internal void Add(Tensor target, Tensor change, int number, double sign = 1)
    {
        if (there is null)
            target.add_(change, alpha: sign * numbers[number]);
        else
            target.addcmul_(change, each[number], value: sign);
    }

    /// <summary>target += number * change * factor.</summary>
    internal void AddProduct(Tensor target, Tensor change, Tensor factor, int number)
    {
        if (there is null)
            target.addcmul_(change, factor, value: numbers[number]);
        else
            target.addcmul_(change, factor * each[number], value: 1);
    }

    /// <summary>target -= number * above / below.</summary>
    internal void SubtractQuotient(Tensor target, Tensor above, Tensor below, int number)
    {
        if (there is null)
            target.addcdiv_(above, below, value: -numbers[number]);
        else
            target.addcdiv_(above * each[number], below, value: -1);
    }

    /// <summary>target *= number.</summary>
    internal Tensor Multiply(Tensor target, int number) =>
        there is null ? target.mul_(numbers[number]) : target.mul_(each[number]);

    /// <summary>target /= number.</summary>
    internal Tensor Divide(Tensor target, int number) =>
        there is null ? target.div_(numbers[number]) : target.div_(each[number]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in each)
            tensor.Dispose();
        there?.Dispose();
    }
}
