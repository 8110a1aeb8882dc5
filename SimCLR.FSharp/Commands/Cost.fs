/// What runs cost on this machine, in seconds.
module internal SimCLR.Cost

open System.Diagnostics
open SimCLR.Core.Images
open SimCLR.Core.Training
open TorchSharp

/// A pass of the encoder over an image, in units of a training image's cost: one view forwards against two forwards and backwards.
let private passShare = 1.0 / 6.0

/// Seconds of the fastest of a few steps of an encoder that is then forgotten.
let private stepSeconds (executor: Executor) (device: torch.Device) (splits: ImageSplits) run =
    use training =
        new Pretraining(FirstWeights.pretraining executor.Store run, splits.Pretraining, device)

    let seconds () =
        let clock = Stopwatch.StartNew()
        use values = training.TrainStep()
        // Reading a value back waits for the device.
        values.cpu().Dispose()
        clock.Elapsed.TotalSeconds

    // On a GPU kernels are compiled in the first, and the fourth is recorded as a graph.
    if device.``type`` <> DeviceType.CPU then
        for _ in 1..6 do
            seconds () |> ignore

    // What else the machine does only adds to a step, and most to a short one, as does what only the first has to do.
    let rec fastest steps spent best =
        if steps < 6 && spent < 1.5 || steps < 3 && spent < 5.0 then
            let last = seconds ()
            fastest (steps + 1) (spent + last) (min best last)
        else
            best

    fastest 0 0.0 infinity

/// The run with smaller batches, each a quarter of the next, which its method takes, and at last its own.
let private growing (run: Run) =
    [
        for power in 9..-1..1 do
            let size = run.BatchSize >>> (2 * power)

            let smaller =
                { run with
                    BatchSize = size
                    MicroBatches = None
                }

            if size >= 2 && size <<< (2 * power) = run.BatchSize && Run.problems smaller = [] then
                smaller
        run
    ]

/// Seconds of training per image, from steps (size, seconds) of growing batches, the last but one that was needed first. A step costs something whatever its
/// batch, for each weight and each operation, and the same for every image; once images are most of it, and it takes long enough to be told from noise, a line
/// through two batches says the cost of any. None as long as it does not.
let internal extrapolated (batch: int) (smaller: int * float) (larger: int * float) =
    let longEnough = 1.0
    let (few, less), (many, more) = smaller, larger
    let slope = max 0.0 ((more - less) / float (many - few))
    let perStep = max 0.0 (more - slope * float many)

    if more >= longEnough && perStep <= more / 2.0 then
        Some(slope + perStep / float batch)
    else
        None

/// Seconds of training per image. A processor is asked with smaller batches, as the paper's whole batch would take it hours, and more memory than it has; a
/// GPU with the run's own.
let perImage (executor: Executor) (device: torch.Device) splits run =
    let step (run: Run) =
        run.BatchSize, stepSeconds executor device splits run

    let rec measured last (runs: Run list) =
        match runs with
        | [] ->
            let batch, seconds = last
            seconds / float batch
        | next :: rest ->
            let now = step next

            match extrapolated run.BatchSize last now with
            | Some seconds -> seconds
            | None -> measured now rest

    match
        (if device.``type`` = DeviceType.CPU then
             growing run
         else
             [ run ])
    with
    | [] -> invalidOp "there is the run's own batch at least"
    | first :: rest -> measured (step first) rest

/// Seconds of measuring a run whose training takes so long per image, before and after training; without its further measurements.
let ofMeasuring (splits: ImageSplits) run perImage =
    let passes =
        match run.Evaluation.Probe with
        | Probe.Sgd probe when Images.hasLabels run.Images -> 1 + probe.Epochs
        | _ -> 1

    2.0
    * passShare
    * perImage
    * (float passes * float splits.Train.Count + float splits.Test.Count)

/// Steps of a run's training, and seconds of those from one on, where it takes so long per image.
let ofTraining (splits: ImageSplits) run perImage (from: int64) =
    let steps = splits.Pretraining.Count / int64 run.BatchSize * int64 run.Epochs
    steps, perImage * float run.BatchSize * float (max 0L (steps - from))
