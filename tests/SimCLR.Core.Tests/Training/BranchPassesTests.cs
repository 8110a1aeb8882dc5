using SimCLR.Core.Distributed;
using SimCLR.Core.Images;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Methods;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Training;

/// <summary>Groups of batch norm: a training on one device computes as one on several without synchronized statistics.</summary>
public class BranchPassesTests
{
    private const string Mean = "stages.1.running_mean";
    private const string Variance = "stages.1.running_var";

    private static BatchViews Pairs(int count = 12)
    {
        using var images = Noise(count);
        return new BatchViews(
            new ImageBatch(images.Images.clone(), images.Labels.clone()),
            [new Identity(), new HorizontalFlip(1)],
            new RandomStreams(3),
            0
        );
    }

    private static BranchPasses Passes(Networks networks, long step = 0)
    {
        var method = new SimClrSpec(new SimCLR.Core.Losses.NtXent(0.5)).Create(Contexts.Of(networks, 12));
        return new BranchPasses(
            method,
            new RandomStreams(0),
            step,
            Precision.Float32,
            CPU,
            new BatchShare(Alone.Instance, 12, null, 1, CPU)
        );
    }

    private static Tensor Passed(Networks networks, BatchViews pairs, int groups, bool shuffled, long step = 0)
    {
        using var passes = Passes(networks, step);
        var branch = new Branch(networks, 0)
        {
            NormGroups = groups,
            Shuffled = shuffled,
            WithGradient = false,
        };
        var z = passes.Embed(branch, new ViewsOfPart(pairs, 0, pairs.Count)).Projection;
        passes.Settle();
        return z;
    }

    private static void Near(Tensor expected, Tensor actual) =>
        Assert.InRange((expected - actual).abs().max().ToDouble(), 0, 1e-10);

    [Fact]
    public void Every_group_is_normalized_by_itself_and_running_statistics_move_by_the_mean()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var pairs = Pairs();
        using var grouped = Contexts.Double(6);
        var z = Passed(grouped, pairs, 3, shuffled: false);

        var images = pairs.Views(0, 12).narrow(0, 0, 12).to_type(ScalarType.Float64);
        var (outputs, means, variances) = (new List<Tensor>(), new List<Tensor>(), new List<Tensor>());
        foreach (var part in images.chunk(3))
        {
            using var alone = Contexts.Double(6);
            outputs.Add(alone.Head.forward(alone.Encoder.forward(part)));
            means.Add(alone.Encoder.state_dict()[Mean].clone());
            variances.Add(alone.Encoder.state_dict()[Variance].clone());
        }
        Near(cat(outputs), z);
        Near(stack(means).mean([0]), grouped.Encoder.state_dict()[Mean]);
        Near(stack(variances).mean([0]), grouped.Encoder.state_dict()[Variance]);
    }

    [Fact]
    public void Shuffled_images_come_back_to_their_rows()
    {
        using var scope = NewDisposeScope();
        using var pairs = Pairs();
        using var networks = Contexts.Double(6);
        // With running statistics an embedding does not depend on its group.
        networks.SetTraining(false);
        Near(Passed(networks, pairs, 1, false), Passed(networks, pairs, 4, true));
    }

    [Fact]
    public void Every_step_shuffles_anew_and_a_step_always_the_same()
    {
        using var scope = NewDisposeScope();
        using var pairs = Pairs();
        using var networks = Contexts.Double(6);
        double First(long step) => Passed(networks, pairs, 4, true, step)[0, 0].ToDouble();
        Assert.Equal(First(1), First(1));
        Assert.NotEqual(First(1), First(2));
        Assert.NotEqual(First(1), Passed(networks, pairs, 4, false)[0, 0].ToDouble());
    }

    [Fact]
    public void A_gradient_goes_back_through_groups_as_through_one_graph_of_them()
    {
        using var scope = NewDisposeScope();
        using var pairs = Pairs();
        using var grouped = Contexts.Double(6);
        using var alone = Contexts.Double(6);
        using var passes = Passes(grouped);
        var branch = new Branch(grouped, 0) { NormGroups = 3 };
        passes.Embed(branch, new ViewsOfPart(pairs, 0, 12)).Projection.square().sum().backward();
        passes.Settle();

        var images = pairs.Views(0, 12).narrow(0, 0, 12).to_type(ScalarType.Float64);
        cat([.. images.chunk(3).Select(part => alone.Head.forward(alone.Encoder.forward(part)))])
            .square()
            .sum()
            .backward();
        foreach (var (first, second) in alone.Encoder.parameters().Zip(grouped.Encoder.parameters()))
            Near(first.grad!, second.grad!);
    }
}
