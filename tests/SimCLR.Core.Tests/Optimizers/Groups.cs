using SimCLR.Core.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Optimizers;

/// <summary>Groups of parameters that no module owns.</summary>
internal static class Groups
{
    /// <summary>Vectors are neither decayed nor adapted, all others are both.</summary>
    internal static IEnumerable<ParameterGroup> Of(params IEnumerable<(string Name, Parameter Parameter)> named) =>
        named
            .GroupBy(entry => entry.Parameter.dim() > 1)
            .Select(same => new ParameterGroup(same.Key ? "weights" : "vectors", [.. same])
            {
                Decays = same.Key,
                Adapts = same.Key,
            });

    /// <summary>Gives a parameter of an optimizer its gradient, of any shape with as many numbers.</summary>
    internal static void SetGradient(this Parameter parameter, Tensor gradient) =>
        parameter.grad!.copy_(gradient.view(parameter.shape));
}
