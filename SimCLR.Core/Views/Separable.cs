using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Views;

/// <summary>Linear operators on rows and columns, one pair per image: what crop, resize and blur have in common.</summary>
/// <remarks>
/// Dense matrices, because batched matrix products are fast on every device and the pixels are few. float32 throughout:
/// to be called outside autocast.
/// </remarks>
internal static class Separable
{
    /// <summary>out[n, c] = rows[n] · images[n, c] · columns[n]ᵀ.</summary>
    /// <param name="images">[N, C, H, W].</param>
    /// <param name="rows">[N, H', H].</param>
    /// <param name="columns">[N, W', W].</param>
    /// <returns>[N, C, H', W'], contiguous.</returns>
    internal static Tensor Apply(Tensor images, Tensor rows, Tensor columns)
    {
        var (height, width) = (images.shape[2], images.shape[3]);
        var (newHeight, newWidth) = (rows.shape[1], columns.shape[1]);
        var columnsFirst = height * newWidth * (width + newHeight);
        var rowsFirst = newHeight * width * (height + newWidth);
        using var scope = NewDisposeScope();
        var result =
            columnsFirst <= rowsFirst
                ? OnRows(OnColumns(images, columns), rows)
                : OnColumns(OnRows(images, rows), columns);
        return result.MoveToOuterDisposeScope();
    }

    private static Tensor OnColumns(Tensor images, Tensor columns)
    {
        var (n, c, h) = (images.shape[0], images.shape[1], images.shape[2]);
        return images.reshape(n, c * h, -1).bmm(columns.transpose(1, 2)).view(n, c, h, columns.shape[1]);
    }

    private static Tensor OnRows(Tensor images, Tensor rows) => matmul(rows.unsqueeze(1), images);
}
