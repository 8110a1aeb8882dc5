using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>
/// RandAugment (Cubuk et al. 2020, 1909.13719): so many of 14 operations one after another, drawn with repetition, all of one level. Operations
/// and levels are torchvision's (31 levels): shears to 0.3, translations to 150/331 of the side, rotations to 30 degrees, factors of 1 ± 0.9,
/// posterizing to 4 bits, solarizing from 1 down to 0. The first code scaled factors otherwise, from 0.1 to 1.9.
/// </summary>
/// <remarks>Parameters: operation: [N, n], int64, numbered as torchvision lists them; magnitude: [N, n], float32: slope, pixels, degrees, factor - 1,
/// bits or threshold; 0 for an operation that has none.</remarks>
/// <param name="count">n: operations per image, 1 to 16 (the paper: 1 to 3).</param>
/// <param name="level">0 to 30.</param>
/// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
public sealed class RandAugment(int count = 2, int level = 9) : IView
{
    private const int Highest = 30;

    private static readonly AugmentOperation[] Operations =
    [
        .. Enum.GetValues<AugmentOperation>().Where(operation => operation != AugmentOperation.Invert),
    ];

    private static readonly AugmentOperations Applied = new(bytes: false);

    private readonly int _count = Require.Between(count, 1, 16, nameof(count));
    private readonly double _part = (double)Require.Between(level, 0, Highest, nameof(level)) / Highest;

    /// <inheritdoc/>
    public BatchShape Output(BatchShape input) => input;

    /// <inheritdoc/>
    public ViewParameters Draw(BatchShape batch, Generator generator)
    {
        using var scope = NewDisposeScope();
        var drawn = PerSample.Uniform(batch, [_count], generator).mul_(Operations.Length).floor_();
        var operation = drawn.clamp_max_(Operations.Length - 1).to(ScalarType.Int64);
        var negative = PerSample.Uniform(batch, [_count], generator).lt(0.5);
        var sizes = Operations.Select(choice => (float)Magnitude(choice, batch)).ToArray();
        var magnitude = DeviceConstants.Of(CPU, sizes).take(operation);
        var signed = operation
            .ge((long)AugmentOperation.ShearX)
            .logical_and(operation.le((long)AugmentOperation.Sharpness));
        return PerSample.Keep(
            scope,
            ("operation", operation),
            ("magnitude", where(negative.logical_and(signed), -magnitude, magnitude))
        );
    }

    /// <inheritdoc/>
    public Tensor Apply(Tensor images, ViewParameters parameters)
    {
        using var scope = NewDisposeScope();
        var (operation, magnitude) = (parameters["operation"], parameters["magnitude"]);
        var current = images.contiguous();
        for (var i = 0L; i < operation.shape[1]; i++)
            current = Applied.Apply(current, operation.select(1, i), magnitude.select(1, i));
        return current.MoveToOuterDisposeScope();
    }

    /// <summary>Without its sign.</summary>
    private double Magnitude(AugmentOperation operation, BatchShape batch) =>
        operation switch
        {
            AugmentOperation.ShearX or AugmentOperation.ShearY => 0.3 * _part,
            AugmentOperation.TranslateX => 150.0 / 331 * batch.Width * _part,
            AugmentOperation.TranslateY => 150.0 / 331 * batch.Height * _part,
            AugmentOperation.Rotate => 30 * _part,
            >= AugmentOperation.Brightness and <= AugmentOperation.Sharpness => 0.9 * _part,
            AugmentOperation.Posterize => 8 - Math.Round(4 * _part),
            AugmentOperation.Solarize => 1 - _part,
            _ => 0,
        };
}
