using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>Size of the gradient, to watch a run.</summary>
public static class GradientNorm
{
    /// <summary>The L2 norm over the gradients of all parameters as one vector: a scalar on their device, not read back. 0 on the
    /// CPU if none has a gradient.</summary>
    /// <param name="parameters">Parameters on one device; those without a gradient are passed over.</param>
    public static Tensor Global(IEnumerable<Parameter> parameters)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var norms = new List<Tensor>();
        foreach (var parameter in parameters)
            if (parameter.grad is { } gradient)
                norms.Add(gradient.norm(2f));
        var norm = norms.Count == 0 ? zeros([]) : stack(norms).norm(2f);
        return norm.MoveToOuterDisposeScope();
    }
}
