using SimCLR.Core.Images;
using SimCLR.Core.Methods;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Images;
using SimCLR.Core.Tests.Runtime;
using SimCLR.Core.Training;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Methods;

/// <summary>What holds for every method.</summary>
public class EveryMethodTests
{
    public static TheoryData<string> Names => Every.Names;

    /// <summary>Those that treat both views of an image alike.</summary>
    public static TheoryData<string> Symmetric =>
        [
            .. Every
                .Names.Select(row => row.Data)
                .Where(name => name != "MoCo" && !name.StartsWith("instance discrimination")),
        ];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_training_that_is_taken_up_after_every_step_ends_bit_for_bit_as_one_that_was_not(string name)
    {
        using var folder = new TemporaryFolder();
        using var images = Noise();
        using var whole = new Pretraining(Every.Spec(name), images, CPU);
        var expected = whole.Run();
        for (var step = 1; ; step++)
        {
            using var training = new Pretraining(Every.Spec(name), images, CPU);
            using var stop = new CancellationTokenSource();
            var checkpointing = new Checkpointing(new CheckpointFolder(folder.Root), TimeSpan.Zero);
            try
            {
                var result = training.Run(_ => stop.Cancel(), stop.Token, checkpointing);
                Assert.Equal(12, step);
                Assert.Equal(Bytes(whole), Bytes(training));
                Assert.Equal(expected.Figures, result.Figures);
                return;
            }
            catch (TrainingInterruptedException)
            {
                Assert.InRange(step, 1, 11);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradient_caching_trains_as_the_whole_batch_does_where_batch_norm_is_frozen(string name)
    {
        using var images = Noise();
        Dictionary<string, double[]> Trained(int part)
        {
            var spec = Every.Spec(name) with { MicroBatches = new MicroBatches(part, true), Type = ScalarType.Float64 };
            using var training = new Pretraining(spec, images, CPU);
            for (var step = 0; step < 3; step++)
                training.TrainStep().Dispose();
            using var scope = NewDisposeScope();
            return training.State.ToDictionary(
                named => named.Key,
                named => named.Value.detach().to_type(ScalarType.Float64).flatten().clone().data<double>().ToArray()
            );
        }
        var (whole, parts) = (Trained(16), Trained(7));
        Assert.Equal(whole.Keys, parts.Keys);
        foreach (var (key, values) in whole)
            Assert.All(values.Zip(parts[key]), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_order_of_the_images_does_not_matter_to_the_loss(string name)
    {
        Assert.SkipWhen(name.EndsWith("by noise"), "what is drawn goes by places: InstanceDiscriminationTests");
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(12);
        using var method = Every.Create(name, networks);
        var embeddings = Every.Drawn(method, 16, 12);
        using var generator = new Generator(2, CPU);
        var order = randperm(16, generator: generator);
        var permuted = embeddings.Select(view => view.Select(z => z.index_select(0, order))).ToList();
        // Which images they are changes with them.
        var input = Every.Input();
        var rows = input.Order.Epoch(0).narrow(0, 0, 16);
        rows.copy_(rows.index_select(0, order));
        Assert.Equal(method.Loss(embeddings, Every.Input()).ToDouble(), method.Loss(permuted, input).ToDouble(), 1e-10);
    }

    [Theory]
    [MemberData(nameof(Symmetric))]
    public void Views_can_be_exchanged(string name)
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(12);
        using var method = Every.Create(name, networks);
        var embeddings = Every.Drawn(method, 16, 12);
        var places = Every.Places(method).Select(place => (place.Branch.Networks, place.View)).ToList();
        var exchanged = places
            .Select(
                (place, i) => (i, At: places.IndexOf((place.Networks, place.View < 2 ? 1 - place.View : place.View)))
            )
            .Select(place => embeddings[place.At < 0 ? place.i : place.At])
            .ToList();
        Assert.Same(embeddings[0], exchanged[1]);
        Assert.Equal(
            method.Loss(embeddings, Every.Input()).ToDouble(),
            method.Loss(exchanged, Every.Input()).ToDouble(),
            1e-10
        );
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void How_long_embeddings_are_matters_where_the_paper_does_not_normalize_them_and_nowhere_else(string name)
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(12);
        using var method = Every.Create(name, networks);
        var embeddings = Every.Drawn(method, 16, 12);
        var longer = embeddings.Select((view, i) => view.Select(z => (2 + i) * z)).ToList();
        var (before, after) = (
            method.Loss(embeddings, Every.Input()).ToDouble(),
            method.Loss(longer, Every.Input()).ToDouble()
        );
        if (name == "VICReg" || name.StartsWith("LeJEPA"))
            Assert.NotEqual(before, after, 0.01);
        else
            // Barlow Twins' batch norm has an epsilon.
            Assert.Equal(before, after, name == "Barlow Twins" ? 1e-4 : 1e-10);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_loss_can_be_asked_for_twice(string name)
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(12);
        using var method = Every.Create(name, networks);
        var embeddings = Every.Drawn(method, 16, 12);
        var before = method.State.ToDictionary(named => named.Key, named => named.Value.clone());
        var first = method.Loss(embeddings, Every.Input()).ToDouble();
        Assert.Equal(first, method.Loss(embeddings, Every.Input()).ToDouble());
        Assert.All(method.State, named => Assert.True(named.Value.equal(before[named.Key]).all().ToBoolean()));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_has_no_gradient_in_the_paper_has_none_here(string name)
    {
        using var scope = NewDisposeScope();
        using var networks = Contexts.Double(12);
        using var method = Every.Create(name, networks);
        var embeddings = Every.Drawn(method, 16, 12, leaves: true);
        method.Loss(embeddings, Every.Input()).backward();
        foreach (var (place, embedding) in Every.Places(method).Zip(embeddings))
        {
            Assert.Equal(place.Branch.WithGradient, embedding.Prediction.grad is not null);
            if (embedding.Predicted is not null)
                Assert.Null(embedding.Projection.grad);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_figure_has_a_name_and_a_value_and_no_state_is_shared(string name)
    {
        using var images = Noise();
        using var training = new Pretraining(Every.Spec(name), images, CPU);
        var result = training.Run();
        Assert.All(result.Figures, figure => Assert.True(double.IsFinite(figure.Value), figure.Name));
        Assert.InRange(result["embedding deviation"], 0.02, 1);
        Assert.InRange(result["effective rank"], 1, 12);
        var handles = training.State.Values.Select(tensor => tensor.Handle).ToList();
        Assert.Equal(handles.Count, handles.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_step_leaves_the_live_tensor_count_unchanged(string name)
    {
        using var images = Noise();
        using var training = new Pretraining(Every.Spec(name), images, CPU);
        for (var i = 0; i < 3; i++)
            training.TrainStep().Dispose();
        using var left = new LeftTensors();
        for (var i = 0; i < 5; i++)
            training.TrainStep().Dispose();
        Assert.Equal(0, left.Count);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_evaluated_encoder_is_trained(string name)
    {
        using var images = Noise();
        using var training = new Pretraining(Every.Spec(name), images, CPU);
        var before = training.Encoder.parameters().Select(parameter => parameter.detach().clone()).ToList();
        training.Run();
        Assert.All(
            before.Zip(training.Encoder.parameters()),
            pair => Assert.False(pair.First.equal(pair.Second).all().ToBoolean())
        );
        before.ForEach(tensor => tensor.Dispose());
    }

    [Fact]
    public void No_method_is_left_out() =>
        Assert.Empty(
            typeof(IMethodSpec)
                .Assembly.GetTypes()
                .Where(type => !type.IsAbstract && typeof(IMethodSpec).IsAssignableFrom(type))
                .Except(Every.All.Select(method => method.GetType()))
                // Whatever its function makes.
                .Except([typeof(FunctionMethodSpec)])
        );
}
