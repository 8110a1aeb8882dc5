using SimCLR.Core.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>What all optimizers share: parameters by name, their state buffers, exclusion, saving and loading.</summary>
/// <remarks>
/// TorchSharp's own optimizers are not wrapped: their state has no names and is keyed by native handle, SGD's loads on the CPU as
/// float32, and Adam's belongs to whatever dispose scope is open at construction. The tests compare with them.
/// </remarks>
internal abstract class ParameterOptimizer : IOptimizer
{
    private readonly Slot[] slots;

    private readonly SortedDictionary<string, Tensor> state = new(StringComparer.Ordinal);

    /// <param name="parameters">Unique names, at least one.</param>
    /// <param name="exclude">Whether parameters of at most one dimension (biases, batch norm) are marked as excluded.</param>
    /// <param name="buffers">Names of the state buffers; each parameter gets one of its own shape for each, filled with 0.</param>
    protected ParameterOptimizer(
        IEnumerable<(string Name, Parameter Parameter)> parameters,
        bool exclude,
        params string[] buffers
    )
    {
        slots = [.. parameters.Select(p => new Slot(p.Name, p.Parameter, exclude && p.Parameter.dim() <= 1))];
        if (slots.Length == 0)
            throw new ArgumentException(
                "There are 0 parameters; at least 1 is needed. Pass named_parameters().",
                nameof(parameters)
            );
        using var noGrad = no_grad();
        foreach (var slot in slots)
        {
            slot.Buffers = [.. buffers.Select(_ => zeros_like(slot.Parameter).DetachFromDisposeScope())];
            for (var i = 0; i < buffers.Length; i++)
                AddState($"{buffers[i]}.{slot.Name}", slot.Buffers[i]);
        }
    }

    /// <inheritdoc/>
    public double LearningRate
    {
        get;
        set => field = Require.NotNegative(value, nameof(LearningRate), "Check the schedule.");
    } = double.NaN;

    /// <summary>The parameters in the order given.</summary>
    protected IReadOnlyList<Slot> Slots => slots;

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
        if (double.IsNaN(LearningRate))
            throw new InvalidOperationException(
                "LearningRate is NaN; it must be set before each step. Use Schedule.At(step)."
            );
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var updates = new List<(Slot, Tensor)>(slots.Length);
        foreach (var slot in slots)
            if (slot.Parameter.grad is { } gradient)
                updates.Add((slot, gradient));
        Update(updates);
    }

    /// <inheritdoc/>
    public void LoadState(IReadOnlyDictionary<string, Tensor> state)
    {
        var missing = this.state.Keys.Except(state.Keys).ToArray();
        var unknown = state.Keys.Except(this.state.Keys).ToArray();
        if (missing.Length + unknown.Length > 0)
            throw new ArgumentException(
                $"The state misses [{string.Join(", ", missing)}] and has unknown [{string.Join(", ", unknown)}]; the names must be "
                    + $"those of {GetType().Name}. Load the state of the same optimizer and network."
            );
        foreach (var (name, own) in this.state)
            if (own.dtype != state[name].dtype || !own.shape.SequenceEqual(state[name].shape))
                throw new ArgumentException(
                    $"{name} is {state[name].dtype} [{string.Join(", ", state[name].shape)}]; it must be {own.dtype} "
                        + $"[{string.Join(", ", own.shape)}]. Load the state of the same network."
                );
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, own) in this.state)
            own.copy_(state[name]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in state.Values)
            tensor.Dispose();
    }

    /// <summary>Changes the parameters that have a gradient, in place. Runs without autograd, in a dispose scope.</summary>
    protected abstract void Update(IReadOnlyList<(Slot Slot, Tensor Gradient)> updates);

    /// <summary>Makes a tensor part of the state; it is disposed with the optimizer.</summary>
    protected void AddState(string name, Tensor tensor)
    {
        if (!state.TryAdd(name, tensor))
            throw new ArgumentException(
                $"The name {name} is there twice; names must be unique. Pass named_parameters()."
            );
    }

    /// <summary>The gradient with the decay added, unless decay is 0 or the parameter is excluded.</summary>
    protected static Tensor Decayed(Slot slot, Tensor gradient, double weightDecay) =>
        weightDecay == 0 || slot.Excluded ? gradient : gradient.add(slot.Parameter, weightDecay);

    /// <summary>A parameter, whether it is excluded, and its state.</summary>
    protected sealed class Slot(string name, Parameter parameter, bool excluded)
    {
        /// <summary>Its name in the network.</summary>
        public string Name { get; } = name;

        /// <summary>The parameter.</summary>
        public Parameter Parameter { get; } = parameter;

        /// <summary>Whether decay and adaptation leave it out.</summary>
        public bool Excluded { get; } = excluded;

        /// <summary>Its state buffers, in the order in which the optimizer named them.</summary>
        public Tensor[] Buffers { get; set; } = [];
    }
}
