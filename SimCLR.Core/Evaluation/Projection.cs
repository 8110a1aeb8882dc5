using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Maps of representations in the plane.</summary>
public static class Projection
{
    /// <summary>Principal components: the two directions along which the sample varies most. Each is turned so that its largest entry is positive.</summary>
    /// <returns>A point (x, y) per image.</returns>
    public static (double X, double Y)[] Pca(FeatureSample sample)
    {
        using var scope = NewDisposeScope();
        return Points(Pca(sample.Tensor()));
    }

    /// <summary>
    /// t-SNE (van der Maaten and Hinton 2008), exact, of unit vectors: near ones stay near, far ones need not stay as far. It begins at the
    /// principal components (Kobak and Berens 2019), so that the same sample has the same map.
    /// </summary>
    /// <param name="sample">Three images or more.</param>
    /// <param name="perplexity">About how many neighbours count as near; at most a third of the images are taken.</param>
    /// <param name="steps">Steps of descent, the first 250 of them with attraction exaggerated.</param>
    /// <returns>A point (x, y) per image.</returns>
    public static (double X, double Y)[] TSne(FeatureSample sample, double perplexity = 30, int steps = 750)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var h = sample.Tensor();
        var start = Pca(h);
        var y = start / start.select(1, 0).std().clamp_min(1e-12) * 1e-4;
        var p = Neighbourhood(SquaredDistances(h), Math.Min(perplexity, (sample.Count - 1) / 3.0));
        return Points(Descend(p, y, steps));
    }

    private static Tensor Pca(Tensor h)
    {
        var (u, s, v) = linalg.svd(h - h.mean([0], keepdim: true), fullMatrices: false);
        var directions = v.narrow(0, 0, 2);
        var largest = directions.gather(1, directions.abs().argmax(1, keepdim: true));
        return u.narrow(1, 0, 2) * s.narrow(0, 0, 2) * largest.sign().squeeze(1);
    }

    /// <summary>[N, N]: squared Euclidean distances of rows.</summary>
    internal static Tensor SquaredDistances(Tensor rows)
    {
        var squares = rows.square().sum(1);
        return (squares.unsqueeze(0) + squares.unsqueeze(1) - 2 * rows.mm(rows.t())).clamp_min(0);
    }

    /// <summary>
    /// [N, N], symmetric, of sum 1: how near images are, by Gaussians whose width each image chooses so that its neighbours have that
    /// perplexity (exp of the entropy). Found for all at once by halving.
    /// </summary>
    internal static Tensor Neighbourhood(Tensor distances, double perplexity)
    {
        var (p, _) = Conditional(distances, perplexity);
        return (p + p.t()) / (2 * p.shape[0]);
    }

    /// <summary>[N, N], the rows of sum 1, and their entropies in nats, [N].</summary>
    internal static (Tensor P, Tensor Entropy) Conditional(Tensor distances, double perplexity)
    {
        var n = distances.shape[0];
        var self = eye(n, dtype: ScalarType.Bool);
        // The nearest has distance 0, so that exp cannot vanish everywhere.
        var d = distances.masked_fill(self, double.PositiveInfinity);
        d = d - d.amin([1], keepdim: true);
        var low = full(n, 1, 1e-4, dtype: distances.dtype);
        var high = full(n, 1, 1e8, dtype: distances.dtype);
        Tensor p = zeros(0);
        Tensor entropy = zeros(0);
        for (var i = 0; i < 60; i++)
        {
            var precision = (low * high).sqrt();
            p = (-d * precision).exp();
            p = p / p.sum(1, keepdim: true);
            entropy = -p.xlogy(p).sum(1, keepdim: true);
            var wide = entropy > Math.Log(perplexity);
            low = where(wide, precision, low);
            high = where(wide, high, precision);
        }
        return (p, entropy.squeeze(1));
    }

    /// <summary>The gradient of KL(P || Q) with respect to the points, Q by Student's t with one degree of freedom.</summary>
    internal static Tensor Gradient(Tensor p, Tensor y)
    {
        var near = (1 + SquaredDistances(y)).reciprocal();
        near.diagonal().zero_();
        var pull = (p - near / near.sum()) * near;
        return 4 * (pull.sum(1, keepdim: true) * y - pull.mm(y));
    }

    private static Tensor Descend(Tensor p, Tensor y, int steps)
    {
        const int early = 250;
        const double exaggeration = 12;
        var rate = Math.Max(50, p.shape[0] / exaggeration / 4);
        var velocity = zeros_like(y);
        var gains = ones_like(y);
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var gradient = Gradient(step < early ? p * exaggeration : p, y);
            gains = where(velocity * gradient < 0, gains + 0.2, gains * 0.8).clamp_min(0.01);
            velocity = velocity * (step < early ? 0.5 : 0.8) - rate * gains * gradient;
            y = y + velocity;
            scope.MoveToOuter(gains, velocity, y);
        }
        return y;
    }

    private static (double X, double Y)[] Points(Tensor points)
    {
        var values = points.to_type(ScalarType.Float64).contiguous().data<double>().ToArray();
        return [.. values.Chunk(2).Select(point => (point[0], point[1]))];
    }
}
