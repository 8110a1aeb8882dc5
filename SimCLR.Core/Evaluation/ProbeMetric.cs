namespace SimCLR.Core.Evaluation;

/// <summary>What a classifier's scores are worth; which one is customary depends on the data set (SimCLR, appendix B.8.1).</summary>
public enum ProbeMetric
{
    /// <summary>Accuracy of the class with the highest score.</summary>
    Top1,

    /// <summary>The same for each class alone, then the mean over classes: Aircraft, Pets, Caltech-101, Flowers.</summary>
    PerClassMean,

    /// <summary>Mean average precision at eleven recalls: PASCAL VOC 2007.</summary>
    ElevenPointMap,
}
