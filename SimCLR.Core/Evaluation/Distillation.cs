using SimCLR.Core.Encoders;
using SimCLR.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// Distillation of a classifier on the pretrained encoder into a student (SimCLR v2, 2006.10029, section 2.3, equation 2): the student, from
/// new weights, learns the teacher's softmax over classes on crops and flips of the images of pretraining, whose labels are not
/// used. The paper: temperature 0.1 for the same encoder, 1.0 for a smaller one.
/// </summary>
/// <param name="Teacher">A <see cref="FineTuning"/> or <see cref="LinearSgd"/>.</param>
/// <param name="Student">The student's encoder; null: the same as the teacher's.</param>
/// <param name="Temperature">Temperature of both softmaxes, above 0.</param>
/// <param name="Settings">How the student is trained.</param>
public sealed record Distillation(
    IMeasurement Teacher,
    EncoderSpec? Student,
    double Temperature,
    ClassifierSettings Settings
) : IMeasurement
{
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The teacher is no <see cref="FineTuning"/> or <see cref="LinearSgd"/>.</exception>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        using var teacher = Teacher switch
        {
            FineTuning fineTuning => fineTuning.Train(pretrained),
            LinearSgd linear => linear.Train(pretrained),
            _ => throw NoTeacher(),
        };
        using var student = Train(pretrained, teacher);
        return
        [
            .. Accuracy.Of(student, pretrained),
            .. Accuracy.Of(teacher, pretrained).Select(figure => figure with { Name = $"teacher {figure.Name}" }),
        ];
    }

    /// <inheritdoc/>
    public void Check(Pretrained beforeTraining)
    {
        if (Teacher is not (FineTuning or LinearSgd))
            throw NoTeacher();
        Teacher.Check(beforeTraining);
        CheckTemperature(Temperature);
        ClassifierTrainee.Check(Settings, beforeTraining.Splits.Pretraining, "distillation");
    }

    private ArgumentException NoTeacher() =>
        new($"{Teacher.GetType().Name} makes no teacher; use FineTuning or LinearSgd.");

    private static void CheckTemperature(double temperature)
    {
        if (!(temperature > 0) || double.IsInfinity(temperature))
            throw new ArgumentOutOfRangeException(
                nameof(temperature),
                temperature,
                $"The temperature of distillation is {temperature}; use a number above 0 (customary: 0.1 to 1)."
            );
    }

    /// <summary>Mean over images of -Σ_y P_T(y) ln P_S(y), each a softmax of scores / temperature; no gradient reaches the teacher.</summary>
    /// <param name="teacher">Scores, [N, C].</param>
    /// <param name="student">Scores, [N, C].</param>
    /// <param name="temperature">Above 0.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is no finite number above 0.</exception>
    public static Tensor Loss(Tensor teacher, Tensor student, double temperature)
    {
        CheckTemperature(temperature);
        using var scope = NewDisposeScope();
        var targets = nn.functional.softmax(teacher.detach() / temperature, 1);
        var logProbabilities = nn.functional.log_softmax(student / temperature, 1);
        return (-(targets * logProbabilities).sum(1).mean()).MoveToOuterDisposeScope();
    }

    internal ImageClassifier Train(Pretrained pretrained, ImageClassifier teacher)
    {
        var images = pretrained.Splits.Pretraining;
        using var weights = pretrained.Streams.At("distillation weights", 0);
        var student = ImageClassifier.Of(
            (Student ?? pretrained.Spec.Encoder).Create(images.Channels, weights),
            null,
            0,
            pretrained.Splits.Train.ClassNames.Count,
            pretrained.Device,
            weights
        );
        teacher.eval();
        return ClassifierTrainee.Train(
            student,
            images,
            pretrained.CropAndFlip(images),
            Settings,
            pretrained,
            "distillation",
            (view, scores) =>
            {
                using var scope = NewDisposeScope();
                Tensor targets;
                using (no_grad())
                    targets = teacher.Scores(view, pretrained.ResolvedPrecision);
                return Loss(targets, scores, Temperature).MoveToOuterDisposeScope();
            }
        );
    }
}
