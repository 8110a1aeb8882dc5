/// What is wrong with a method, each naming field, value, limit and remedy.
module internal SimCLR.MethodProblems

let private queueProblems (perStep: int64) (images: int option) (queue: int) =
    let size = int64 queue

    [
        if size >= 1L && size % perStep <> 0L then
            $"Method.Queue is {size}, but every step brings {perStep} rows; use a multiple of that, for example {max 1L (size / perStep) * perStep}."

        match images with
        | Some count when queue > count ->
            $"Method.Queue is {size}, but there are {count} training images, so that it would hold an image several times; "
            + $"use {int64 count / perStep * perStep} at most."
        | _ -> ()
    ]

let private groupProblems batchSize groups =
    [
        if groups >= 1 && (batchSize % groups <> 0 || batchSize / groups < 2) then
            $"Method.NormGroups is {groups}, but a batch has {batchSize} images; use a divisor that leaves 2 or more in each group, for example 1."
    ]

/// What is wrong with a method for batches of that size, of so many images where that is known.
let all batchSize images method =
    let predictor =
        Option.toList >> List.collect (Predictor.problems "Method.Predictor")

    match method with
    | Method.SimClr -> []
    | Method.Custom c -> Custom.problems "method" "Method" c
    | Method.MoCo s ->
        Momentum.problems "Method.Momentum" s.Momentum
        @ Check.above "Method.Temperature" 0.0 s.Temperature
        @ Check.atLeast "Method.Queue" 1 s.Queue
        @ Check.atLeast "Method.NormGroups" 1 s.NormGroups
        // A batch that is none is told of elsewhere.
        @ if batchSize < 2 then
              []
          else
              queueProblems (int64 batchSize * (if s.Symmetric then 2L else 1L)) images s.Queue
              @ groupProblems batchSize s.NormGroups
    | Method.SimClrMemory s ->
        Momentum.problems "Method.Momentum" s.Momentum
        @ Check.above "Method.Temperature" 0.0 s.Temperature
        @ Check.atLeast "Method.Queue" 1 s.Queue
        @ if batchSize < 2 then
              []
          else
              queueProblems (int64 batchSize) images s.Queue
    | Method.Byol s -> predictor s.Predictor @ Momentum.problems "Method.Momentum" s.Momentum
    | Method.SimSiam s -> predictor s.Predictor
    | Method.BarlowTwins s ->
        Check.finiteFrom "Method.Lambda" 0.0 s.Lambda
        @ Check.above "Method.Scale" 0.0 s.Scale
        @ Check.above "Method.BiasRate" 0.0 s.BiasRate
    | Method.MoCoV3 s ->
        predictor s.Predictor
        @ Momentum.problems "Method.Momentum" s.Momentum
        @ Check.above "Method.Temperature" 0.0 s.Temperature
    | Method.Nnclr s ->
        predictor s.Predictor
        @ Check.above "Method.Temperature" 0.0 s.Temperature
        @ Check.atLeast "Method.Queue" 1 s.Queue
        @ if batchSize < 2 then
              []
          else
              queueProblems (int64 batchSize) images s.Queue
    | Method.InstanceDiscrimination s ->
        // Of drawn negatives exp(1 / temperature) is summed, in float32.
        Check.above "Method.Temperature" (if s.Negatives.IsSome then 0.02 else 0.0) s.Temperature
        @ Check.range "Method.BankMomentum" 0.0 0.99999 s.BankMomentum
        @ (s.Negatives
           |> Option.toList
           |> List.collect (Check.between "Method.Negatives" 1 1_048_576))
    | Method.Swav s ->
        [
            yield! Check.between "Method.Prototypes" 2 1_048_576 s.Prototypes
            yield! Check.above "Method.Temperature" 0.0 s.Temperature
            yield! Check.above "Method.Epsilon" 0.0 s.Epsilon
            yield! Check.between "Method.Iterations" 1 999 s.Iterations
            yield! Check.range "Method.FrozenEpochs" 0.0 1e6 s.FrozenEpochs
            yield! Check.range "Method.QueueFromEpoch" 0.0 1e6 s.QueueFromEpoch
            yield! Check.atLeast "Method.Queue" 0 s.Queue

            if s.Queue > 0 && batchSize >= 2 then
                yield! queueProblems (int64 batchSize) images s.Queue
        ]
    | Method.Dino s ->
        [
            yield! Check.between "Method.Outputs" 2 1_048_576 s.Outputs
            yield! Momentum.problems "Method.Momentum" s.Momentum
            yield! Check.above "Method.StudentTemperature" 0.0 s.StudentTemperature
            yield! Check.above "Method.TeacherTemperature" 0.0 s.TeacherTemperature

            match s.TeacherWarmup with
            | Some warmup ->
                yield! Check.above "Method.TeacherWarmup.From" 0.0 warmup.From
                yield! Check.between "Method.TeacherWarmup.Epochs" 1 1_000_000 warmup.Epochs
            | None -> ()

            yield! Check.range "Method.CentreMomentum" 0.0 0.99999 s.CentreMomentum
            yield! Check.range "Method.FrozenEpochs" 0.0 1e6 s.FrozenEpochs

            yield!
                s.LargestGradient
                |> Option.toList
                |> List.collect (Check.above "Method.LargestGradient" 0.0)
        ]
    | Method.LeJepa s ->
        Check.range "Method.Lambda" 0.0 0.99999 s.Lambda
        @ Check.between "Method.Directions" 1 1_048_576 s.Directions
    | Method.VicReg s ->
        Check.finiteFrom "Method.Invariance" 0.0 s.Invariance
        @ Check.finiteFrom "Method.Variance" 0.0 s.Variance
        @ Check.finiteFrom "Method.Covariance" 0.0 s.Covariance
