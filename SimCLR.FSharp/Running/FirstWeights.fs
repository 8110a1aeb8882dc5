/// The files that encoders begin with, before anything is trained and when networks are made.
module internal SimCLR.FirstWeights

open System.IO
open SimCLR.Core.Encoders
open SimCLR.Core.Interop
open SimCLR.Core.Runtime
open TorchSharp

/// Where the encoder of a training lies.
let private encoderOf hash store =
    Path.Combine(StoreFolder.trainings store, hash, "encoder.safetensors")

let private place store weights =
    match weights with
    | InitialWeights.File file -> file.Path
    | InitialWeights.Training hash -> encoderOf hash store

/// The file that a run begins with; null: its weights are drawn.
let ofRun (store: Store) (run: Run) : Core.Interop.InitialWeights | null =
    match run.InitialWeights with
    | None -> null
    | Some weights ->
        let names =
            match weights with
            | InitialWeights.File { Prefix = Some prefix } -> WeightNames prefix
            | _ -> null

        Core.Interop.InitialWeights(place store weights, names)

/// What is trained, with the file that it begins with.
let pretraining store run =
    Lower.pretrainingFrom (ofRun store run) run

/// The file and its content, for provenance.
let describe (store: Store) (run: Run) =
    run.InitialWeights
    |> Option.map (fun weights ->
        let path = place store weights

        match weights with
        | InitialWeights.File file -> $"{path}, SHA-256 {file.Sha256}"
        | InitialWeights.Training hash -> $"training {hash}, {path}, SHA-256 {InitialWeights.fingerprint path}")

let private absent (store: Store) weights =
    let path = place store weights

    match weights with
    | _ when File.Exists path -> []
    | InitialWeights.File _ -> [ InitialWeights.missing path ]
    | InitialWeights.Training hash ->
        [
            $"The store {store.Folder} has no encoder of training {hash}, with which a run is to begin; train that first, with --keep-encoder, "
            + "or give the file of an encoder: InitialWeights.ofFile."
        ]

let private changed weights =
    match weights with
    | InitialWeights.File file ->
        match InitialWeights.fingerprint file.Path with
        | now when now = file.Sha256 -> []
        | now ->
            [
                $"{file.Path} has another content (SHA-256 {now}) than the run is to begin with ({file.Sha256}); give that file, or take this one "
                + "by InitialWeights.ofFile, which makes another run."
            ]
    | InitialWeights.Training _ -> []

/// Tries the file on the encoder.
let private unfit store (run: Run) =
    let spec = pretraining store run

    try
        use weights = new torch.Generator(0uL)
        use _encoder = spec.CreateEncoder(int64 (Images.channels run.Images), weights)
        []
    with :? InvalidDataException as error ->
        [ error.Message ]

/// What hinders runs that are not trained yet from beginning as they say, each with a remedy.
let problems (store: Store) (runs: Run list) =
    let beginning =
        runs
        |> List.filter (fun run ->
            run.InitialWeights.IsSome
            && (InitialWeights.problems "" run.InitialWeights.Value).IsEmpty
            && not (Store.isTrained run store))
        |> List.distinctBy (fun run -> run.InitialWeights, run.Encoder, Images.channels run.Images)

    if not beginning.IsEmpty then
        LibTorch.Load() |> ignore

    let wrong =
        [
            for weights in beginning |> List.choose _.InitialWeights |> List.distinct do
                match absent store weights with
                | [] ->
                    for problem in changed weights do
                        weights, problem
                | absent ->
                    for problem in absent do
                        weights, problem
        ]

    [
        yield! List.map snd wrong

        for run in beginning do
            if wrong |> List.forall (fun (weights, _) -> Some weights <> run.InitialWeights) then
                yield! unfit store run
    ]
    |> List.distinct
