using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

/// <summary>Its loss is checked in NtXentTests.</summary>
public class SimClrMemoryTests
{
    private static readonly SimClrMemorySpec Spec = new(8, new(0.9, 0.9), 0.2);

    private static IReadOnlyList<Embedding> Embeddings(params Tensor[] projections) =>
        [.. projections.Select(z => new Embedding(z))];

    private static Tensor Rows(IMethod method) => method.State["queue.rows"];

    [Fact]
    public void The_target_makes_the_memory_of_second_views_and_takes_no_part_in_the_loss()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Spec.Create(Contexts.Of(networks));
        Assert.Equal([0, 1], method.Branches[0].Views);
        Assert.True(method.Branches[0].WithGradient);
        Assert.Equal([1], method.Branches[1].Views);
        Assert.False(method.Branches[1].WithGradient);
        Assert.NotSame(method.Branches[0].Networks, method.Branches[1].Networks);
        Assert.Same(method.Branches[0].Networks, method.Evaluated);
        var old = Rows(method).clone();
        var loss = method.Loss(Embeddings(A, B, 3 * A), Contexts.Input()).ToDouble();
        Assert.Equal(new NtXent(0.2).WithMemory(A, B, old).ToDouble(), loss, 1e-12);
        method.AfterStep(Embeddings(A, B, 3 * A), Contexts.Input());
        Is(nn.functional.normalize(A).flatten().data<double>().ToArray(), Rows(method).narrow(0, 0, 4).flatten());
        Assert.True(Rows(method).narrow(0, 4, 4).equal(old.narrow(0, 4, 4)).all().ToBoolean());
    }

    [Fact]
    public void Equal_embeddings_have_the_loss_that_is_watched_for()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = Spec.Create(Contexts.Of(networks));
        var same = ones(4, 3, ScalarType.Float64);
        Rows(method).copy_(nn.functional.normalize(ones(8, 3, ScalarType.Float64)));
        Assert.Equal(
            Math.Log(2 * 4 - 1 + 8),
            method.Loss(Embeddings(same, same, same), Contexts.Input()).ToDouble(),
            1e-12
        );
    }

    [Fact]
    public void A_queue_that_is_no_multiple_of_the_batch_or_larger_than_the_data_is_refused()
    {
        using var networks = Contexts.Double(3);
        string Refused(SimClrMemorySpec spec) =>
            Assert.Throws<ArgumentException>(() => spec.Create(Contexts.Of(networks)).Dispose()).Message;
        Assert.Contains("every step brings 4", Refused(Spec with { Queue = 10 }));
        Assert.Contains("there are 100 training images", Refused(Spec with { Queue = 104 }));
    }
}
