using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Tests.Methods;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Distributed;

/// <summary>How methods of others went wrong on several ranks: here two ranks come to what one process comes to, and with the mistake they do not.</summary>
public class MethodRanksTests(ITestOutputHelper output)
{
    private const int Size = 2;
    private const int Share = RankEquality.Batch / Size;

    /// <summary>A rank's method with the mistake.</summary>
    private delegate IMethod Wrong(IMethod method, int rank);

    private static readonly Dictionary<string, (string Method, Wrong Wrong)> Mistakes = new()
    {
        ["InstDisc: a rank's bank learns its own images alone"] = (
            "instance discrimination",
            (method, rank) => Moving(method, (all, input) => MoveOwnRows(method, rank, all, input))
        ),
        ["MoCo: a rank's queue takes its own keys alone"] = (
            "MoCo",
            (method, rank) => Moving(method, (all, input) => method.AfterStep(Rows(all, rank), input))
        ),
        ["MoCo v3: labels are counted from the rank's own first row"] = (
            "MoCo v3",
            (method, _) => Of(method, (all, _) => FromOwnFirstRow(all))
        ),
        ["Barlow Twins: C is of a rank's batch, and the losses are averaged"] = (
            "Barlow Twins",
            (method, _) => Of(method, (all, input) => Apart(method, all, input))
        ),
        ["VICReg: variance and covariance are of gathered embeddings without a gradient to other ranks"] = (
            "VICReg",
            (method, _) => Of(method, (all, _) => WithoutGatheredGradient(all))
        ),
        ["VICReg: variance and covariance are of a rank's batch"] = (
            "VICReg",
            (method, _) => Of(method, (all, input) => Apart(method, all, input))
        ),
        ["SwAV: the sums over prototypes and images are not over ranks, so that each balances its own"] = (
            "SwAV",
            (method, _) => Of(method, (all, input) => Apart(method, all, input))
        ),
        // solo-learn 229.
        ["NNCLR: predictions are not gathered"] = (
            "NNCLR",
            (method, _) => Of(method, (all, input) => Apart(method, all, input))
        ),
        ["NNCLR: a rank's queue takes its own embeddings alone"] = (
            "NNCLR",
            (method, rank) => Moving(method, (all, input) => method.AfterStep(Rows(all, rank), input))
        ),
        ["DINO: the centre is the mean over a rank's images"] = (
            "DINO",
            (method, rank) => Moving(method, (all, input) => method.AfterStep(Rows(all, rank), input))
        ),
        ["LeJEPA: ranks draw directions of their own"] = (
            "LeJEPA",
            (method, rank) =>
                Of(
                    method,
                    (all, input) => ((LeJepa)method).Compute(all, ((LeJepa)method).Directions(input.Step + 100 * rank))
                )
        ),
    };

    public static TheoryData<string> Names => [.. Mistakes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mistake_of_ranks_is_not_made_and_would_be_told_from_one_process(string mistake)
    {
        var (name, wrong) = Mistakes[mistake];
        var spec = RankEquality.Spec(name);
        var expected = RankEquality.Trained(spec, null, 3);
        double Deviation(Wrong method)
        {
            var deviations = new double[Size];
            ThreadRanks.Run(
                Size,
                ranks =>
                {
                    var changed = new FunctionMethodSpec(context => method(spec.Method.Create(context), ranks.Rank));
                    deviations[ranks.Rank] = RankEquality.Deviation(
                        expected,
                        RankEquality.Trained(spec with { Method = changed }, ranks, 3)
                    );
                }
            );
            return deviations.Max();
        }
        Assert.InRange(Deviation((method, _) => method), 0, 1e-12);
        var deviation = Deviation(wrong);
        output.WriteLine($"{mistake}: {deviation:g3}");
        Assert.InRange(deviation, 1e-8, double.PositiveInfinity);
    }

    private static ChangedMethod Of(IMethod method, Func<IReadOnlyList<Embedding>, StepInput, Tensor> loss) =>
        new(method) { OtherLoss = loss };

    private static ChangedMethod Moving(IMethod method, Action<IReadOnlyList<Embedding>, StepInput> move) =>
        new(method) { OtherAfterStep = move };

    /// <summary>A rank's embeddings of all.</summary>
    private static IReadOnlyList<Embedding> Rows(IReadOnlyList<Embedding> all, int rank) =>
        [.. all.Select(view => view.Select(z => z.narrow(0, rank * Share, Share)))];

    /// <summary>The mean of the losses that ranks have of their own embeddings alone.</summary>
    private static Tensor Apart(IMethod method, IReadOnlyList<Embedding> all, StepInput input) =>
        (method.Loss(Rows(all, 0), input) + method.Loss(Rows(all, 1), input)) / Size;

    private static void MoveOwnRows(IMethod method, int rank, IReadOnlyList<Embedding> all, StepInput input)
    {
        using var scope = NewDisposeScope();
        var bank = method.State["bank"];
        var before = bank.clone();
        method.AfterStep(all, input);
        var others = input.Order.At(input.Step).narrow(0, (1 - rank) * Share, Share);
        bank.index_copy_(0, others, before.index_select(0, others));
    }

    /// <summary>MoCo v3's loss where every rank takes its first query's key for the first of all.</summary>
    private static Tensor FromOwnFirstRow(IReadOnlyList<Embedding> all)
    {
        var temperature = ((MoCoV3Spec)RankEquality.Spec("MoCo v3").Method).Temperature;
        var labels = arange(RankEquality.Batch).remainder(Share);
        Tensor Direction(Embedding query, Embedding key) =>
            nn.functional.cross_entropy(
                nn.functional.normalize(query.Prediction).mm(nn.functional.normalize(key.Projection).t()) / temperature,
                labels
            );
        return 2 * temperature * (Direction(all[0], all[3]) + Direction(all[1], all[2]));
    }

    /// <summary>VICReg's loss with the gradient that averaging over ranks leaves of what each has of its own rows.</summary>
    private static Tensor WithoutGatheredGradient(IReadOnlyList<Embedding> all)
    {
        var (a, b) = (all[0].Projection, all[1].Projection);
        var spread =
            25 * (VarianceCovariance.Variance(a) + VarianceCovariance.Variance(b)) / 2
            + VarianceCovariance.Covariance(a)
            + VarianceCovariance.Covariance(b);
        return 25 * VarianceCovariance.Invariance(a, b) + spread / Size + (1 - 1.0 / Size) * spread.detach();
    }
}
