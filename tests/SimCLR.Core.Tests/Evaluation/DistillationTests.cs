using SimCLR.Core.Encoders;
using SimCLR.Core.Evaluation;
using SimCLR.Core.Images;
using SimCLR.Core.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Tests.Evaluation;

public class DistillationTests
{
    private static readonly FineTuning Teacher = new(1, 0, Tiny.Quick());

    private static Tensor Random(string name)
    {
        using var generator = new RandomStreams(0).At(name, 0);
        return randn(4, 3, ScalarType.Float64, generator: generator);
    }

    [Fact]
    public void The_loss_by_hand()
    {
        using var scope = NewDisposeScope();
        var teacher = tensor(new[] { Math.Log(3), 0 }, [1, 2]);
        var student = tensor(new[] { Math.Log(2), 0 }, [1, 2]);
        // Temperature 1: teacher (3/4, 1/4), student (2/3, 1/3).
        var one = -0.75 * Math.Log(2.0 / 3) - 0.25 * Math.Log(1.0 / 3);
        Assert.Equal(one, Distillation.Loss(teacher, student, 1).ToDouble(), 1e-12);
        // Temperature 1/2: both scores double: (9/10, 1/10) and (4/5, 1/5). Not multiplied by the temperature squared.
        var half = -0.9 * Math.Log(0.8) - 0.1 * Math.Log(0.2);
        Assert.Equal(half, Distillation.Loss(teacher, student, 0.5).ToDouble(), 1e-12);
    }

    [Fact]
    public void Its_gradient_is_that_of_finite_differences_and_reaches_no_teacher()
    {
        using var scope = NewDisposeScope();
        var (teacher, student) = (Random("teacher").requires_grad_(), Random("student").requires_grad_());
        Distillation.Loss(teacher, student, 0.3).backward();
        Assert.Null(teacher.grad);
        const double step = 1e-6;
        for (var i = 0; i < 12; i++)
        {
            var nudge = zeros(12, ScalarType.Float64);
            nudge[i] = step;
            double At(double sign) => Distillation.Loss(teacher, student + sign * nudge.view(4, 3), 0.3).ToDouble();
            Assert.Equal((At(1) - At(-1)) / (2 * step), student.grad![i / 3, i % 3].ToDouble(), 1e-8);
        }
    }

    [Fact]
    public void It_is_least_the_teachers_entropy_where_the_student_says_the_same()
    {
        using var scope = NewDisposeScope();
        var teacher = Random("teacher");
        var probabilities = nn.functional.softmax(teacher / 0.7, 1);
        var entropy = -(probabilities * probabilities.log()).sum(1).mean().ToDouble();
        Assert.Equal(entropy, Distillation.Loss(teacher, teacher + 5, 0.7).ToDouble(), 1e-12);
        Assert.True(Distillation.Loss(teacher, Random("student"), 0.7).ToDouble() > entropy);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_temperature_out_of_range_is_refused(double temperature)
    {
        using var scores = zeros(1, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => Distillation.Loss(scores, scores, temperature));
    }

    [Fact]
    public void A_student_of_another_kind_learns_from_the_teacher_on_images_without_labels()
    {
        using var scope = NewDisposeScope();
        using var plain = Tiny.Images(80, 2, seed: 3);
        var splits = new ImageSplits(Tiny.Images(60, 2, seed: 1), Tiny.Images(40, 2, seed: 2))
        {
            Pretraining = new ImageSet(plain.Images.clone(), full([80], -1, ScalarType.Int64), plain.ClassNames),
        };
        using var tiny = new Tiny(splits: splits);
        var before = tiny.State();
        var distillation = new Distillation(Teacher, new SmallConvSpec([4]), 0.5, Tiny.Quick(12));
        var figures = distillation.Measure(tiny.Pretrained);
        Assert.Equal(["top-1", "teacher top-1"], figures.Select(figure => figure.Name));
        Assert.All(figures, figure => Assert.InRange(figure.Value, 0.9, 1));
        Assert.Equal(before, tiny.State());
    }

    [Fact]
    public void The_unlabelled_images_are_those_it_learns_on()
    {
        using var scope = NewDisposeScope();
        var one = new ImageSet(zeros([1, 3, 16, 16], ScalarType.Byte), full([1], -1, ScalarType.Int64), ["0", "1"]);
        var splits = new ImageSplits(Tiny.Images(60, 2), Tiny.Images(40, 2)) { Pretraining = one };
        using var tiny = new Tiny(splits: splits);
        var error = Assert.Throws<ArgumentException>(() =>
            new Distillation(Teacher, null, 1, Tiny.Quick(1)).Measure(tiny.Pretrained)
        );
        Assert.Contains("distillation: there is 1 image", error.Message);
    }

    /// <summary>An encoder that remembers in which format it computed batches of a training when not in training itself.</summary>
    private sealed record RecordingSpec(List<ScalarType> Seen) : EncoderSpec
    {
        public override Encoder Create(long channels, Generator weights) => new Recording(channels, weights, Seen);

        private sealed class Recording : Encoder
        {
            private readonly Encoder inner;
            private readonly List<ScalarType> seen;

            internal Recording(long channels, Generator weights, List<ScalarType> seen)
                : base("Recording")
            {
                (inner, this.seen) = (new SmallConvSpec([4]).Create(channels, weights), seen);
                register_module("inner", inner);
            }

            public override long FeatureSize => inner.FeatureSize;

            public override Tensor forward(Tensor input)
            {
                using var product = input.reshape(input.shape[0], -1).mm(zeros(input.numel() / input.shape[0], 1));
                if (!training && input.shape[0] == Tiny.Quick().BatchSize)
                    seen.Add(product.dtype);
                return inner.forward(input);
            }
        }
    }

    [Theory]
    [InlineData(Precision.Float32, ScalarType.Float32)]
    [InlineData(Precision.BFloat16, ScalarType.BFloat16)]
    public void The_teacher_computes_in_the_students_format(Precision precision, ScalarType expected)
    {
        Assert.SkipUnless(Autocast.IsAvailable, "this libtorch exports no autocast");
        var seen = new List<ScalarType>();
        using var tiny = new Tiny(new RecordingSpec(seen));
        var pretrained = tiny.Pretrained with { Spec = tiny.Pretrained.Spec with { Precision = precision } };
        new Distillation(new FineTuning(1, 0, Tiny.Quick(1)), new SmallConvSpec([4]), 1, Tiny.Quick(1)).Measure(
            pretrained
        );
        // Three steps of the student; the images that accuracy is measured on come in larger batches.
        Assert.Equal(Enumerable.Repeat(expected, 3), seen);
    }

    [Fact]
    public void What_makes_no_classifier_is_refused_as_a_teacher()
    {
        using var tiny = new Tiny();
        var error = Assert.Throws<ArgumentException>(() =>
            new Distillation(new HeadProbe(), null, 1, Tiny.Quick(1)).Measure(tiny.Pretrained)
        );
        Assert.Contains("HeadProbe makes no teacher; use FineTuning or LinearSgd", error.Message);
    }
}
