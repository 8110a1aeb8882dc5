using SimCLR.Core.Losses;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Methods.Example;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

public class BarlowTwinsTests
{
    private static Tensor Loss(BarlowTwinsSpec spec, Tensor a, Tensor b)
    {
        using var networks = Contexts.Double(3);
        using var method = spec.Create(Contexts.Of(networks));
        return method.Loss([new(a), new(b)], Contexts.Input());
    }

    [Fact]
    public void The_example_has_the_loss_of_plain_PyTorch()
    {
        using var scope = NewDisposeScope();
        Is(0.1323194146, Loss(new(0.0051), A, B));
        Is(0.01321543327, Loss(new(0.005, Scale: 0.1), A, B));
    }

    [Fact]
    public void A_cross_correlation_that_is_summed_in_bfloat16_is_a_mistake_not_made()
    {
        Assert.SkipUnless(Autocast.IsAvailable, "this libtorch exports no autocast");
        using var images = Noise();
        var asked = 0;
        static Tensor Normalized(Tensor z)
        {
            var columns = z.t().to_type(ScalarType.Float64);
            var centred = columns - columns.mean([1], keepdim: true);
            return centred / (centred.square().mean([1], keepdim: true) + 1e-5).sqrt();
        }
        Tensor Watched(IMethod method, IReadOnlyList<Embedding> embeddings, StepInput input)
        {
            using var scope = NewDisposeScope();
            var (a, b) = (embeddings[0].Projection.detach(), embeddings[1].Projection.detach());
            // Networks compute numbers of 8 bits; their sum over the batch has more.
            Assert.True(a.equal(a.to_type(ScalarType.BFloat16).to_type(ScalarType.Float32)).all().ToBoolean());
            var exact = Normalized(a).mm(Normalized(b).t()) / a.shape[0];
            Assert.InRange((CrossCorrelation.Of(a, b) - exact).abs().max().ToDouble(), 0, 1e-5);
            asked++;
            return method.Loss(embeddings, input).MoveToOuterDisposeScope();
        }
        var spec = Every.Spec("Barlow Twins") with
        {
            Precision = Precision.BFloat16,
            Method = new FunctionMethodSpec(context =>
            {
                var method = Every.Spec("Barlow Twins").Method.Create(context);
                return new ChangedMethod(method) { OtherLoss = (views, input) => Watched(method, views, input) };
            }),
        };
        using var training = new Pretraining(spec, images, CPU);
        training.TrainStep().Dispose();
        Assert.Equal(1, asked);
    }

    [Fact]
    public void Biases_and_normalizations_have_a_rate_of_their_own_and_are_neither_decayed_nor_adapted()
    {
        using var networks = Contexts.Double(3);
        using var method = new BarlowTwinsSpec(0.005, BiasRate: 0.024).Create(Contexts.Of(networks));
        Assert.All(
            method.Groups,
            group => Assert.Equal((group.Decays ? 1 : 0.024, group.Decays), (group.RateFactor, group.Adapts))
        );
        Assert.Contains(method.Groups, group => !group.Decays);
    }

    /// <summary>Two views of 512 images in 64 dimensions, of which so much is common.</summary>
    [Theory]
    [InlineData(0.0, true)]
    [InlineData(0.2, false)]
    public void Views_that_do_not_correlate_are_seen_though_embeddings_are_alive(double common, bool expected)
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(64);
        var spec = new BarlowTwinsSpec(0.005, 0.1);
        using var method = spec.Create(Contexts.Of(networks, batch: 512, images: 1024));
        using var generator = new Generator(3, CPU);
        Tensor Drawn() => randn([512, 64], ScalarType.Float64, generator: generator);
        var shared = Drawn();
        Embedding View() => new(Math.Sqrt(common) * shared + Math.Sqrt(1 - common) * Drawn());
        Embedding[] views = [View(), View()];
        var loss = method.Loss(views, Contexts.Input());
        var figures = method
            .Figures.Zip(method.Measure(loss, views))
            .ToDictionary(f => f.First.Name, f => f.Second.ToDouble());
        Assert.True(figures[Health.Deviation] > 0.9);
        Assert.Equal(common, figures["correlation of views"], 0.02);
        var seen = method.Collapses.Where(collapse => collapse.IsSeen(figures[collapse.Figure])).ToList();
        Assert.Equal(expected ? [Collapse.LearntNothing] : [], seen.Select(collapse => collapse.Name));
        // Which the loss does not tell: it is 0.1 D + 0.1 (D + λ D (D - 1)) / (N - 1) on the mean.
        if (common == 0)
            Assert.Equal(6.4 + 0.1 * (64 + 0.005 * 64 * 63) / 511, loss.ToDouble(), 0.1);
    }

    [Fact]
    public void Constant_embeddings_are_seen_as_what_they_are()
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(3);
        using var method = new BarlowTwinsSpec(0.005, 0.1).Create(Contexts.Of(networks));
        Embedding constant = new(ones(4, 3, ScalarType.Float64));
        var loss = method.Loss([constant, constant], Contexts.Input());
        var figures = method
            .Figures.Zip(method.Measure(loss, [constant, constant]))
            .ToDictionary(f => f.First.Name, f => f.Second.ToDouble());
        Assert.Contains(
            method.Collapses,
            collapse => collapse.Name == Collapse.Collapsed && collapse.IsSeen(figures[collapse.Figure])
        );
    }
}
