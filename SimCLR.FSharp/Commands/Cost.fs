/// What runs cost on this machine, in seconds.
module internal SimCLR.Cost

open System.Diagnostics
open SimCLR.Core.Images
open SimCLR.Core.Training
open TorchSharp

/// A pass of the encoder over an image, in units of a training image's cost: one view forwards against two forwards and backwards.
let private passShare = 1.0 / 6.0

/// Seconds of a step, measured for so many seconds or one step at least, of an encoder that is then forgotten.
let private stepSeconds (executor: Executor) (device: torch.Device) (splits: ImageSplits) least run =
    use training =
        new Pretraining(FirstWeights.pretraining executor.Store run, splits.Pretraining, device)

    // On a GPU kernels are compiled in the first, and the fourth is recorded as a graph.
    for _ in 1 .. (if device.``type`` = DeviceType.CPU then 1 else 6) do
        training.TrainStep().cpu().Dispose()

    let clock = Stopwatch.StartNew()
    let mutable steps = 0

    while steps < 1 || clock.Elapsed.TotalSeconds < least do
        use values = training.TrainStep()
        // Reading a value back waits for the device.
        values.cpu().Dispose()
        steps <- steps + 1

    clock.Elapsed.TotalSeconds / float steps

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

/// Seconds of training per image. A processor takes about as long for an image of any batch whose step takes this many seconds; the paper's whole batch would
/// take it hours, and more memory than it has. A GPU is asked with the run's own batch.
let perImage executor device splits run =
    let longEnough = 0.5

    let rec measured (runs: Run list) =
        match runs with
        | smaller :: (_ :: _ as rest) ->
            let step = stepSeconds executor device splits 0.0 smaller

            if step < longEnough then
                measured rest
            else
                step / float smaller.BatchSize
        | _ -> stepSeconds executor device splits 1.0 run / float run.BatchSize

    measured (
        if device.``type`` = DeviceType.CPU then
            growing run
        else
            [ run ]
    )

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
