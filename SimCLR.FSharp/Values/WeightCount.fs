/// How many numbers the networks of a run are, roughly and rather too many: what its memory and its checkpoints are estimated by.
module internal SimCLR.WeightCount

/// Of an encoder; None for one of your own.
let ofEncoder encoder =
    match encoder with
    | Encoder.ResNet r ->
        let atWidthOne = Map [ 18, 12e6; 34, 22e6; 50, 24e6; 101, 43e6; 152, 59e6 ]

        Some(
            (atWidthOne |> Map.tryFind r.Depth |> Option.defaultValue 60e6)
            * r.Width
            * r.Width
        )
    | Encoder.ViT v -> Some(12.0 * float v.Depth * float v.Dim * float v.Dim + 1e6)
    | Encoder.SmallConv channels ->
        List.pairwise (3 :: channels)
        |> List.sumBy (fun (a, b) -> 9.0 * float a * float b)
        |> Some
    | Encoder.Custom _ -> None

/// Length of h; None for an encoder of your own.
let private features encoder =
    match encoder with
    | Encoder.ResNet r -> Some((if r.Depth < 50 then 512.0 else 2048.0) * r.Width)
    | Encoder.ViT v -> Some(float v.Dim)
    | Encoder.SmallConv channels -> channels |> List.tryLast |> Option.map float
    | Encoder.Custom _ -> None

let private ofLayers depth input (hidden: float) output =
    match depth with
    | 0 -> 0.0
    | 1 -> input * output
    | _ -> input * hidden + float (depth - 2) * hidden * hidden + hidden * output

/// Of a run's head; 0 for one of your own, or on an encoder of your own.
let ofHead (run: Run) =
    match run.Head.Custom, features run.Encoder with
    | None, Some h ->
        let hidden = run.Head.Hidden |> Option.map float |> Option.defaultValue h
        ofLayers run.Head.Depth h hidden (float run.Head.Output)
    | _ -> 0.0

/// What a method has beside encoder and head: numbers that the optimizer moves, and numbers that it does not, those of a target among them. Of one of your own none is known.
let ofMethod encoder (run: Run) =
    let z = float run.Head.Output
    let networks = encoder + ofHead run

    let predictor (predictor: Predictor option) =
        match predictor with
        | Some p -> ofLayers p.Depth z (p.Hidden |> Option.map float |> Option.defaultValue z) z
        | None -> 0.0

    match run.Method with
    | Method.SimClr
    | Method.BarlowTwins _
    | Method.VicReg _
    | Method.LeJepa _
    | Method.Custom _ -> 0.0, 0.0
    | Method.SimSiam s -> predictor s.Predictor, 0.0
    | Method.Byol s -> predictor s.Predictor, networks
    | Method.MoCoV3 s -> predictor s.Predictor, networks
    | Method.SimClrMemory s -> 0.0, networks + float s.Queue * z
    | Method.MoCo s -> 0.0, networks + float s.Queue * z
    | Method.Nnclr s -> predictor s.Predictor, float s.Queue * z
    | Method.Swav s -> float s.Prototypes * z, 2.0 * float s.Queue * z
    | Method.Dino s -> float s.Outputs * z, networks + float s.Outputs * (z + 1.0)
    | Method.InstanceDiscrimination _ ->
        0.0,
        z
        * (Images.knownCount run.Images |> Option.map float |> Option.defaultValue 0.0)
