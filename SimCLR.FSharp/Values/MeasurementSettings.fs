namespace SimCLR

/// How a classifier is trained: SGD with Nesterov momentum 0.9; half a cosine without warmup, as in SimCLR, appendix B.5, and the reference code, or
/// another optimizer and schedule.
[<RequireQualifiedAccess>]
type ClassifierSettings =
    {
        Epochs: int
        /// Images per step; all of them where there are fewer, and the learning rate is then that of the smaller batch.
        BatchSize: int
        LearningRate: LearningRate
        WeightDecay: float
        /// What the learning rate does, from the start.
        [<Neutral "\"Cosine\"">]
        Decay: Decay
        /// None: SGD with Nesterov momentum 0.9. Another one decays weights as WeightDecay says, whatever its own field; one of your own by its own setting.
        Optimizer: Optimizer option
    }

/// Fine-tuning of a copy of the encoder.
[<RequireQualifiedAccess>]
type FineTuneSettings =
    {
        /// Part of the training images whose labels are used, the same number of each class.
        Labels: float
        /// 0: the classifier sees h; k: what the first k layers of the projection head make of it (SimCLR v2).
        FromHeadLayer: int
        Training: ClassifierSettings
    }

/// Training of the same encoder with labels from the start.
[<RequireQualifiedAccess>]
type SupervisedSettings =
    {
        /// Part of the training images whose labels are used, the same number of each class.
        Labels: float
        Training: ClassifierSettings
    }

/// What transfer is measured by; the data set decides which is customary (SimCLR, appendix B.8.1).
[<RequireQualifiedAccess>]
type TransferMetric =
    | Top1
    /// Aircraft, Pets, Caltech-101, Flowers.
    | PerClassMean
    /// PASCAL VOC 2007, whose images show several classes.
    | ElevenPointMap

/// Transfer to another data set.
[<RequireQualifiedAccess>]
type TransferSettings =
    {
        Images: Images
        Metric: TransferMetric
        /// L2 strengths of the linear probe, chosen from on a part of its training images.
        Strengths: float list
        /// Settings of fine-tuning, chosen from on the same part; empty: no fine-tuning.
        FineTunings: ClassifierSettings list
    }

/// Which representation of an image is measured.
[<RequireQualifiedAccess>]
type Representation =
    /// What the encoder makes: evaluation uses it.
    | H
    /// g(h): what the loss sees.
    | Z

/// The classifier that distillation learns from.
[<RequireQualifiedAccess>]
type Teacher =
    /// A linear classifier on the frozen encoder, by SGD.
    | Linear of ClassifierSettings
    | FineTuned of FineTuneSettings

/// Distillation into a student (SimCLR v2, section 2.3).
[<RequireQualifiedAccess>]
type DistillSettings =
    {
        Teacher: Teacher
        /// None: the teacher's own encoder, from new weights.
        Student: Encoder option
        /// Of the softmax of both; the paper: 0.1 for the same encoder, 1.0 for a smaller one.
        Temperature: float
        Training: ClassifierSettings
    }

/// k and temperature of k-NN, chosen on a part of the training images: every combination is tried.
[<RequireQualifiedAccess>]
type KnnChoice =
    {
        K: int list
        Temperatures: float list
    }

/// k-NN with these settings.
[<RequireQualifiedAccess>]
type KnnSettings = { K: int; Temperature: float }

/// Of which images LiDAR is taken.
[<RequireQualifiedAccess>]
type LidarSettings =
    {
        /// Training images; all where there are fewer.
        Images: int
        /// Views of each.
        Views: int
    }
