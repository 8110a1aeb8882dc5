using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Encoders;

/// <summary>
/// A transformer's learned positions at another number of patches: bicubic interpolation as PyTorch's, without antialiasing (Keys 1981, a = -0.75), of the grid of patches; the
/// class token's stays.
/// </summary>
/// <remarks>Pixels' centres are mapped onto pixels' centres, as DINOv2 does. DINO's own code (vision_transformer.py, interpolate_pos_encoding) adds 0.1 to the number of patches, so
/// that positions are looked for too far to the left and up: the last of 6 patches by 0.21 of one of 14.</remarks>
internal static class PositionGrid
{
    private const double A = -0.75;

    /// <summary>What each of so many new places takes of each of the old ones, along one side: [to, from], float64, on the CPU. Each row's sum is 1.</summary>
    internal static Tensor Weights(long from, long to)
    {
        using var scope = NewDisposeScope();
        var place = arange(to, ScalarType.Float64, CPU).add(0.5).mul(from).div(to).sub(0.5).unsqueeze(1);
        var taken = place.floor().add(arange(-1, 3, ScalarType.Float64, CPU));
        return zeros([to, from], ScalarType.Float64, CPU)
            .scatter_add_(1, taken.clamp(0, from - 1).to_type(ScalarType.Int64), Cubic(place.sub(taken).abs()))
            .MoveToOuterDisposeScope();
    }

    /// <summary>Positions of other rows and columns.</summary>
    /// <param name="positions">[1, 1 + s², D], the class token's first.</param>
    /// <param name="rows"><see cref="Weights"/> from s to the rows, of the positions' kind and at their place.</param>
    /// <param name="columns">The same to the columns.</param>
    /// <returns>[1, 1 + rows · columns, D].</returns>
    internal static Tensor Resize(Tensor positions, Tensor rows, Tensor columns)
    {
        using var scope = NewDisposeScope();
        var (side, length) = (rows.shape[1], positions.shape[2]);
        var grid = positions.narrow(1, 1, side * side).view(side, side * length);
        var resized = columns.matmul(rows.mm(grid).view(-1, side, length));
        return cat([positions.narrow(1, 0, 1), resized.view(1, -1, length)], 1).MoveToOuterDisposeScope();
    }

    private static Tensor Cubic(Tensor distance)
    {
        var near = distance.mul(A + 2).sub(A + 3).mul(distance).mul(distance).add(1);
        var far = distance.mul(A).sub(5 * A).mul(distance).add(8 * A).mul(distance).sub(4 * A);
        return where(distance.le(1), near, far);
    }
}
