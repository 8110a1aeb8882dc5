using System.Reflection;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Tests.Evaluation;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Mistakes;

/// <summary>Mistakes of other toolkits in how representations are measured: figures several points too high.</summary>
public class ProtocolMistakesTests
{
    private const BindingFlags Any =
        BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Static
        | BindingFlags.Instance
        | BindingFlags.DeclaredOnly;

    private static IEnumerable<MethodBase> Methods(IEnumerable<Type> types) =>
        types.SelectMany(type => type.GetMethods(Any).Concat<MethodBase>(type.GetConstructors(Any)));

    private static Type[] ParametersOf(MethodBase method) =>
        [.. method.GetParameters().Select(parameter => parameter.ParameterType)];

    private static IEnumerable<Type> CoreTypes => typeof(Pretrained).Assembly.GetTypes();

    [Fact]
    public void The_linear_probe_does_not_train_the_encoder()
    {
        using var tiny = new Tiny();
        var before = tiny.State();
        new LinearEvaluation().Measure(tiny.Pretrained);
        new LinearSgd(Tiny.Quick(2)).Measure(tiny.Pretrained);
        Assert.Equal(before, tiny.State());
    }

    [Fact]
    public void The_linear_probe_does_not_move_batch_norm_statistics()
    {
        // Not even where somebody left the encoder in training mode: the features are those of the running statistics.
        using var scope = NewDisposeScope();
        using var tiny = new Tiny();
        tiny.Pretrained.Encoder.train();
        var statistics = () =>
            tiny
                .Pretrained.Encoder.buffers()
                .Select(buffer => Convert.ToHexString(buffer.clone().contiguous().bytes))
                .ToList();
        var before = statistics();
        using var whole = tiny.Pretrained.Frozen().Test(tiny.Pretrained.Splits.Test);
        new LinearSgd(Tiny.Quick(2)).Measure(tiny.Pretrained);
        Assert.Equal(before, statistics());
        // An image's features do not depend on the images beside it.
        using var first = tiny.Pretrained.Splits.Test.Select(tensor(new long[] { 0 }));
        using var alone = tiny.Pretrained.Frozen().Test(first);
        Assert.InRange((whole.H[0] - alone.H[0]).abs().max().ToDouble(), 0, 1e-5);
    }

    [Fact]
    public void No_training_can_pick_an_epoch_on_test_images_because_it_is_given_none()
    {
        var trainers = CoreTypes
            .Where(type => type.Namespace == typeof(Pretraining).Namespace || type == typeof(ClassifierTrainee))
            .ToList();
        Assert.Contains(typeof(Pretraining), trainers);
        foreach (var method in Methods(trainers))
        {
            var parameters = ParametersOf(method);
            Assert.DoesNotContain(typeof(ImageSplits), parameters);
            Assert.DoesNotContain(parameters, type => type.IsAssignableTo(typeof(Features)));
            Assert.True(parameters.Count(type => type == typeof(ImageSet)) <= 1, $"{method} takes two sets of images");
        }
    }

    [Fact]
    public void A_trained_classifier_is_the_same_whatever_the_test_images_are()
    {
        var trained = new List<string>();
        foreach (var seed in new[] { 2, 3 })
        {
            using var tiny = new Tiny(splits: new ImageSplits(Tiny.Images(60, 2), Tiny.Images(40, 2, seed)));
            using var classifier = new FineTuning(1, 0, Tiny.Quick(2)).Train(tiny.Pretrained);
            trained.Add(Tiny.Bytes(classifier));
        }
        Assert.Equal(trained[0], trained[1]);
    }

    [Fact]
    public void Nothing_that_chooses_a_strength_a_k_or_a_temperature_can_be_given_the_test_split()
    {
        var choosing = Methods(CoreTypes)
            .Where(method => !method.DeclaringType!.IsAssignableTo(typeof(Features)))
            .Where(method => ParametersOf(method).Contains(typeof(ValidationFeatures)))
            .ToList();
        Assert.Contains(choosing, method => method.DeclaringType == typeof(LinearProbe));
        Assert.Contains(choosing, method => method.DeclaringType == typeof(NearestNeighbours));
        foreach (var method in choosing)
        {
            Assert.DoesNotContain(typeof(TestFeatures), ParametersOf(method));
            Assert.DoesNotContain(typeof(Features), ParametersOf(method));
        }
        // What is called a choice takes validation features, and no test features become such.
        Assert.All(
            Methods(CoreTypes.Where(type => type.IsPublic)).Where(method => method.Name == "Choose" && method.IsPublic),
            method => Assert.Contains(method, choosing)
        );
        Assert.False(typeof(TestFeatures).IsAssignableTo(typeof(ValidationFeatures)));
        Assert.DoesNotContain(Methods(CoreTypes), method => method.Name is "op_Implicit" or "op_Explicit");
    }
}
