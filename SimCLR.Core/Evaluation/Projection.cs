using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>Maps of representations in the plane.</summary>
public static class Projection
{
    /// <summary>Principal components: the two directions along which the sample varies most. Each is turned so that its largest entry is positive.</summary>
    /// <param name="sample">Two images or more, of two dimensions or more.</param>
    /// <returns>A point (x, y) per image.</returns>
    public static (double X, double Y)[] Pca(FeatureSample sample)
    {
        using var scope = NewDisposeScope();
        return Points(Pca(sample.Tensor()));
    }

    /// <summary>
    /// A map by t-SNE (van der Maaten and Hinton 2008, JMLR 9), exact, of unit vectors: near ones stay near, far ones need not stay as far. It begins at the
    /// principal components (Kobak and Berens 2019, Nature Communications 10), so that the same sample has the same map.
    /// </summary>
    /// <param name="sample">Three images or more.</param>
    /// <param name="perplexity">About how many neighbours count as near; at most a third of the images are taken.</param>
    /// <param name="steps">Steps of descent, the first 250 of them with attraction exaggerated.</param>
    /// <returns>A point (x, y) per image.</returns>
    public static (double X, double Y)[] TSne(FeatureSample sample, double perplexity = 30, int steps = 500)
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
        var squares = rows.square().sum(1, keepdim: true);
        return rows.mm(rows.t()).mul_(-2).add_(squares).add_(squares.t()).clamp_min_(0);
    }

    /// <summary>
    /// [N, N], symmetric, of sum 1: how near images are, by Gaussians whose width each image chooses so that its neighbours have that
    /// perplexity (exp of the entropy). Found for all at once by halving.
    /// </summary>
    internal static Tensor Neighbourhood(Tensor distances, double perplexity)
    {
        var p = Conditional(distances, perplexity);
        return (p + p.t()) / (2 * p.shape[0]);
    }

    /// <summary>[N, N], the rows of sum 1: before it is made symmetric.</summary>
    internal static Tensor Conditional(Tensor distances, double perplexity)
    {
        var n = distances.shape[0];
        // The nearest has distance 0, so that exp cannot vanish everywhere.
        var d = distances.masked_fill(eye(n, dtype: ScalarType.Bool), double.PositiveInfinity);
        d = d - d.amin([1], keepdim: true);
        var low = full(n, 1, 1e-4, dtype: distances.dtype);
        var high = full(n, 1, 1e8, dtype: distances.dtype);
        var logarithm = Math.Log(perplexity);
        for (var i = 0; i < 40; i++)
        {
            using var scope = NewDisposeScope();
            var precision = (low * high).sqrt();
            var wide = Entropy(Probabilities(d, precision)) > logarithm;
            low.copy_(where(wide, precision, low));
            high.copy_(where(wide, high, precision));
        }
        return Probabilities(d, (low * high).sqrt());

        static Tensor Probabilities(Tensor distances, Tensor precision)
        {
            var p = (distances * -precision).exp_();
            return p.div_(p.sum(1, keepdim: true));
        }

        static Tensor Entropy(Tensor p) => -p.xlogy(p).sum(1, keepdim: true);
    }

    /// <summary>The gradient of KL(P || Q) with respect to the points, Q by Student's t with one degree of freedom.</summary>
    /// <param name="p">[N, N], symmetric, of sum 1.</param>
    /// <param name="y">[N, 2], the points.</param>
    /// <param name="near">[N, N] to compute in, overwritten: matrices made anew in every step fragment the C library's heap.</param>
    /// <param name="pull">The same.</param>
    internal static Tensor Gradient(Tensor p, Tensor y, Tensor near, Tensor pull)
    {
        var squares = y.square().sum(1, keepdim: true);
        near.addmm_(y, y.t(), 0, -2).add_(squares).add_(squares.t()).clamp_min_(0).add_(1).reciprocal_();
        near.diagonal().zero_();
        pull.copy_(near).div_(-near.sum()).add_(p).mul_(near);
        return 4 * (pull.sum(1, keepdim: true) * y - pull.mm(y));
    }

    private static Tensor Descend(Tensor p, Tensor y, int steps)
    {
        const int early = 250;
        const double exaggeration = 12;
        var rate = Math.Max(50, p.shape[0] / exaggeration / 4);
        var exaggerated = p * exaggeration;
        var (near, pull) = (zeros_like(p), zeros_like(p));
        var velocity = zeros_like(y);
        var gains = ones_like(y);
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var gradient = Gradient(step < early ? exaggerated : p, y, near, pull);
            gains.copy_(where(velocity * gradient < 0, gains + 0.2, gains * 0.8).clamp_min_(0.01));
            velocity.mul_(step < early ? 0.5 : 0.8).sub_(gradient.mul_(gains).mul_(rate));
            y.add_(velocity);
        }
        return y;
    }

    private static (double X, double Y)[] Points(Tensor points)
    {
        var values = points.to_type(ScalarType.Float64).contiguous().data<double>().ToArray();
        return [.. values.Chunk(2).Select(point => (point[0], point[1]))];
    }
}
