using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>The size of a gradient.</summary>
public static class GradientNorm
{
    /// <summary>The L2 norm over all parameters that have a gradient: a scalar on their device.</summary>
    public static Tensor Of(IEnumerable<Parameter> parameters)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var norms = parameters.Select(parameter => parameter.grad).OfType<Tensor>().Select(gradient => gradient.norm());
        return stack(norms).norm().MoveToOuterDisposeScope();
    }
}
