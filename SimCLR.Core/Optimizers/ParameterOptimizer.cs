using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// What all optimizers share: parameters by name, each with state buffers of its own shape. TorchSharp's optimizers are not used: their
/// state has no names and cannot be taken out and put back whole, which a run that resumes bit for bit needs.
/// </summary>
internal abstract class ParameterOptimizer : IOptimizer
{
    private readonly List<Slot> slots;
    private readonly Dictionary<string, Tensor> state = [];

    /// <param name="parameters">With unique names.</param>
    /// <param name="buffers">Names of the buffers that each parameter gets, filled with 0.</param>
    protected ParameterOptimizer(IEnumerable<(string Name, Parameter Parameter)> parameters, params string[] buffers)
    {
        using var noGrad = no_grad();
        slots =
        [
            .. parameters.Select(entry => new Slot(
                entry.Name,
                entry.Parameter,
                // Biases and batch norm's parameters, all of dimension 1.
                IsExcluded: entry.Parameter.dim() <= 1,
                [.. buffers.Select(_ => zeros_like(entry.Parameter).DetachFromDisposeScope())]
            )),
        ];
        foreach (var slot in slots)
        foreach (var (buffer, tensor) in buffers.Zip(slot.Buffers))
            state.Add($"{slot.Name}.{buffer}", tensor);
    }

    /// <inheritdoc/>
    public double LearningRate { get; set; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> State => state;

    /// <inheritdoc/>
    public void ZeroGrad()
    {
        foreach (var slot in slots)
            slot.Parameter.grad = null;
    }

    /// <inheritdoc/>
    public void Step()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Update([.. slots.Where(slot => slot.Parameter.grad is not null).Select(slot => (slot, slot.Parameter.grad!))]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in state.Values)
            tensor.Dispose();
    }

    /// <summary>Makes a tensor part of the state; it is disposed with the optimizer.</summary>
    protected Tensor AddState(string name, Tensor tensor)
    {
        state.Add(name, tensor.DetachFromDisposeScope());
        return tensor;
    }

    /// <summary>Changes the parameters that have a gradient, in place, reading nothing back from the device.</summary>
    protected abstract void Update(IReadOnlyList<(Slot Slot, Tensor Gradient)> updates);

    /// <summary>g + d w; the gradient itself where nothing decays.</summary>
    protected static Tensor Decayed(Slot slot, Tensor gradient, double weightDecay) =>
        weightDecay == 0 || slot.IsExcluded ? gradient : gradient.add(slot.Parameter, alpha: weightDecay);

    /// <summary>A parameter and its state; biases and batch norm are excluded from decay and adaptation.</summary>
    protected sealed record Slot(string Name, Parameter Parameter, bool IsExcluded, Tensor[] Buffers);
}
