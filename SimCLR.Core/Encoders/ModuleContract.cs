using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>What a module of one's own must keep to be trained, tried on a few rows.</summary>
/// <param name="Rows">What its rows are, for example "images".</param>
/// <param name="Made">What it makes of them, for example "h".</param>
/// <param name="Size">Length of what it makes.</param>
internal sealed record ModuleContract(string Rows, string Made, long Size)
{
    private const double Tolerance = 1e-4;

    /// <summary>What the module does wrong, each with a remedy.</summary>
    /// <param name="module">The module.</param>
    /// <param name="again">Another, made by the same seed.</param>
    /// <param name="input">[N, ...], four rows or more.</param>
    internal IEnumerable<string> Wrong(nn.Module<Tensor, Tensor> module, nn.Module<Tensor, Tensor> again, Tensor input)
    {
        var (count, before) = (input.shape[0], input.clone());
        if (!module.state_dict().Values.Zip(again.state_dict().Values).All(pair => pair.First.Equals(pair.Second)))
        {
            yield return "one seed gives it two sets of weights; draw them by TorchSharp's modules and initializers alone.";
            yield break;
        }
        module.train();
        var output = module.forward(input);
        if (!input.Equals(before))
            yield return $"it changes the {Rows} that it is given; work without operations that end in _ on the input.";
        if (output.dim() != 2 || output.shape[0] != count || output.shape[1] != Size)
            yield return $"it makes {Made} [{string.Join(", ", output.shape)}] of {count} {Rows}, but its feature size is told as {Size}; make [N, {Size}], for example by a mean over positions.";
        else if (output.dtype != ScalarType.Float32)
            yield return $"it makes {Made} of {output.dtype}; make float32.";
        else
            foreach (var wrong in Numbers(module, input, output))
                yield return wrong;
    }

    private IEnumerable<string> Numbers(nn.Module<Tensor, Tensor> module, Tensor input, Tensor output)
    {
        if (!output.isfinite().all().item<bool>())
            yield return $"it makes {Made} that is not finite.";
        if (output.requires_grad)
            output.square().sum().backward();
        var weights = module.parameters().ToList();
        if (
            weights.Count > 0
            && !weights.Any(weight => weight.grad is { } gradient && gradient.abs().sum().ToDouble() > 0)
        )
            yield return "no gradient reaches its weights; compute with tensors throughout, without detach or no_grad.";
        module.eval();
        using var noGrad = no_grad();
        var all = module.forward(input);
        if (!module.forward(input).Equals(all))
            yield return $"it makes another {Made} of the same {Rows} when it evaluates; draw in training alone (the module's 'training').";
        else if (
            !module.forward(input.narrow(0, 1, 2).contiguous()).allclose(all.narrow(0, 1, 2), Tolerance, Tolerance)
        )
            yield return $"two of the {Rows} come out otherwise than in the batch when it evaluates; {Made} must be of its row alone.";
    }
}
