using SimCLR.Core.Distributed;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Training;

/// <summary>The gradient of a method's loss over a batch of views: in one graph, over several ranks, or in parts by gradient caching.</summary>
internal sealed class Embedder(
    IMethod method,
    RandomStreams streams,
    Precision precision,
    Device device,
    BatchShare share
)
{
    /// <summary>Sees the representations that the gradient is taken of.</summary>
    internal IStepObserver? Observer { get; set; }

    /// <summary>Groups that batch norm sees each by itself.</summary>
    internal int NormGroups { get; init; } = 1;

    /// <summary>Adds the loss's gradient to the weights.</summary>
    /// <param name="batch">The views of the batch.</param>
    /// <param name="input">The step.</param>
    /// <returns>The loss, a scalar, and the embeddings of every branch's views; none has a graph.</returns>
    internal (Tensor Loss, IReadOnlyList<Embedding> Embeddings) Backward(BatchViews batch, StepInput input)
    {
        using var scope = NewDisposeScope();
        using var passes = new BranchPasses(method, streams, input.Step, precision, device, share)
        {
            Observes = Observer is not null,
            NormGroups = NormGroups,
        };
        var (loss, embeddings) =
            share.Part is { } size ? InParts(passes, batch, input, size)
            : share.Ranks.Size > 1 ? OverRanks(passes, batch, input)
            : Whole(passes, batch, input);
        if (passes.Seen() is { } h)
            Observer?.Observe(cat([.. h.chunk(h.shape[0] / batch.Count).Select(share.Gather)]), batch.Labels);
        return (
            loss.detach().MoveToOuterDisposeScope(),
            [.. embeddings.Select(views => views.Select(z => z.detach().MoveToOuterDisposeScope()))]
        );
    }

    private (Tensor, IReadOnlyList<Embedding>) Whole(BranchPasses passes, BatchViews batch, StepInput input)
    {
        var views = new ViewsOfPart(batch, 0, batch.Count);
        IReadOnlyList<Embedding> embeddings = [.. method.Branches.SelectMany(Embed)];
        var value = method.Loss(embeddings, input);
        value.backward();
        GraphNode.ThrowIfFailed();
        passes.Settle();
        return (value, embeddings);

        IReadOnlyList<Embedding> Embed(Branch branch) => passes.Embed(branch, views).Split(branch.Views.Count);
    }

    /// <summary>
    /// Every rank has the embeddings of all as leaves, computes the same loss of them, and takes the gradients of its own rows back. The sum over ranks is the
    /// gradient of the whole batch: what each row does to every rank's rows is in its leaf's gradient already.
    /// </summary>
    private (Tensor, IReadOnlyList<Embedding>) OverRanks(BranchPasses passes, BatchViews batch, StepInput input)
    {
        var views = new ViewsOfPart(batch, 0, batch.Count);
        var own = method.Branches.Select(branch => passes.Embed(branch, views)).ToList();
        var branches = method
            .Branches.Zip(own, (branch, here) => here.Split(branch.Views.Count).Select(z => Leaf(branch, z)).ToList())
            .ToList();
        var (value, embeddings) = LossOf(branches, input);
        foreach (var ((branch, here), leaves) in method.Branches.Zip(own).Zip(branches))
            if (branch.WithGradient)
                Back(here, leaves, 0, batch.Count);
        passes.Settle();
        return (value, embeddings);
    }

    /// <summary>The rows of all ranks, where the loss's gradient arrives.</summary>
    private Embedding Leaf(Branch branch, Embedding here) =>
        here.Select(z => share.Gather(z.detach()).requires_grad_(branch.WithGradient));

    /// <summary>The loss of leaves, and its gradient with respect to them. Parameters that the loss itself uses, prototypes, have theirs from rank 0
    /// alone: every rank finds the same.</summary>
    private (Tensor, IReadOnlyList<Embedding>) LossOf(List<List<Embedding>> branches, StepInput input)
    {
        IReadOnlyList<Embedding> embeddings = [.. branches.SelectMany(views => views)];
        var value = method.Loss(embeddings, input);
        value.backward();
        GraphNode.ThrowIfFailed();
        if (share.Ranks.Rank > 0)
            foreach (var parameter in method.Groups.SelectMany(group => group.Parameters))
                using (var gradient = parameter.Parameter.grad)
                    gradient?.zero_();
        return (value, embeddings);
    }

    private (Tensor, IReadOnlyList<Embedding>) InParts(BranchPasses passes, BatchViews batch, StepInput input, int size)
    {
        var branches = WithoutGraph(passes, batch, size);
        var (value, embeddings) = LossOf(branches, input);
        foreach (var (start, count) in BatchShare.Parts(batch.Count, size))
        {
            using var part = NewDisposeScope();
            var views = new ViewsOfPart(batch, start, count);
            foreach (var (branch, leaves) in method.Branches.Zip(branches).Where(pair => pair.First.WithGradient))
                Back(passes.Embed(branch, views), leaves, start, count);
            passes.Settle();
        }
        return (value, embeddings);
    }

    /// <summary>All embeddings, by branch and view; those of branches with a gradient are leaves that take it. Running statistics of these are put
    /// back: they are to move once, when the parts are embedded with a graph.</summary>
    private List<List<Embedding>> WithoutGraph(BranchPasses passes, BatchViews batch, int size)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var twice = method.Branches.Where(branch => branch.WithGradient).Select(branch => branch.Networks).Distinct();
        var buffers = twice.SelectMany(networks => networks.Buffers).ToList();
        var before = buffers.Select(buffer => buffer.clone()).ToList();
        var embedded = method.Branches.Select(_ => new List<IReadOnlyList<Embedding>>()).ToList();
        foreach (var (start, count) in BatchShare.Parts(batch.Count, size))
        {
            using var part = NewDisposeScope();
            var views = new ViewsOfPart(batch, start, count);
            foreach (var (branch, list) in method.Branches.Zip(embedded))
            {
                var embedding = passes.Embed(branch, views, observed: !branch.WithGradient);
                list.Add([
                    .. embedding
                        .Split(branch.Views.Count)
                        .Select(view => view.Select(z => z.MoveToOuterDisposeScope())),
                ]);
            }
            passes.Settle();
        }
        foreach (var (buffer, value) in buffers.Zip(before))
            buffer.copy_(value);
        return [.. method.Branches.Zip(embedded, (branch, list) => Joined(branch, list))];
    }

    /// <summary>The parts of each view as one.</summary>
    private List<Embedding> Joined(Branch branch, List<IReadOnlyList<Embedding>> parts) =>
        [
            .. branch.Views.Select(
                (_, view) =>
                    Leaf(branch, Embedding.Join([.. parts.Select(part => part[view])]))
                        .Select(z => z.MoveToOuterDisposeScope())
            ),
        ];

    /// <summary>Takes a part's share of the embeddings' gradients back to the weights.</summary>
    private void Back(Embedding part, List<Embedding> leaves, long start, long count)
    {
        using var scope = NewDisposeScope();
        var (tensors, gradients) = (new List<Tensor>(), new List<Tensor>());
        var views = leaves.Select(leaf => leaf.Tensors.ToList()).ToList();
        foreach (var (output, tensor) in part.Tensors.Index())
        {
            // What the loss does not differentiate, behind a stopped gradient, has none.
            var wanted = views.Select(tensors => tensors[output]).ToList();
            if (wanted.All(leaf => leaf.grad is null))
                continue;
            tensors.Add(tensor);
            gradients.Add(
                cat([.. wanted.Select(leaf => share.Of(leaf.grad ?? zeros_like(leaf)).narrow(0, start, count))])
            );
        }
        autograd.backward(tensors, gradients);
        GraphNode.ThrowIfFailed();
    }
}
