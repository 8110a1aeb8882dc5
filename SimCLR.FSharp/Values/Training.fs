namespace SimCLR

/// Number format of encoder and head.
[<RequireQualifiedAccess>]
type Precision =
    /// BFloat16 where the device computes it faster, else Float32.
    | Auto
    /// On GPUs from Ampere on convolutions round their inputs to TF32, as libtorch has it by default.
    | Float32
    | BFloat16
    /// Float32, whose matrix products are rounded to TF32 on such GPUs, too; evaluation as well.
    | Tf32
    /// Float32 without TF32 anywhere; evaluation as well.
    | Ieee

/// A batch goes through the encoder in parts of that size, and the loss sees all of it: large batches in little memory (gradient
/// caching, Gao et al. 2021). The gradient is exact but for batch norm, which sees one part at a time.
type MicroBatches =
    {
        /// Images of a part.
        Size: int
        /// Batch norm computes with its running statistics and does not move them: the gradient is that of the whole batch.
        [<Neutral "false">]
        FreezeBatchNorm: bool
    }

/// What of a run decides the weights, and what watches them: runs that differ only in how they are evaluated have the same training.
[<RequireQualifiedAccess>]
type Training =
    {
        Images: Images
        ViewA: View
        ViewB: View
        [<Neutral "[]">]
        MoreViews: CountedView list
        Encoder: Encoder
        /// Its file without a path: the content decides.
        InitialWeights: InitialWeights option
        Head: Head
        [<Neutral "\"SimClr\"">]
        Method: Method
        Loss: Loss
        Optimizer: Optimizer
        LearningRate: LearningRate
        Schedule: Schedule
        BatchSize: int
        MicroBatches: MicroBatches option
        [<Neutral "1">]
        NormGroups: int
        Epochs: int
        Precision: Precision
        /// Learning rates of the classifiers that are trained along. The weights do not feel them, but only a training can give their figures.
        [<Neutral "[]">]
        OnlineProbes: float list
        /// What is measured while training, and may end it: only a training can give its figures.
        Monitor: Monitor option
        Seed: int64
    }

/// An encoder before any training: runs that differ only in how they train have the same one.
[<RequireQualifiedAccess>]
type Untrained =
    {
        Images: Images
        Encoder: Encoder
        InitialWeights: InitialWeights option
        Seed: int64
        /// Side of the images that it is measured on, in pixels; 0: that of the images.
        Side: int
        /// How these are normalized.
        Normalization: NormalizeSettings option
    }

/// Trainings: what of runs decides the weights.
[<RequireQualifiedAccess>]
module Training =

    /// The content hash of a training: 16 hexadecimal digits of SHA-256 over version and JSON.
    let hash (training: Training) = Json.hash "simclr training 3" training

    /// The training as JSON.
    let toJson (training: Training) = Json.write training

    /// Reads a training, or says what is wrong with the text.
    let ofJson (text: string) =
        Json.read<Training> text
        |> Result.mapError (fun why -> $"This is no training: {why}.")

    /// The F# code that rebuilds the training.
    let toCode (training: Training) = Code.ofValue training

    /// The choices in which two trainings differ: path, first, second.
    let diff (a: Training) (b: Training) = Code.diff a b

[<RequireQualifiedAccess>]
module internal Untrained =

    let hash (untrained: Untrained) =
        Json.hash "simclr untrained 3" untrained

    /// The encoder that a training begins with.
    let ofTraining (training: Training) : Untrained =
        {
            Images = training.Images
            Encoder = training.Encoder
            InitialWeights = training.InitialWeights
            Seed = training.Seed
            Side = View.outputSize (Images.knownSize training.Images |> Option.defaultValue 0) training.ViewA
            Normalization = View.normalization training.ViewA
        }
