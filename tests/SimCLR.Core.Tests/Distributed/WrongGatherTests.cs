using SimCLR.Core.Distributed;
using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

/// <summary>How others have made several ranks one, and how it went wrong: with the numbers of two ranks, and as trainings that the comparison with one process
/// must tell from it.</summary>
public class WrongGatherTests(ITestOutputHelper output)
{
    private static readonly double[,] A =
    {
        { 1, 0, 2 },
        { 0, 1, -1 },
        { -1, 1, 0 },
        { 2, -1, 1 },
    };

    private static readonly double[,] B =
    {
        { 1, 1, 1 },
        { 0, 2, -1 },
        { -2, 1, 1 },
        { 1, -1, 0 },
    };

    /// <summary>A rank's part of a loss of all rows, whose gradient is taken at its own rows and summed over ranks.</summary>
    private delegate Tensor Part(Gathered z, int rank);

    /// <summary>Normalized rows of both views, and who has which.</summary>
    private sealed record Gathered(Tensor First, Tensor Second, int Ranks, double Temperature)
    {
        internal Tensor All { get; } = nn.functional.normalize(cat([First, Second]));

        private long Count => First.shape[0];

        /// <summary>NT-Xent's mean over the anchors of a rank.</summary>
        internal Tensor Anchors(int rank, Tensor? anchors = null, Tensor? keys = null, long shift = 0)
        {
            var mine = Rows(rank);
            var logits = (anchors ?? All).index_select(0, mine).mm((keys ?? All).t()) / Temperature;
            var self = mine.unsqueeze(1).eq(arange(2 * Count));
            return nn.functional.cross_entropy(
                logits.masked_fill(self, double.NegativeInfinity),
                (mine + Count + shift).remainder(2 * Count)
            );
        }

        /// <summary>NT-Xent of a rank's own rows, as if there were no others.</summary>
        internal Tensor Alone(int rank)
        {
            var mine = Rows(rank);
            return new Gathered(Half(mine, 0), Half(mine, 1), 1, Temperature).Anchors(0);

            Tensor Half(Tensor rows, int view) => All.index_select(0, rows.chunk(2)[view]);
        }

        /// <summary>The mean over all anchors.</summary>
        internal Tensor Whole() =>
            Enumerable.Range(0, Ranks).Select(rank => Anchors(rank)).Aggregate((a, b) => a + b) / Ranks;

        private Tensor Rows(int rank)
        {
            var own = arange(Count * rank / Ranks, Count * (rank + 1) / Ranks);
            return cat([own, own + Count]);
        }
    }

    private static readonly Dictionary<string, Part> Wrong = new()
    {
        // lightly before PR 1531, Spijkervet/SimCLR: what a row does as a key of other ranks' anchors is lost.
        ["the gather's backward is the rank's own slice"] = (z, rank) => z.Anchors(rank) / z.Ranks,
        ["all keys are constants"] = (z, rank) => z.Anchors(rank, keys: z.All.detach()) / z.Ranks,
        ["the whole loss on each rank, and the rank's own slice, averaged"] = (z, _) => z.Whole() / z.Ranks,
        ["the gather's backward averages, and the gradients are averaged, too"] = (z, rank) =>
            z.Anchors(rank, keys: z.All.detach()) / z.Ranks
            + Enumerable
                .Range(0, z.Ranks)
                .Select(other => z.Anchors(other, anchors: z.All.detach()))
                .Aggregate((a, b) => a + b) / (z.Ranks * z.Ranks),
        // bolts 179.
        ["nothing is gathered"] = (z, rank) => z.Alone(rank) / z.Ranks,
        // solo-learn 206: right on rank 0 only.
        ["positives are counted from the rank's own first row"] = (z, rank) =>
            z.Anchors(rank, shift: -rank * z.First.shape[0] / z.Ranks) / z.Ranks,
    };

    /// <summary>On each rank; the comparison must find nothing.</summary>
    private static readonly Part Right = (z, _) => z.Whole();

    /// <summary>NT-Xent as a rank has it.</summary>
    private sealed class LossOf(Part part, int rank, int ranks) : ILoss
    {
        public Tensor Compute(Tensor viewA, Tensor viewB, Tensor? labels = null) =>
            part(new Gathered(viewA, viewB, ranks, 0.5), rank);
    }

    /// <summary>How far two ranks with such a loss come from one process with NT-Xent.</summary>
    private static double Deviation(Func<int, ILoss> loss)
    {
        var spec = RankEquality.Spec("NT-Xent");
        var expected = RankEquality.Trained(spec, null, 3);
        var deviations = new double[2];
        ThreadRanks.Run(
            2,
            ranks =>
                deviations[ranks.Rank] = RankEquality.Deviation(
                    expected,
                    RankEquality.Trained(spec with { Method = new SimClrSpec(loss(ranks.Rank)) }, ranks, 3)
                )
        );
        return deviations.Max();
    }

    [Fact]
    public void The_comparison_with_one_process_fails_for_every_wrong_gather_and_for_no_right_one()
    {
        Assert.InRange(Deviation(rank => new LossOf(Right, rank, 2)), 0, 1e-12);
        foreach (var (mistake, part) in Wrong)
        {
            var deviation = Deviation(rank => new LossOf(part, rank, 2));
            output.WriteLine($"{mistake}: {deviation:g3}");
            Assert.InRange(deviation, 1e-6, double.PositiveInfinity);
        }
    }

    /// <summary>facebookresearch/barlowtwins, solo-learn and lightly before PR 1980, and its SIGReg: statistics of the batch are summed over ranks without a gradient, and
    /// the gradients of ranks averaged, which is one over the number of ranks of what it should be.</summary>
    [Theory]
    [InlineData("Barlow Twins")]
    [InlineData("LeJEPA")]
    public void Statistics_that_are_summed_without_a_gradient_are_told_from_one_process(string method)
    {
        var spec = RankEquality.Spec(method);
        var expected = RankEquality.Trained(spec, null, 3);
        var deviations = new double[2];
        ThreadRanks.Run(
            2,
            ranks =>
                deviations[ranks.Rank] = RankEquality.Deviation(
                    expected,
                    RankEquality.Trained(spec, new FaultyRanks(ranks) { AveragesGradients = true }, 3)
                )
        );
        output.WriteLine($"{method}: {deviations.Max():g3}");
        Assert.InRange(deviations.Max(), 1e-6, double.PositiveInfinity);
    }

    /// <summary>Loss and gradient at the first row of the first view, of two ranks with two rows each.</summary>
    private static (double Loss, double[] Gradient) OfTwoRanks(Part part)
    {
        using var scope = NewDisposeScope();
        var (loss, gradient) = (0.0, zeros(3, ScalarType.Float64));
        for (var rank = 0; rank < 2; rank++)
        {
            var (a, b) = (tensor(A).requires_grad_(true), tensor(B));
            var value = part(new Gathered(a, b, 2, 0.5), rank);
            value.backward();
            loss += value.ToDouble();
            // The row is rank 0's.
            if (rank == 0)
                gradient = a.grad![0].clone();
        }
        return (loss, gradient.data<double>().ToArray());
    }

    private static void Near(double[] expected, double[] actual)
    {
        foreach (var (a, b) in expected.Zip(actual))
            Assert.InRange(Math.Abs(a - b), 0, 1e-8);
    }

    /// <summary>Computed in plain Python, by hand-written derivatives, and the loss again with PyTorch.</summary>
    [Fact]
    public void Two_ranks_have_the_loss_and_gradients_that_were_computed_elsewhere()
    {
        var (a, b) = (tensor(A), tensor(B));
        var z = new Gathered(a, b, 2, 0.5);
        Near([0.8564813871, 0.7275611382], [z.Anchors(0).ToDouble(), z.Anchors(1).ToDouble()]);
        Near([0.7920212626], [new NtXent(0.5).Compute(a, b).ToDouble()]);

        double[] exact = [0.00593065, -0.11482075, -0.00296533];
        Near(exact, OfTwoRanks(Right).Gradient);
        Near([0.00226285, -0.05594015, -0.00113143], OfTwoRanks(Wrong["all keys are constants"]).Gradient);
        Near(
            [-0.01282444, -0.09209755, 0.00641222],
            OfTwoRanks(Wrong["the gather's backward is the rank's own slice"]).Gradient
        );
        var (loss, alone) = OfTwoRanks(Wrong["nothing is gathered"]);
        Near([0.1630883165], [loss]);
        Near([-0.00739264, -0.01179633, 0.00369632], alone);
    }

    /// <summary>The gradient that a training takes back, by the leaves of all rows on each rank.</summary>
    [Fact]
    public void The_loss_of_leaves_on_each_rank_gives_that_gradient()
    {
        var gradients = new double[2][];
        ThreadRanks.Run(
            2,
            ranks =>
            {
                using var scope = NewDisposeScope();
                using var share = new BatchShare(ranks, 4, null, 1, CPU);
                var here = share.Of(tensor(A));
                var all = share.Gather(here).requires_grad_(true);
                new NtXent(0.5).Compute(all, tensor(B)).backward();
                gradients[ranks.Rank] = share.Of(all.grad!)[0].clone().data<double>().ToArray();
            }
        );
        Near([0.00593065, -0.11482075, -0.00296533], gradients[0]);
    }
}
