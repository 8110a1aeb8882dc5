/// Heads, losses and methods as objects of SimCLR.Core.
module internal SimCLR.LowerMethod

open SimCLR.Core.Heads
open SimCLR.Core.Losses
open SimCLR.Core.Methods

let private lastNorm value =
    match value with
    | SimCLR.LastNorm.WithoutShift -> Core.Heads.LastNorm.WithoutShift
    | SimCLR.LastNorm.Affine -> Core.Heads.LastNorm.Affine
    | SimCLR.LastNorm.WithoutAffine -> Core.Heads.LastNorm.WithoutAffine
    | SimCLR.LastNorm.None -> Core.Heads.LastNorm.None

let private wide (hidden: int option) =
    hidden |> Option.map int64 |> Option.toNullable

let head (value: Head) =
    match value.Custom with
    | Some custom -> Custom.make<HeadSpec> "head" custom
    | None ->
        HeadSpec(
            value.Depth,
            int64 value.Output,
            wide value.Hidden,
            value.BatchNorm,
            lastNorm value.LastNorm,
            value.LastBias
        )

let private predictor (value: Predictor option) =
    value
    |> Option.map (fun p ->
        HeadSpec(
            p.Depth,
            Hidden = wide p.Hidden,
            BatchNorm = p.BatchNorm,
            LastNorm = lastNorm p.LastNorm,
            LastBias = p.LastBias
        ))
    |> Option.toObj

let loss value : ILoss =
    match value with
    | Loss.NtXent s -> NtXent(s.Temperature, s.Normalize, oneView = (s.Negatives = Negatives.OneView))
    | Loss.NtLogistic s -> NtLogistic(s.Temperature, s.SemiHard)
    | Loss.MarginTriplet s -> MarginTriplet(s.Margin, s.SemiHard)
    | Loss.Dcl temperature -> Dcl temperature
    | Loss.HardNegative s -> HardNegative(s.Temperature, s.Beta, s.PositivePrior)
    | Loss.SupCon temperature -> SupCon temperature
    | Loss.OfMethod -> wrongValue "The loss is the method's, and no function of two embeddings."
    | Loss.Custom c -> Custom.make "loss" c

let private momentum (value: Momentum) =
    MomentumSchedule(value.Start, value.End)

/// The method of a run.
let ofRun (run: Run) : IMethodSpec =
    match run.Method with
    | Method.SimClr ->
        SimClrSpec(loss run.Loss, Loss.temperature run.Loss |> Option.defaultValue 1.0, Loss.isNormalized run.Loss)
    | Method.MoCo s -> MoCoSpec(int64 s.Queue, momentum s.Momentum, s.Temperature, s.Symmetric, s.NormGroups)
    | Method.SimClrMemory s -> SimClrMemorySpec(int64 s.Queue, momentum s.Momentum, s.Temperature)
    | Method.Byol s -> ByolSpec(predictor s.Predictor, momentum s.Momentum)
    | Method.SimSiam s -> SimSiamSpec(predictor s.Predictor, s.StopGradient, s.ConstantRate)
    | Method.BarlowTwins s -> BarlowTwinsSpec(s.Lambda, s.Scale, s.BiasRate)
    | Method.VicReg s -> VicRegSpec(s.Invariance, s.Variance, s.Covariance)
    | Method.MoCoV3 s -> MoCoV3Spec(predictor s.Predictor, momentum s.Momentum, s.Temperature)
    | Method.Nnclr s -> NnclrSpec(predictor s.Predictor, int64 s.Queue, s.Temperature)
    | Method.InstanceDiscrimination s ->
        InstanceDiscriminationSpec(s.Temperature, s.BankMomentum, Option.toNullable s.Negatives)
    | Method.Swav s ->
        SwavSpec(
            int64 s.Prototypes,
            s.Temperature,
            s.Epsilon,
            s.Iterations,
            s.FrozenEpochs,
            int64 s.Queue,
            s.QueueFromEpoch
        )
    | Method.Dino s ->
        DinoSpec(
            int64 s.Outputs,
            momentum s.Momentum,
            s.StudentTemperature,
            s.TeacherTemperature,
            s.CentreMomentum,
            s.FrozenEpochs,
            Option.toNullable s.LargestGradient,
            s.TeacherWarmup
            |> Option.map (fun warmup -> Core.Methods.TemperatureWarmup(warmup.From, warmup.Epochs))
            |> Option.toObj
        )
    | Method.LeJepa s -> LeJepaSpec(s.Lambda, s.Directions)
    | Method.Custom c -> Custom.make "method" c
