using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>What a function may change in a step: some parameters, which lie flat one behind another, each filled up with zeros.</summary>
/// <param name="Weights">The parameters, to be changed in place.</param>
/// <param name="Gradients">Their gradients, of the same shape, to be left as they are.</param>
/// <param name="States">What is kept from step to step, by name, of the same shape and 0 at first; to be changed in place.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="Step">Steps that have moved them, this one included.</param>
/// <param name="Decays">Whether weight decay acts on them: not on biases and batch norm.</param>
public sealed record OptimizerUpdate(
    Tensor Weights,
    Tensor Gradients,
    IReadOnlyDictionary<string, Tensor> States,
    double Rate,
    long Step,
    bool Decays
);

/// <summary>An optimizer whose step is a function of each number, its gradient and its states: it sees parameters in pieces, and never a whole one.</summary>
/// <param name="States">Names of the states.</param>
/// <param name="Update">Takes a step, without a graph.</param>
public sealed record FunctionOptimizerSpec(IReadOnlyList<string> States, Action<OptimizerUpdate> Update) : OptimizerSpec
{
    /// <inheritdoc/>
    public override IOptimizer Create(IEnumerable<ParameterGroup> groups) => new FunctionOptimizer(this, groups);
}

internal sealed class FunctionOptimizer(FunctionOptimizerSpec spec, IEnumerable<ParameterGroup> groups)
    : ParameterOptimizer(groups, [.. spec.States], counts: true)
{
    protected override double[] Numbers(double rate, long step) => [rate, step];

    protected override void Update(Slot slot)
    {
        foreach (var part in slot.Parts)
        {
            using var scope = NewDisposeScope();
            var states = spec.States.Zip(part.States).ToDictionary(pair => pair.First, pair => pair.Second);
            spec.Update(
                new OptimizerUpdate(
                    part.Weights,
                    part.Gradients,
                    states,
                    slot.Numbers[0],
                    (long)slot.Numbers[1],
                    slot.Group.Decays
                )
            );
        }
    }
}
