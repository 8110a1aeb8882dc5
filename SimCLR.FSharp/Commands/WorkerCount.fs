namespace SimCLR

open System
open SimCLR.Core.Runtime
open TorchSharp

/// How many processes compute a sweep. Each of them is the script once more.
[<RequireQualifiedAccess>]
type WorkerCount =
    /// So many; 1: the script's own process.
    | Fixed of int
    /// On CPUs one for each core, but no more than the sweep has runs and half of the memory holds; one for each GPU that is named.
    | Auto

/// Numbers of worker processes.
[<RequireQualifiedAccess>]
module WorkerCount =

    /// Bytes of a process that has loaded libtorch and compiled its code, before it trains.
    let private ofProcess = 0.6 * 1073741824.0

    /// Reads a number, or "auto".
    let parse (text: string) =
        match text.ToLowerInvariant(), Int32.TryParse text with
        | "auto", _ -> Ok WorkerCount.Auto
        | _, (true, number) when number >= 1 && number <= 1024 -> Ok(WorkerCount.Fixed number)
        | _ -> Error $"--workers is '{text}': use a number from 1 to 1024, or auto for one process per core."

    /// Bytes of a run's process; None where the memory of its network is not known.
    let private bytes run =
        GpuMemory.ofRun run |> Option.map (fun training -> ofProcess + training)

    /// The number for these runs on so many cores, of which each process takes some, with so much memory. It does not depend on what is stored already: a sweep that
    /// goes on computes with the same number of threads as before.
    let internal ofCores cores threads memory (runs: Run list) =
        let needs = runs |> List.map bytes

        if runs.IsEmpty || List.exists Option.isNone needs then
            1
        else
            let largest = needs |> List.choose id |> List.max

            runs
            |> List.distinctBy Run.trainingHash
            |> List.length
            |> min (cores / threads)
            |> min (int (memory / 2.0 / largest))
            |> max 1

    /// Whether this process is one of several already, which a cluster or MPI has started.
    let private isOneOfSeveral () =
        Workers.isWorker || Workers.patience.IsSome || Ranks.size.Value > 1

    /// The number for a grid, as a sweep's arguments have it.
    let internal resolve count preset (executor: Executor) (gpus: string list) grid =
        match count with
        | WorkerCount.Fixed number -> number
        | WorkerCount.Auto when isOneOfSeveral () || preset = Preset.Smoke -> 1
        | WorkerCount.Auto when not gpus.IsEmpty -> gpus.Length
        | WorkerCount.Auto ->
            match (Device.resolve executor.Device).``type`` with
            | DeviceType.CPU ->
                ofCores
                    Environment.ProcessorCount
                    (defaultArg executor.Threads 1)
                    (float (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes))
                    (Grid.runs grid)
            | _ -> 1
