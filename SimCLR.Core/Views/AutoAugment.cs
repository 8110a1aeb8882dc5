using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>
/// AutoAugment (Cubuk et al. 2019, 1805.09501): for each image one of a policy's 25 pairs of operations, each of which is applied with its own
/// probability, and of its own level. Policies, operations and levels are torchvision's (ten levels): shears to 0.3, translations to 150/331 of the
/// side, rotations to 30 degrees, factors of 1 ± 0.9, posterizing to 4 bits, solarizing from 255 down to 0; half of the signed ones are negative.
/// </summary>
/// <remarks>
/// It works on bytes, as torchvision's does: images are rounded to 255ths first, and every result is what torchvision makes of uint8, bit for bit.
/// The gray of other than 3 channels is their mean.
/// Parameters: operation: [N, 2], int64, numbered as <see cref="RandAugment"/>'s with Invert last, 0 for one that is not applied; magnitude: [N, 2],
/// float32: slope, pixels, degrees, factor - 1, bits or threshold of a byte; 0 for an operation that has none.
/// </remarks>
/// <param name="policy">On which images the policy was found.</param>
/// <exception cref="ArgumentOutOfRangeException">There is no such policy.</exception>
public sealed class AutoAugment(AutoAugmentPolicy policy = AutoAugmentPolicy.ImageNet) : IView
{
    /// <summary>The greatest level; the least is 0.</summary>
    internal const int Highest = 9;

    private static readonly AugmentOperations Applied = new(bytes: true);

    private readonly IReadOnlyList<(AutoAugmentStep First, AutoAugmentStep Second)> _pairs = AutoAugmentPolicies.Of(
        policy
    );

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => input;

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        var pair = PerSample.Uniform(batch, [], generator).mul_(_pairs.Count).floor_().clamp_max_(_pairs.Count - 1);
        var chance = PerSample.Uniform(batch, [2], generator);
        var negative = PerSample.Uniform(batch, [2], generator).lt(0.5);
        return Parameters(scope, batch, pair.to(ScalarType.Int64), chance, negative);
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters)
    {
        using var scope = NewDisposeScope();
        var (operation, magnitude) = (parameters["operation"], parameters["magnitude"]);
        var current = (images.contiguous() * 255).round_();
        for (var i = 0L; i < operation.shape[1]; i++)
            current = Applied.Apply(current, operation.select(1, i), magnitude.select(1, i));
        return current.div(255).MoveToOuterDisposeScope();
    }

    /// <summary>What the numbers drawn say for images of this shape.</summary>
    /// <param name="scope">Whose outer scope gets them.</param>
    /// <param name="batch">The images' shape.</param>
    /// <param name="pair">[N], int64: which of the policy's pairs.</param>
    /// <param name="chance">[N, 2]: an operation is applied where it is less likely than that.</param>
    /// <param name="negative">[N, 2], bool: whether a signed operation's magnitude is negative.</param>
    internal ViewParameters Parameters(
        DisposeScope scope,
        BatchShape batch,
        Tensor pair,
        Tensor chance,
        Tensor negative
    )
    {
        var applied = chance.lt(Of(step => (float)step.Probability));
        var operation = Of(step => (float)step.Operation);
        var magnitude = Of(step => Magnitude(step, batch));
        var signed = operation
            .ge((long)AugmentOperation.ShearX)
            .logical_and(operation.le((long)AugmentOperation.Sharpness))
            .logical_and(negative);
        var nothing = zeros_like(operation);
        return PerSample.Keep(
            scope,
            ("operation", where(applied, operation, nothing).to(ScalarType.Int64)),
            ("magnitude", where(applied, where(signed, -magnitude, magnitude), nothing))
        );

        // [N, 2], float32: a number of each step of each image's pair.
        Tensor Of(Func<AutoAugmentStep, float> number)
        {
            float[] numbers = [.. _pairs.SelectMany(steps => new[] { number(steps.First), number(steps.Second) })];
            return DeviceConstants.Of(CPU, numbers).view(-1, 2).index_select(0, pair);
        }
    }

    /// <summary>Without its sign.</summary>
    internal static float Magnitude(AutoAugmentStep step, BatchShape batch) =>
        step.Operation switch
        {
            AugmentOperation.ShearX or AugmentOperation.ShearY => Spaced(0, 0.3f, step.Level),
            AugmentOperation.TranslateX => Spaced(0, (float)(150.0 / 331 * batch.Width), step.Level),
            AugmentOperation.TranslateY => Spaced(0, (float)(150.0 / 331 * batch.Height), step.Level),
            AugmentOperation.Rotate => Spaced(0, 30, step.Level),
            >= AugmentOperation.Brightness and <= AugmentOperation.Sharpness => Spaced(0, 0.9f, step.Level),
            AugmentOperation.Posterize => 8 - MathF.Round(4f * step.Level / Highest),
            AugmentOperation.Solarize => Spaced(255, 0, step.Level),
            _ => 0,
        };

    /// <summary>As torch.linspace computes it, to the last bit: from either end to the middle.</summary>
    private static float Spaced(float from, float to, int level)
    {
        var step = (to - from) / Highest;
        return level < (Highest + 1) / 2 ? from + step * level : to - step * (Highest - level);
    }
}
