using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Optimizers;

/// <summary>What a parameter is to its module. Only weights are decayed and adapted.</summary>
public enum ParameterRole
{
    /// <summary>What multiplies the input of a convolution or a linear layer.</summary>
    Weight,

    /// <summary>What is added to an output.</summary>
    Bias,

    /// <summary>Scale or shift after a normalization.</summary>
    Normalization,

    /// <summary>A learned token or position, as timm's no_weight_decay names them.</summary>
    Embedding,
}

/// <summary>A module that says what its own parameters are.</summary>
public interface IParameterRoles
{
    /// <summary>The role of one of the module's own parameters, not of its children's.</summary>
    /// <param name="parameter">Its name in the module.</param>
    ParameterRole RoleOf(string parameter);
}

internal static class ParameterRoles
{
    /// <summary>What the owning module says; the normalizations of TorchSharp are known. Of any other module, what is called bias and
    /// what is a vector counts as a bias, the rest as weights.</summary>
    internal static ParameterRole Of(nn.Module owner, string name, Parameter parameter) =>
        owner switch
        {
            IParameterRoles says => says.RoleOf(name),
            NormBase or LayerNorm or GroupNorm => ParameterRole.Normalization,
            _ => name == "bias" || parameter.dim() <= 1 ? ParameterRole.Bias : ParameterRole.Weight,
        };
}
