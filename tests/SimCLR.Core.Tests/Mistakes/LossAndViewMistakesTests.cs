using SimCLR.Core.Encoders;
using SimCLR.Core.Heads;
using SimCLR.Core.Images;
using SimCLR.Core.Losses;
using SimCLR.Core.Runtime;
using SimCLR.Core.Tests.Training;
using SimCLR.Core.Training;
using SimCLR.Core.Views;
using TorchSharp;
using static SimCLR.Core.Tests.Training.Small;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Mistakes;

/// <summary>Mistakes of other toolkits in losses and views.</summary>
public class LossAndViewMistakesTests
{
    private const int Count = 64;

    private static readonly IView[] Views =
    [
        new RandomResizedCrop(16),
        new HorizontalFlip(),
        ColorJitter.OfStrength(1),
        new Grayscale(),
        new GaussianBlur(),
        new Cutout(p: 0.5),
        new Rotate(),
        new GaussianNoise(0.1, 0.5),
        new Sobel(0.5),
        new Solarize(0.5, 0.5),
    ];

    private static ViewParameters Draw(IView view)
    {
        using var generator = new RandomStreams(0).At("test", 0);
        return view.Draw(new BatchShape(Count, 3, 16, 16, CPU), generator);
    }

    [Fact]
    public void The_sigma_of_a_blur_is_no_radius()
    {
        // Of a white pixel: beside it is e^(-1 / 2σ²) of what is left in the middle, and nothing beyond a tenth of the image, whatever σ is.
        using var scope = NewDisposeScope();
        var image = zeros(1, 3, 41, 41);
        image[TensorIndex.Ellipsis, 20, 20] = 1;
        foreach (var sigma in new[] { 0.5f, 1.3f, 2 })
        {
            var parameters = new ViewParameters(
                new Dictionary<string, Tensor>
                {
                    ["apply"] = ones(1, ScalarType.Bool),
                    ["sigma"] = tensor(new[] { sigma }),
                }
            );
            var row = new GaussianBlur().Apply(image, parameters)[0, 0, 20].data<float>().ToArray();
            Assert.Equal(Math.Exp(-1 / (2 * sigma * sigma)), row[21] / row[20], 1e-5);
            Assert.True(row[22] > 0 && row[23] == 0);
        }
    }

    [Fact]
    public void Every_image_of_a_batch_has_parameters_of_its_own()
    {
        foreach (var view in Views)
        {
            using var parameters = Draw(view);
            Assert.NotEmpty(parameters.Tensors);
            foreach (var (name, values) in parameters.Tensors)
            {
                Assert.Equal(Count, values.shape[0]);
                var rows = values.unbind(0).Select(row => Convert.ToHexString(row.contiguous().bytes));
                Assert.True(rows.Distinct().Count() > 1, $"{view.GetType().Name}.{name} is drawn once for the batch");
            }
        }
    }

    [Fact]
    public void Two_views_of_one_image_differ_and_so_do_copies_of_it_in_one_batch()
    {
        using var scope = NewDisposeScope();
        using var noise = Noise(1);
        var copies = noise.Images.expand(8, -1, -1, -1).clone();
        using var pairs = new BatchViews(
            new ImageBatch(copies, zeros(8, int64)),
            Spec().Views,
            new RandomStreams(0),
            0
        );
        var views = pairs.Views(0, 8).unbind(0).Select(view => Convert.ToHexString(view.contiguous().bytes));
        Assert.Equal(16, views.Distinct().Count());
    }

    public static TheoryData<ILoss> Exponentials =>
        [new NtXent(1e-3), new NtXent(1e-3, blockRows: 3), new NtLogistic(1e-3), new Dcl(1e-3), new HardNegative(1e-3)];

    [Theory]
    [MemberData(nameof(Exponentials))]
    public void The_maximum_is_subtracted_before_exp(ILoss loss)
    {
        // Similarities up to 1000, and of oneself 1000: e^1000 is beyond float32, and so would be its gradient.
        using var scope = NewDisposeScope();
        using var generator = new RandomStreams(0).At("test", 0);
        var (a, b) = (randn(8, 4, generator: generator).requires_grad_(), randn(8, 4, generator: generator));
        var value = loss.Compute(a, b);
        value.backward();
        Assert.True(float.IsFinite(value.ToSingle()), $"{value.ToSingle()}");
        Assert.True(a.grad!.isfinite().all().ToBoolean());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(5)]
    public void Self_similarity_is_masked_and_not_subtracted(int? blockRows)
    {
        // All views are orthogonal: e^(1/τ) = e^50 of oneself, 1 of each other. Its subtraction in float32 leaves nothing of the others.
        using var scope = NewDisposeScope();
        var z = eye(16);
        var loss = new NtXent(0.02, blockRows: blockRows).Compute(z.narrow(0, 0, 8), z.narrow(0, 8, 8));
        Assert.Equal(Math.Log(15), loss.ToDouble(), 1e-5);
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    [InlineData(2)]
    public void The_loss_is_not_scaled_by_the_temperature(double temperature)
    {
        using var scope = NewDisposeScope();
        var same = ones(8, 4, ScalarType.Float64);
        Assert.Equal(Math.Log(15), new NtXent(temperature).Compute(same, same).ToDouble(), 1e-9);
        Assert.Equal(2 * Math.Log(2), new NtLogistic(temperature).Compute(zeros(8, 4), zeros(8, 4)).ToDouble(), 1e-6);
    }

    [Fact]
    public void Embeddings_of_other_parts_have_their_gradient_and_nothing_is_divided_by_the_number_of_parts()
    {
        // The parts of a batch are what ranks are elsewhere. Without batch norm the gradient must be that of the whole batch.
        using var scope = NewDisposeScope();
        using var images = Noise(12);
        using var pairs = new BatchViews(
            new ImageBatch(images.Images.clone(), images.Labels.clone()),
            Spec().Views,
            new RandomStreams(0),
            0
        );
        var gradients = new MicroBatches?[] { null, new(6), new(3) }
            .Select(parts =>
            {
                using var weights = new Generator(1, CPU);
                var encoder = new VisionTransformerSpec(16, 8, 12, 1, 3).Create(3, weights);
                var head = new HeadSpec(2, 8, BatchNorm: false).Create(encoder.FeatureSize, weights);
                encoder.to(ScalarType.Float64);
                head.to(ScalarType.Float64);
                Embeddings.Of(new NtXent(0.2), encoder, head, parts).Backward(pairs, Embeddings.Step(pairs));
                return cat([.. encoder.parameters().Concat(head.parameters()).Select(p => p.grad!.flatten())]);
            })
            .ToList();
        Assert.All(
            gradients.Skip(1),
            parts => Assert.InRange(((parts - gradients[0]).norm() / gradients[0].norm()).ToDouble(), 0, 1e-10)
        );
    }
}
