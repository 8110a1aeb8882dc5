using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

/// <summary>The gradient of every method's loss against central differences, in float64: at embeddings of every branch that has one, and at what else the loss trains,
/// prototypes.</summary>
public class GradientTests
{
    private const double Step = 1e-5;

    /// <summary>As a part of a tensor's largest gradient.</summary>
    private const double Tolerance = 1e-6;

    /// <summary>Every so many numbers one is looked at: another column in every row.</summary>
    private const int Stride = 17;

    public static TheoryData<string> Names => Every.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void The_gradient_is_that_of_differences(string name)
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(12);
        using var method = Every.Create(name, networks);
        var embeddings = Every.Drawn(method, 16, 12, leaves: true);
        // After a step, so that queue, bank, centre and constant are not what they begin with.
        using (no_grad())
            method.AfterStep([.. embeddings.Select(view => view.Select(z => z.detach()))], Every.Input());
        var loss = method.Loss(embeddings, Every.Input(1));
        loss.backward();
        var same = Differentiable(name, method, embeddings);
        Assert.Equal(loss.ToDouble(), same(), 1e-12);
        var leaves = Trained(method, embeddings);
        Assert.All(leaves, leaf => Assert.True(leaf.grad is not null && leaf.grad.abs().max().ToDouble() > 1e-5));
        foreach (var leaf in leaves)
        {
            var gradient = leaf.grad!.flatten().data<double>().ToArray();
            var within = Tolerance * gradient.Max(Math.Abs);
            for (var at = 0; at < gradient.Length; at += Stride)
                Assert.Equal(Difference(leaf, at, same), gradient[at], within);
        }
    }

    /// <summary>What has a gradient.</summary>
    private static List<Tensor> Trained(IMethod method, IReadOnlyList<Embedding> embeddings) =>
        [
            .. Every
                .Places(method)
                .Zip(embeddings)
                .Where(pair => pair.First.Branch.WithGradient)
                .Select(pair => pair.Second.Prediction),
            .. method
                .Groups.SelectMany(group => group.Parameters)
                .Select(named => (Tensor)named.Parameter)
                .Where(parameter => parameter.grad is not null),
        ];

    /// <summary>The loss of what the embeddings are when it is asked for. What it takes as a constant although it is computed from them, SwAV's assignments, stays as it
    /// is now.</summary>
    private static Func<double> Differentiable(string name, IMethod method, IReadOnlyList<Embedding> embeddings)
    {
        if (Every.Spec(name).Method is not SwavSpec spec)
            return () => method.Loss(embeddings, Every.Input(1)).ToDouble();
        Tensor Scores(Embedding view) => nn.functional.normalize(view.Projection).mm(method.State["prototypes"].t());
        var assigned = embeddings
            .Take(2)
            .Select(view => SinkhornKnopp.Codes(Scores(view), spec.Epsilon, spec.Iterations))
            .ToList();
        var pairs =
            from view in Enumerable.Range(0, 2)
            from other in Enumerable.Range(0, embeddings.Count)
            where other != view
            select (view, other);
        return () =>
            pairs.Average(pair =>
                SelfDistillation
                    .CrossEntropy(assigned[pair.view], Scores(embeddings[pair.other]), spec.Temperature)
                    .ToDouble()
            );
    }

    private static double Difference(Tensor leaf, int at, Func<double> loss)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var number = leaf.detach().view(-1).narrow(0, at, 1);
        var before = number.clone();
        double At(double by)
        {
            number.copy_(before + by);
            return loss();
        }
        var difference = (At(Step) - At(-Step)) / (2 * Step);
        number.copy_(before);
        return difference;
    }
}
