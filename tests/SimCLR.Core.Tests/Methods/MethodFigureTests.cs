using SimCLR.Core.Images;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

/// <summary>Figures that methods report of themselves, beside those of every method.</summary>
public class MethodFigureTests
{
    private static Dictionary<string, double> Figures(IMethod method, Embedding[] embeddings, StepInput input)
    {
        method.BeforeStep(input);
        var loss = method.Loss(embeddings, input);
        return method
            .Figures.Zip(method.Measure(loss, embeddings))
            .ToDictionary(figure => figure.First.Name, figure => figure.Second.ToDouble());
    }

    [Theory]
    [InlineData("MoCo", 3)]
    [InlineData("symmetric MoCo", 2)]
    [InlineData("SimCLR with memory", 3)]
    [InlineData("NNCLR", 3)]
    public void A_queues_age_rises_until_the_last_random_row_has_gone(string name, int complete)
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(12);
        using var method = Every.Spec(name).Method.Create(Contexts.Of(networks, 16, 70));
        var embeddings = Every.Drawn(method, 16, 12).ToArray();
        for (var step = 0; step < 6; step++)
        {
            var input = new StepInput(step, arange(16), new BatchOrder(new RandomStreams(0), 70, 16));
            Assert.Equal(Math.Min(step, complete), Figures(method, embeddings, input)["queue age"]);
            method.AfterStep(embeddings, input);
        }
    }

    [Fact]
    public void SwAVs_queues_age_from_the_epoch_on_in_which_they_are_collected()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        // Collected from step 25 on; complete after two more.
        using var method = new SwavSpec(7, Queue: 8, QueueFromEpoch: 1).Create(Contexts.Of(networks));
        double Age(long step) => Figures(method, [new(A), new(B)], Contexts.Input(step))["queue age"];
        Assert.Equal([0, 0, 1, 2, 2], new long[] { 3, 25, 26, 27, 50 }.Select(Age));
        using var without = new SwavSpec(7).Create(Contexts.Of(networks));
        Assert.DoesNotContain(without.Figures, figure => figure.Name == "queue age");
    }

    [Fact]
    public void SwAVs_predictions_have_the_entropy_of_prototypes_that_are_all_alike()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new SwavSpec(7).Create(Contexts.Of(networks));
        var sure = Figures(method, [new(A), new(B)], Contexts.Input())["prediction entropy"];
        using (no_grad())
            method.State["prototypes"].copy_(ones(7, 3, ScalarType.Float64));
        var figures = Figures(method, [new(A), new(B)], Contexts.Input());
        Assert.Equal(Math.Log(7), figures["prediction entropy"], 1e-9);
        Assert.Equal(Math.Log(7), figures["loss"], 1e-9);
        Assert.InRange(sure, 0, 1.5);
    }

    [Fact]
    public void DINOs_divergence_is_that_of_the_student_from_the_teacher_over_both_views()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new DinoSpec(3, new(0.9, 1)).Create(Contexts.Of(networks));
        // Outputs are the numbers of normalized embeddings themselves.
        method.State["teacher"].copy_(eye(3, dtype: ScalarType.Float64));
        using (no_grad())
            method.State["student"].copy_(eye(3, dtype: ScalarType.Float64));
        var figures = Figures(method, [new(A), new(B), new(A), new(B)], Contexts.Input());

        double[][] Shares(Tensor view, double temperature)
        {
            var rows = nn.functional.normalize(view).data<double>().ToArray().Chunk(3);
            return
            [
                .. rows.Select(row => row.Select(x => Math.Exp(x / temperature)).ToArray())
                    .Select(row => row.Select(x => x / row.Sum()).ToArray()),
            ];
        }
        double Divergence(Tensor taught, Tensor student) =>
            Shares(taught, 0.04)
                .Zip(Shares(student, 0.1))
                .Average(pair => pair.First.Zip(pair.Second, (p, q) => p * Math.Log(p / q)).Sum());
        double Entropy(Tensor taught) => Shares(taught, 0.04).Average(row => -row.Sum(p => p * Math.Log(p)));
        Assert.Equal((Divergence(A, B) + Divergence(B, A)) / 2, figures["divergence"], 1e-9);
        Assert.Equal((Entropy(A) + Entropy(B)) / 2, figures["teacher entropy"], 1e-9);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(50)]
    public void Instance_discrimination_tells_how_many_images_are_nearest_to_their_own_prototype(int? negatives)
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        var spec = new InstanceDiscriminationSpec(0.2, Negatives: negatives);
        using var method = spec.Create(Contexts.Of(networks, batch: 4, images: 20));
        var input = new StepInput(0, arange(4), new BatchOrder(new RandomStreams(0), 20, 4));
        double Top1() => Figures(method, [new(A)], input)["contrastive top-1"];
        // Each its own direction and all others the opposite one; then two of them another's.
        var rows = input.Order.At(0);
        var bank = method.State["bank"];
        bank.copy_(nn.functional.normalize(A.sum([0], keepdim: true)).neg().expand(20, 3));
        bank.index_copy_(0, rows, nn.functional.normalize(A));
        Assert.Equal(1, Top1());
        bank.index_copy_(0, rows.narrow(0, 0, 2), nn.functional.normalize(A.narrow(0, 0, 2)).neg());
        Assert.Equal(0.5, Top1());
    }
}
