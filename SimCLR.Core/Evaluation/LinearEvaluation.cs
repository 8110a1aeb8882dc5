using SimCLR.Core.Training;

namespace SimCLR.Core.Evaluation;

/// <summary>
/// The linear probe of h (SimCLR, appendix B.8): logistic regression on the frozen representations of the training images, its L2 strength
/// chosen on a part of them, measured on the test images. Strengths and part are those of <see cref="Pretrained.Evaluation"/>.
/// </summary>
public sealed record LinearEvaluation : IMeasurement
{
    /// <summary>Test accuracy, as a fraction.</summary>
    public const string Top1 = "top-1";

    /// <summary>Accuracy of the strength chosen on the validation part, as a fraction.</summary>
    public const string ValidationTop1 = "validation top-1";

    /// <summary>The strength chosen.</summary>
    public const string L2 = "L2";

    /// <inheritdoc/>
    public void Check(Pretrained beforeTraining) => LinearProbe.Check(beforeTraining.Evaluation.L2);

    /// <inheritdoc/>
    public IReadOnlyList<Figure> Measure(Pretrained pretrained)
    {
        var result = pretrained.Probe(pretrained.TrainFeatures(), pretrained.TestFeatures());
        return
        [
            new Figure(Top1, result.Top1),
            new Figure(ValidationTop1, result.ValidationTop1),
            new Figure(L2, result.L2, FigureUnit.Plain),
        ];
    }
}
