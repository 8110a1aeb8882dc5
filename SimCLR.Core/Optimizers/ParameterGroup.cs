using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>Parameters that an optimizer treats alike.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Parameters">The parameters, with unique names; float32 or float64, of one device, all requiring a gradient.</param>
public sealed record ParameterGroup(string Name, IReadOnlyList<(string Name, Parameter Parameter)> Parameters)
{
    /// <summary>Multiplies the optimizer's learning rate: Barlow Twins (2103.03230, section 2.2) has other rates for weights and for
    /// biases.</summary>
    public double RateFactor { get; init; } = 1;

    /// <summary>Its own learning rate, whatever the optimizer's; null: the optimizer's. SimSiam's predictor (2011.10566, section 4.2) keeps the
    /// same rate to the end.</summary>
    public double? FixedRate { get; init; }

    /// <summary>No parameter's gradient is longer than this, each by itself: DINO (2104.14294, its code) has 3; null: no bound.</summary>
    public double? LargestGradient { get; init; }

    /// <summary>Whether the optimizer's weight decay acts.</summary>
    public bool Decays { get; init; } = true;

    /// <summary>Whether LARS scales the rate by the ratio of norms; without effect on other optimizers.</summary>
    public bool Adapts { get; init; } = true;

    /// <summary>Steps, counted from 0, before this one move neither the parameters nor their state: SwAV (2006.09882, appendix A) freezes
    /// its prototypes at first.</summary>
    public long FrozenUntil { get; init; }
}

/// <summary>The groups of a module.</summary>
public static class ParameterGroups
{
    /// <summary>
    /// The parameters that require a gradient now, by their roles: weights are decayed and adapted; biases, normalizations and embeddings
    /// are neither (SimCLR, appendix B.6, and timm's no_weight_decay). In the order of the module's named parameters.
    /// </summary>
    /// <param name="module">Where it will be trained, with the memory layout and dtype of training.</param>
    /// <param name="prefix">Stands before the names, followed by a dot; "": nothing does.</param>
    /// <returns>Two groups, or one, or none where there are no such parameters.</returns>
    public static IReadOnlyList<ParameterGroup> Of(nn.Module module, string prefix = "")
    {
        var start = prefix == "" ? "" : $"{prefix}.";
        var weights = Walk(module, start)
            .DistinctBy(entry => entry.Parameter.Handle) // a module may stand under two names
            .ToLookup(entry => entry.Role == ParameterRole.Weight, entry => (entry.Name, entry.Parameter));
        ParameterGroup[] groups =
        [
            new($"{start}weights", [.. weights[true]]),
            new($"{start}others", [.. weights[false]]) { Decays = false, Adapts = false },
        ];
        return [.. groups.Where(group => group.Parameters.Count > 0)];
    }

    private static IEnumerable<(string Name, Parameter Parameter, ParameterRole Role)> Walk(
        nn.Module module,
        string prefix
    )
    {
        foreach (var (name, parameter) in module.named_parameters(recurse: false))
            if (parameter.requires_grad)
                yield return ($"{prefix}{name}", parameter, ParameterRoles.Of(module, name, parameter));
        foreach (var (name, child) in module.named_children())
        foreach (var entry in Walk(child, $"{prefix}{name}."))
            yield return entry;
    }
}
