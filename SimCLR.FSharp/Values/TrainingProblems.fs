/// What is wrong with a training, each naming field, value, limit and remedy.
module internal SimCLR.TrainingProblems

open SimCLR

let private imageProblems (training: Training) =
    [
        match training.Images.Source, training.Loss with
        | ImageSource.Stl10 true, Loss.SupCon _ ->
            "Loss is SupCon, which reads labels, but 100,000 images of STL-10 have none; use Images.stl10Labelled, or another loss."
        | _ -> ()

        if not (Images.hasLabels training.Images) then
            match training.Loss with
            | Loss.SupCon _ -> "Loss is SupCon, which reads labels, but the images have none; use another loss."
            | _ -> ()

            if not training.OnlineProbes.IsEmpty then
                "Evaluation.Measurements has an online probe, which reads labels while it trains, but the images have none; leave it out."

        match Images.knownCount training.Images with
        | Some count when training.BatchSize > count ->
            $"BatchSize is {training.BatchSize}, but there are {count} training images; use at most {count}."
        | _ -> ()
    ]

let rec private beginsWithCrop view =
    match view with
    | View.Crop _ -> true
    | View.Sequence(first :: _) -> beginsWithCrop first
    | _ -> false

let private viewProblems (training: Training) =
    [
        yield! View.problems "ViewB" training.ViewB
        yield! View.orderProblems "ViewB" training.ViewB
        yield! View.channelProblems (Images.channels training.Images) "ViewB" training.ViewB

        yield!
            CountedView.problems
                (Images.channels training.Images)
                (Images.knownSize training.Images)
                "MoreViews"
                training.MoreViews

        for i, counted in List.indexed training.MoreViews do
            if View.normalization counted.View <> View.normalization training.ViewA then
                $"MoreViews[{i}] and ViewA are normalized differently, but one encoder sees both; end both with the same View.normalize."

            match Images.knownSize training.Images with
            | Some size ->
                yield! Encoder.patchProblems $"MoreViews[{i}]" (View.outputSize size counted.View) training.Encoder
            | None -> ()

        if not training.MoreViews.IsEmpty && not (Method.usesMoreViews training.Method) then
            $"MoreViews has {training.MoreViews |> List.sumBy _.Count} views, but the method is {Method.name training.Method}, which uses two; leave it empty, "
            + "or use SwAV, DINO or LeJEPA."

        if View.normalization training.ViewA <> View.normalization training.ViewB then
            "ViewA and ViewB are normalized differently, but one encoder sees both, and images are measured as ViewA ends; "
            + "end both with the same View.normalize."

        if Images.areWhole training.Images then
            let views =
                [
                    "ViewA", training.ViewA
                    "ViewB", training.ViewB
                    for i, counted in List.indexed training.MoreViews do
                        $"MoreViews[{i}]", counted.View
                ]

            for name, view in views do
                if not (beginsWithCrop view) then
                    $"{name} does not begin with a crop, but the images are whole, so that they have sizes of their own; put View.crop in front, or leave Images.whole out."

        if training.ViewA = training.ViewB && not (View.isRandom training.ViewA) then
            "ViewA and ViewB make one and the same picture of every image, so that there is nothing to learn; give them random steps, for example View.crop 32 >-> View.flip >-> View.colorJitter 0.5."

        match Images.knownSize training.Images with
        | Some size ->
            yield! View.cropProblems size "ViewB" training.ViewB
            let a, b = View.outputSize size training.ViewA, View.outputSize size training.ViewB

            if a <> b then
                $"ViewA makes images of side {a} and ViewB of side {b}; give both the same crop size."
        | None -> ()
    ]

/// What is wrong with groups of batch norm where a batch goes through the encoder as a whole or in parts, of which the last may be smaller.
let private groupProblems field groups (training: Training) =
    let sizes =
        match training.MicroBatches with
        | Some parts when parts.Size >= 2 && parts.Size < training.BatchSize ->
            [ parts.Size; training.BatchSize % parts.Size ] |> List.filter ((<>) 0)
        | _ -> [ training.BatchSize ]

    match training.MicroBatches with
    | _ when groups <= 1 -> []
    | Some { FreezeBatchNorm = true } ->
        [
            $"{field} is {groups}, but MicroBatches.FreezeBatchNorm leaves batch norm no statistics of the batch; use {field} 1, or do not freeze it."
        ]
    | _ ->
        sizes
        |> List.tryFind (fun size -> size % groups <> 0 || size / groups < 2)
        |> Option.map (fun size ->
            $"{field} is {groups}, but {size} images go through the encoder together; use a divisor that leaves 2 or more in each group, for example 1.")
        |> Option.toList

/// All but what an encoder is measured by (Run.measuringProblems) and the file that it begins with.
let all (training: Training) =
    [
        yield! imageProblems training
        yield! viewProblems training
        yield! Head.problems training.Head
        yield! MethodProblems.all training.BatchSize (Images.knownCount training.Images) training.Method

        match training.Method, training.Loss with
        | Method.SimClr, Loss.OfMethod ->
            "Loss is OfMethod, but SimCLR has none of its own; use one, for example Loss.ntXent 0.5."
        | Method.SimClr, loss -> yield! Loss.problems loss
        | _, Loss.OfMethod -> ()
        | method, loss ->
            yield! Loss.problems loss

            $"Loss is {Loss.name loss}, but the method is {Method.name method}, which has its own; use Loss.OfMethod, as Run.withMethod does."

        if training.Method <> Method.SimClr && training.Head.Depth = 0 then
            $"Head.Depth is 0, but the method is {Method.name training.Method}, which needs a head; use 1 or more."
        yield! Optimizer.problems training.Optimizer
        yield! LearningRate.problems training.LearningRate
        yield! Schedule.problems training.Epochs training.Schedule

        match training.Optimizer with
        | Optimizer.Custom c when training.Schedule.WeightDecayFactor <> Decay.Constant ->
            $"Schedule.WeightDecayFactor changes the weight decay, but the optimizer '{c.Name}' is a custom one, which has its own; use Decay.Constant."
        | _ -> ()

        yield! Check.between "BatchSize" 2 1_048_576 training.BatchSize

        yield!
            training.MicroBatches
            |> Option.toList
            |> List.collect (fun parts -> Check.atLeast "MicroBatches.Size" 2 parts.Size)

        yield! Check.atLeast "NormGroups" 1 training.NormGroups

        yield! groupProblems "NormGroups" training.NormGroups training

        match training.Method with
        // Of a whole batch the method itself says it.
        | Method.MoCo s when
            training.MicroBatches
            |> Option.exists (fun parts -> parts.FreezeBatchNorm || parts.Size < training.BatchSize)
            ->
            yield! groupProblems "Method.NormGroups" s.NormGroups training
        | _ -> ()

        yield! Check.atLeast "Epochs" 1 training.Epochs

        yield!
            training.Monitor
            |> Option.toList
            |> List.collect (Monitor.problems (Images.hasLabels training.Images))

        if training.Epochs >= 1 && training.Schedule.WarmupEpochs >= float training.Epochs then
            $"Schedule.WarmupEpochs is {training.Schedule.WarmupEpochs}, but the run has {training.Epochs} epochs, so that the learning rate "
            + $"would never reach its peak; use fewer: Run.shortened {training.Epochs} gives the warmup a tenth of the epochs."
    ]
