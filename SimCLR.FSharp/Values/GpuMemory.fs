namespace SimCLR

/// What a training needs of a GPU's memory, by formula: the numbers that are kept for the backward pass of as many images as pass the encoder at once, their
/// views, the bytes of the whole batch, weights with gradients and two states of the optimizer, and what the method has beside: a target, a queue, a bank, prototypes, drawn negatives. What the
/// loss, libtorch and its algorithms take comes on top.
[<RequireQualifiedAccess>]
module GpuMemory =

    /// What a GPU of so many GiB has for all that is not in the formula.
    let private usable gib = 0.9 * gib * 1073741824.0

    let private halved side = (side + 1) / 2

    let private blocks depth =
        match depth with
        | 18 -> [ 2; 2; 2; 2 ]
        | 34
        | 50 -> [ 3; 4; 6; 3 ]
        | 101 -> [ 3; 4; 23; 3 ]
        | _ -> [ 3; 8; 36; 3 ]

    /// Numbers that the convolutions of a residual block make.
    let private ofBlock (r: ResNetSettings) channels side sideBefore isFirst shrinks =
        let pixels = float (side * side)

        if r.Depth < 50 then
            (2.0 + if isFirst && shrinks then 1.0 else 0.0) * channels * pixels
        else
            // Selective kernels make two in the place of the 3x3 convolution, and their mixture.
            let middle = if r.SelectiveKernel.IsSome then 3.0 else 1.0

            channels * float (sideBefore * sideBefore)
            + (middle + 4.0 + if isFirst then 4.0 else 0.0) * channels * pixels

    let private ofResNet (r: ResNetSettings) side =
        let width = 64.0 * r.Width

        let side, stem =
            match r.Stem with
            | Stem.Cifar -> side, width * float (side * side)
            | Stem.ImageNet ->
                let first = halved side
                halved first, width * float (first * first)

        let stage (sideBefore, sum) (i, count) =
            let side = if i = 0 then sideBefore else halved sideBefore
            let channels = width * float (1 <<< i)

            side,
            sum
            + List.sum
                [
                    for block in 0 .. count - 1 ->
                        ofBlock r channels side (if block = 0 then sideBefore else side) (block = 0) (i > 0)
                ]

        blocks r.Depth |> List.indexed |> List.fold stage (side, stem) |> snd

    /// Numbers that an encoder's convolutions make of one image of that side, or that a transformer keeps; None for one of your own. For a ResNet-50 at 224
    /// pixels the 11.1 million that are known of it.
    let activations side encoder =
        match encoder with
        | Encoder.ResNet r -> Some(ofResNet r side)
        | Encoder.SmallConv channels ->
            let stage (side, sum) channels =
                let side = halved side
                side, sum + float (channels * side * side)

            channels |> List.fold stage (side, 0.0) |> snd |> Some
        | Encoder.ViT v ->
            let tokens = float (side / v.Patch * (side / v.Patch) + 1)
            // Korthikanti et al. 2022 (2205.05198), section 4.1, in numbers of two bytes, half of which it has for each convolution here.
            let perBlock = tokens * (17.0 * float v.Dim + 2.5 * float v.Heads * tokens)

            Some(float v.Depth * perBlock / 2.0)
        | Encoder.Custom _ -> None

    /// Numbers of the prototypes that noise-contrastive estimation draws for a batch.
    let private drawn (run: Run) =
        match run.Method with
        | Method.InstanceDiscrimination { Negatives = Some negatives } ->
            float run.BatchSize * float (negatives + 1) * float run.Head.Output
        | _ -> 0.0

    /// Bytes where so many images pass at once; None for an encoder of one's own, or images of unknown size. Automatic precision is bfloat16 on a GPU.
    let ofPart part (run: Run) =
        match Images.knownSize run.Images with
        | None -> None
        | Some size ->
            let bytes =
                match run.Precision with
                | Precision.Auto
                | Precision.BFloat16 -> 2.0
                | Precision.Float32
                | Precision.Tf32
                | Precision.Ieee -> 4.0

            let pixels side =
                float (Images.channels run.Images * side * side)

            // Of each convolution its output and what batch norm and ReLU make of it; views are in float32.
            let ofView view =
                let side = View.outputSize size view

                activations side run.Encoder
                |> Option.map (fun numbers -> 2.0 * bytes * numbers + 4.0 * pixels side)

            let ofViews =
                [
                    2, run.ViewA
                    for counted in run.MoreViews do
                        counted.Count, counted.View
                ]
                |> List.map (fun (count, view) -> ofView view |> Option.map (fun bytes -> float count * bytes))

            match WeightCount.ofEncoder run.Encoder with
            | Some encoder when ofViews |> List.forall Option.isSome ->
                let trained, kept = WeightCount.ofMethod encoder run

                Some(
                    float part * List.sum (List.choose id ofViews)
                    + float run.BatchSize * pixels size
                    + 16.0 * (encoder + WeightCount.ofHead run + trained)
                    + 4.0 * kept
                    + 4.0 * drawn run
                )
            | _ -> None

    /// Bytes of a run's training.
    let ofRun (run: Run) =
        run
        |> ofPart (run.MicroBatches |> Option.map _.Size |> Option.defaultValue run.BatchSize)

    /// The run in the largest parts of its batch that a GPU of so many GiB has the memory for: the whole, a half, a quarter, ..., each in even groups of batch norm. A run whose parts are said
    /// already keeps them; one of unknown size stays as it is.
    let fit gib (run: Run) =
        let fits part =
            match ofPart part run with
            | Some bytes -> bytes <= usable gib
            | None -> true

        let groups =
            match run.Method with
            | Method.MoCo s -> max s.NormGroups run.NormGroups
            | _ -> run.NormGroups

        let shared size = size % groups = 0 && size / groups >= 2

        let rec parts size =
            if fits size || size % 2 <> 0 || size <= 16 || not (shared (size / 2)) then
                size
            else
                parts (size / 2)

        match run.MicroBatches, parts run.BatchSize with
        | None, size when size < run.BatchSize ->
            { run with
                MicroBatches = Some { Size = size; FreezeBatchNorm = false }
            }
        | _ -> run
