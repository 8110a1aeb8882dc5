/// The networks of a run: made anew, or read from the store.
module internal SimCLR.RunNetworks

open System.IO
open SimCLR.Core.Evaluation
open SimCLR.Core.Images
open SimCLR.Core.Interop
open SimCLR.Core.Training

/// What can be measured of networks.
let pretrained executor device (splits: ImageSplits) cancellation (run: Run) (networks: Networks) =
    new Pretrained(
        FirstWeights.pretraining executor.Store run,
        networks.Encoder,
        networks.Head,
        Lower.evaluation (int splits.Train.Height) run,
        splits,
        device,
        Cancellation = cancellation,
        Warn = (fun text -> Executor.note executor text)
    )

/// The networks before training.
let untrained executor device (splits: ImageSplits) run =
    Networks.Create(FirstWeights.pretraining executor.Store run, splits.Train.Channels, device)

/// Why the stored networks of a training cannot be measured by those tasks; None where they lie in the store.
let lacking store run (tasks: EvaluationTask list) (training: StoredTraining) =
    let again = "it is trained again"

    let gone path =
        if File.Exists path then
            None
        else
            Some $"{path} is gone, and nothing more can be measured of this run without it: {again}."

    let needsHead = tasks |> List.exists (_.Measurement >> Measurement.readsHead)

    match training.Encoder, training.Head with
    | None, _ -> Some $"The encoder of this run was not kept, so that nothing more can be measured of it: {again}."
    | _, None when needsHead ->
        Some $"The projection head of this run was not kept, and a measurement reads it: {again}."
    | _, head ->
        gone (Store.encoderOf run store)
        |> Option.orElse (head |> Option.bind (fun _ -> gone (Store.headOf run store)))

/// The stored networks of a training, for those tasks; None, with a word, where they are not kept, gone or damaged.
let stored (executor: Executor) device splits run tasks (training: StoredTraining) =
    let store = executor.Store

    match lacking store run tasks training with
    | Some why ->
        Executor.note executor why
        None
    | None ->
        // What it began with is not needed any more.
        let networks = untrained executor device splits { run with InitialWeights = None }

        let load network path =
            Option.iter (fun checksum -> ModuleFile.Load(network, path, checksum))

        try
            training.Encoder |> load networks.Encoder (Store.encoderOf run store)
            training.Head |> load networks.Head (Store.headOf run store)
            Some networks
        with
        | :? FileNotFoundException
        | :? InvalidDataException as error ->
            networks.Dispose()
            Executor.note executor $"{error.Message} The run is trained again."
            None

/// Takes encoder and head of a run out of the store where the executor does not keep them.
let drop (executor: Executor) run =
    let store = executor.Store

    let files =
        [ Store.encoderOf run store; Store.headOf run store ] |> List.filter File.Exists

    let bytes = files |> List.sumBy (fun path -> FileInfo(path).Length)

    let remove () =
        StoredTraining.forgetWeights (Store.folderOf run store)
        files |> List.iter File.Delete

    match executor.KeepEncoder with
    | KeepEncoder.Always -> ()
    | KeepEncoder.UpTo limit when bytes <= limit -> ()
    | KeepEncoder.UpTo limit ->
        Executor.note
            executor
            $"Encoder and head have {bytes / 1048576L} MiB, more than the {limit / 1048576L} MiB that are kept unasked, and are deleted now that all is measured. --keep-encoder keeps them."

        remove ()
    | KeepEncoder.Never -> remove ()
