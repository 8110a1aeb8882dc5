using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>
/// What all optimizers share: groups on flat memory, each with states that are flat too, and the states of each parameter by name. TorchSharp's
/// optimizers are not used: their state has no names and cannot be taken out and put back whole, which a run that resumes bit for
/// bit needs.
/// </summary>
internal abstract class ParameterOptimizer : IOptimizer
{
    private readonly List<Slot> slots = [];
    private readonly Dictionary<string, Tensor> state = [];
    private readonly Tensor? steps;
    private long step;

    /// <param name="groups">What to train.</param>
    /// <param name="states">Names of the states that each parameter gets, filled with 0.</param>
    /// <param name="counts">Whether the update depends on the number of the step.</param>
    protected ParameterOptimizer(IEnumerable<ParameterGroup> groups, string[] states, bool counts = false)
    {
        using var scope = NewDisposeScope();
        ParameterGroup[] all = [.. groups];
        Check(all);
        foreach (var group in all)
        {
            var slot = new Slot(group, states.Length);
            slots.Add(slot);
            foreach (var (name, flat) in states.Zip(slot.States))
            foreach (var (parameter, view) in slot.Flat.Names.Zip(slot.Flat.Views(flat)))
                state.Add($"{parameter}.{name}", view.DetachFromDisposeScope());
        }
        if (!counts && all.All(group => group.FrozenUntil == 0))
            return;
        // On the CPU: reading it waits for no device.
        steps = zeros(1, int64, CPU).DetachFromDisposeScope();
        state.Add("steps", steps);
    }

    /// <inheritdoc/>
    public double LearningRate { get; set; }

    /// <inheritdoc/>
    public double WeightDecayFactor { get; set; } = 1;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> State => state;

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> Gradients => [.. slots.Select(slot => slot.Flat.Gradients)];

    /// <inheritdoc/>
    public void ZeroGrad()
    {
        foreach (var gradients in Gradients)
            gradients.zero_();
    }

    /// <inheritdoc/>
    public Tensor GradientNorm()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return cat([.. slots.Select(slot => FlatParameters.BlockNorms(slot.Flat.Gradients))])
            .norm()
            .MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Step()
    {
        Prepare();
        Move();
    }

    /// <inheritdoc/>
    public void Prepare()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        step = steps?.add_(1).data<long>()[0] ?? 1;
        foreach (var slot in Moving)
            slot.Numbers.Set(
                Numbers((slot.Group.FixedRate ?? LearningRate) * slot.Group.RateFactor, step - slot.Group.FrozenUntil)
            );
    }

    /// <inheritdoc/>
    public void Move()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var slot in slots)
            slot.Flat.CheckViews();
        foreach (var slot in slots.Where(slot => slot.Group.LargestGradient is not null))
            slot.Clip(slot.Group.LargestGradient!.Value);
        foreach (var slot in Moving)
            Update(slot);
    }

    /// <inheritdoc/>
    public bool IsSteady => step > 0 && Moving.Count() == slots.Count;

    private IEnumerable<Slot> Moving => slots.Where(slot => step > slot.Group.FrozenUntil);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in state.Values)
            tensor.Dispose();
        slots.ForEach(slot => slot.Dispose());
    }

    /// <summary>The numbers of an update that change from step to step.</summary>
    /// <param name="rate">The group's learning rate.</param>
    /// <param name="step">The steps that have moved it, this one included; of no meaning where steps are not counted.</param>
    protected abstract double[] Numbers(double rate, long step);

    /// <summary>Changes the parameters of a group in place by its <see cref="Slot.Numbers"/>, reading nothing back from the device.</summary>
    protected abstract void Update(Slot slot);

    /// <summary>The weight decay of a group in this step, given the optimizer's.</summary>
    protected double DecayOf(Slot slot, double decay) => slot.Group.Decays ? decay * WeightDecayFactor : 0;

    /// <summary>g + d w; the gradient itself where nothing decays.</summary>
    protected static Tensor Decayed(Part part, double decay) =>
        decay == 0 ? part.Gradients : part.Gradients.add(part.Weights, alpha: decay);

    private static void Check(ParameterGroup[] groups)
    {
        if (groups.Length == 0)
            throw new ArgumentException("An optimizer needs parameters to train, but there is no group of them.");
        var all = groups.SelectMany(group => group.Parameters).ToList();
        var twice = all.CountBy(entry => entry.Name)
            .Concat(
                all.GroupBy(
                    entry => entry.Parameter.Handle,
                    (_, same) => KeyValuePair.Create(same.First().Name, same.Count())
                )
            )
            .FirstOrDefault(count => count.Value > 1)
            .Key;
        if (twice is not null)
            throw new ArgumentException(
                $"The parameter {twice} stands in the groups twice; every parameter belongs to one group, under one name."
            );
    }

    /// <summary>A part of a group: weights, gradients and states of the same blocks, [blocks, 512].</summary>
    protected sealed record Part(Tensor Weights, Tensor Gradients, Tensor[] States);

    /// <summary>A group, its flat memory, and that in parts.</summary>
    protected sealed class Slot : IDisposable
    {
        internal Slot(ParameterGroup group, int states)
        {
            Group = group;
            Flat = new FlatParameters(group);
            Numbers = new StepNumbers(Flat.Weights.device);
            States = [.. Enumerable.Range(0, states).Select(_ => zeros_like(Flat.Weights).DetachFromDisposeScope())];
            var parts = States.Select(FlatParameters.Parts).ToList();
            Parts =
            [
                .. FlatParameters
                    .Parts(Flat.Weights)
                    .Zip(FlatParameters.Parts(Flat.Gradients))
                    .Select((pair, i) => new Part(pair.First, pair.Second, [.. parts.Select(state => state[i])])),
            ];
            foreach (var part in Parts)
            foreach (var tensor in part.States.Append(part.Weights).Append(part.Gradients))
                tensor.DetachFromDisposeScope();
        }

        internal ParameterGroup Group { get; }

        internal FlatParameters Flat { get; }

        internal StepNumbers Numbers { get; }

        internal Tensor[] States { get; }

        internal IReadOnlyList<Part> Parts { get; }

        /// <summary>Shortens the gradient of each parameter that is longer.</summary>
        internal void Clip(double largest)
        {
            var norms = Flat.Norms(FlatParameters.BlockNorms(Flat.Gradients));
            foreach (var (part, factor) in Parts.Zip(Flat.Spread((largest / (norms + 1e-6)).clamp_max_(1))))
                part.Gradients.mul_(factor);
        }

        public void Dispose()
        {
            foreach (var part in Parts)
            foreach (var tensor in part.States.Append(part.Weights).Append(part.Gradients))
                tensor.Dispose();
            foreach (var state in States)
                state.Dispose();
            Numbers.Dispose();
            Flat.Dispose();
        }
    }
}
