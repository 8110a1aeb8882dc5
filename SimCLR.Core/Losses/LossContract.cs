using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Losses;

/// <summary>What a loss must keep to be trained with, tried on a batch of six small embeddings.</summary>
public static class LossContract
{
    /// <summary>What a loss does wrong, each with a remedy; nothing for one that can be trained with.</summary>
    /// <param name="loss">Is asked four times on the CPU, in float32.</param>
    public static IReadOnlyList<string> Check(ILoss loss)
    {
        LibTorch.Load();
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var a = randn([6, 4], generator: generator).requires_grad_();
        var b = randn([6, 4], generator: generator).requires_grad_();
        var before = (a.detach().clone(), b.detach().clone());
        try
        {
            var value = Ask();
            List<string> wrong = [.. Wrong(value, [a, b])];
            return [.. wrong, .. Changes()];

            IEnumerable<string> Changes()
            {
                if (!a.Equals(before.Item1) || !b.Equals(before.Item2))
                    yield return "it changes the embeddings that it is given; work on a copy, or without operations that end in _.";
                else if (wrong.Count == 0 && !Ask().Equals(value))
                    yield return "it gives another value when it is asked again; a loss draws nothing and keeps nothing.";
            }
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return [$"it fails on six embeddings of 4 numbers: {error.Message.Trim()}"];
        }

        Tensor Ask() => loss.Compute(a, b, arange(3, ScalarType.Int64).repeat_interleave(2));
    }

    private static IEnumerable<string> Wrong(Tensor value, Tensor[] embeddings)
    {
        if (value.dim() != 0)
            yield return $"it gives a tensor [{string.Join(", ", value.shape)}]; give a scalar: the mean, for example.";
        else if (!value.is_floating_point())
            yield return $"it gives a number of {value.dtype}; give float32.";
        else if (!double.IsFinite(value.to_type(ScalarType.Float64).item<double>()))
            yield return $"it gives {value.to_type(ScalarType.Float64).item<double>()} for embeddings around 0; guard logarithms, roots and quotients.";
        else if (!value.requires_grad)
            yield return "no gradient reaches the embeddings; compute with tensors throughout, without item, detach or no_grad.";
        else
        {
            var gradients = autograd.grad([value], embeddings, allow_unused: true);
            if (gradients.All(gradient => gradient is null || gradient.IsInvalid))
                yield return "no gradient reaches the embeddings of either view.";
            else if (
                gradients.Any(gradient => gradient is { IsInvalid: false } && !gradient.isfinite().all().item<bool>())
            )
                yield return "its gradient is not finite; guard roots at 0.";
        }
    }
}
