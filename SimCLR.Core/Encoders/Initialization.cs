using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>Initial weights, drawn from a given generator; TorchSharp's own initial values read the global one.</summary>
internal static class Initialization
{
    /// <summary>Draws every parameter of the module, in the order of their names' registration.</summary>
    /// <remarks>Convolutions: normal with variance 2 / fan-out (He et al. 2015, as torchvision's ResNet). Linear layers:
    /// uniform in ±1/sqrt(fan-in) for weight and bias (PyTorch's default). Batch norm: weight 1, bias 0.</remarks>
    internal static void Draw(nn.Module module, Generator generator)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var part in module.modules())
            DrawOne(part, generator);
    }

    /// <summary>Normal of mean 0, cut at twice its deviation: the inverse of the distribution function at uniform draws.</summary>
    internal static void TruncatedNormal(Tensor values, double deviation, Generator generator)
    {
        // erf(2 / sqrt(2)): the share of a normal that lies within two deviations.
        const double within = 0.954499736103642;
        values.uniform_(-within, within, generator).erfinv_().mul_(deviation * Math.Sqrt(2));
    }

    private static void DrawOne(nn.Module module, Generator generator)
    {
        switch (module)
        {
            case TorchSharp.Modules.Convolution convolution:
                var shape = convolution.weight!.shape;
                convolution.weight.normal_(0, Math.Sqrt(2.0 / (shape[0] * shape[2] * shape[3])), generator);
                convolution.bias?.zero_();
                break;
            case Linear linear:
                var bound = 1 / Math.Sqrt(linear.weight.shape[1]);
                linear.weight.uniform_(-bound, bound, generator);
                linear.bias?.uniform_(-bound, bound, generator);
                break;
            case NormBase norm:
                norm.weight?.fill_(1);
                norm.bias?.zero_();
                break;
        }
    }
}
