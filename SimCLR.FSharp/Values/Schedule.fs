namespace SimCLR

/// A length of a training.
[<RequireQualifiedAccess>]
type Length =
    /// Passes over the images.
    | Epochs of float
    /// A part of what is divided, from 0 to 1.
    | Share of float
    /// Steps of the optimizer.
    | Steps of int

/// From where on the learning rate has which factor.
[<RequireQualifiedAccess>]
type Milestone = { At: Length; Factor: float }

/// What the learning rate does, as a factor of the highest: in a pretraining after the warmup, in a classifier's training from the start.
[<RequireQualifiedAccess>]
type Decay =
    /// Half a cosine to 0, without restarts.
    | Cosine
    | Constant
    /// Straight from one factor to another.
    | Linear of from: float * until: float
    /// Half a cosine from one factor to another.
    | CosineBetween of from: float * until: float
    /// From one factor to another by a power of what is left: polynomial decay.
    | Power of from: float * until: float * exponent: float
    /// 1 at first, and from each milestone on its factor.
    | Steps of Milestone list
    /// One over a length, then another over the rest.
    | Then of first: Decay * length: Length * rest: Decay
    /// The same several times, each over as many steps: warm restarts (Loshchilov and Hutter 2017).
    | Repeat of each: Decay * times: int

/// What a learning rate does after its warmup, put together of pieces.
[<RequireQualifiedAccess>]
module Decay =

    /// Straight to 0.
    let linear = Decay.Linear(1.0, 0.0)

    /// Polynomial, to 0.
    let power exponent = Decay.Power(1.0, 0.0, exponent)

    /// Multiplied by the factor at each of these shares of the training: Decay.steps 0.1 [ 0.6; 0.8 ].
    let steps (factor: float) shares =
        Decay.Steps
            [
                for i, share in List.indexed shares ->
                    {
                        Milestone.At = Length.Share share
                        Factor = factor ** float (i + 1)
                    }
            ]

    /// Another over the rest, after that length: Decay.Constant |> Decay.followedBy (Length.Share 0.8) Decay.linear.
    let followedBy rest length first = Decay.Then(first, length, rest)

    /// Several times, each over as many steps.
    let repeated times each = Decay.Repeat(each, times)

    /// After a warmup over that length, straight from 0: for classifiers, whose schedule has none of its own.
    let afterWarmup length decay =
        Decay.Then(Decay.Linear(0.0, 1.0), length, decay)

    /// Epochs that it counts out: a training must have as many.
    let rec internal epochs decay =
        let inEpochs length =
            match length with
            | Length.Epochs count -> count
            | _ -> 0.0

        match decay with
        | Decay.Then(first, length, rest) -> max (inEpochs length) (epochs first) + epochs rest
        | Decay.Repeat(each, times) -> float times * epochs each
        | Decay.Steps milestones -> milestones |> List.map (_.At >> inEpochs) |> List.fold max 0.0
        | _ -> 0.0

    let private lengthProblems name length =
        match length with
        | Length.Epochs count -> Check.above $"{name}.Epochs" 0.0 count
        | Length.Share share -> Check.share $"{name}.Share" share
        | Length.Steps count -> Check.atLeast $"{name}.Steps" 1 count

    let rec private wrong name decay =
        let factor field value =
            Check.finiteFrom $"{name}.{field}" 0.0 value

        match decay with
        | Decay.Cosine
        | Decay.Constant -> []
        | Decay.Linear(from, until)
        | Decay.CosineBetween(from, until) -> factor "from" from @ factor "until" until
        | Decay.Power(from, until, exponent) ->
            factor "from" from
            @ factor "until" until
            @ Check.above $"{name}.exponent" 0.0 exponent
        | Decay.Steps [] ->
            [
                $"{name} has no milestone; give one or more, for example Decay.steps 0.1 [ 0.6; 0.8 ]."
            ]
        | Decay.Steps milestones ->
            [
                for i, milestone in List.indexed milestones do
                    yield! lengthProblems $"{name}[{i}].At" milestone.At
                    yield! Check.finiteFrom $"{name}[{i}].Factor" 0.0 milestone.Factor

                let places =
                    [
                        for milestone in milestones ->
                            match milestone.At with
                            | Length.Epochs count -> 0, count
                            | Length.Share share -> 1, share
                            | Length.Steps count -> 2, float count
                    ]

                if (places |> List.map fst |> List.distinct).Length > 1 then
                    $"{name} has places in epochs, shares and steps together; use one of them."
                elif List.sort places <> places then
                    $"{name} has places that are not in order; begin with the first."
            ]
        | Decay.Then(first, length, rest) ->
            wrong $"{name}.first" first
            @ lengthProblems $"{name}.length" length
            @ wrong $"{name}.rest" rest
        | Decay.Repeat(each, times) -> wrong $"{name}.each" each @ Check.between $"{name}.times" 1 10000 times

    /// What is wrong with it in a training of so many epochs.
    let internal problems name (available: float) decay =
        [
            yield! wrong name decay

            if epochs decay > max 0.0 available then
                $"{name} counts out {epochs decay} epochs, but there are {available}; shorten it, or give lengths as Length.Share."
        ]

/// How the learning rate moves, step by step.
type Schedule =
    {
        /// Linear from 0, over so many epochs.
        WarmupEpochs: float
        Decay: Decay
        /// What multiplies the optimizer's weight decay, over all steps.
        [<Neutral "\"Constant\"">]
        WeightDecayFactor: Decay
    }

/// Schedules of a pretraining: a linear warmup, then a decay.
[<RequireQualifiedAccess>]
module Schedule =

    /// Warmup, then half a cosine (SimCLR, section 2.2: 10 epochs of warmup).
    let cosine warmupEpochs =
        {
            WarmupEpochs = warmupEpochs
            Decay = Decay.Cosine
            WeightDecayFactor = Decay.Constant
        }

    /// Warmup, then another decay.
    let after warmupEpochs decay =
        {
            WarmupEpochs = warmupEpochs
            Decay = decay
            WeightDecayFactor = Decay.Constant
        }

    /// What is wrong with it in a training of so many epochs.
    let internal problems (epochs: int) schedule =
        Check.finiteFrom "Schedule.WarmupEpochs" 0.0 schedule.WarmupEpochs
        @ Decay.problems "Schedule.Decay" (float epochs - max 0.0 schedule.WarmupEpochs) schedule.Decay
        @ Decay.problems "Schedule.WeightDecayFactor" (float epochs) schedule.WeightDecayFactor
