/// The processes that a launcher (mpirun, mpiexec, srun) has started to compute together. Rank 0 does all that one process would: it alone looks into the
/// store, writes, measures and tells. When it trains, it tells the others which run, and they train along.
module internal SimCLR.Ranks

open System
open SimCLR.Core.Distributed
open SimCLR.Core.Runtime

let private launch = lazy (Launch.Detect() |> Option.ofObj)

let private joined: Lazy<ICollective> =
    lazy
        (match launch.Value with
         | None -> Alone.Instance :> ICollective
         | Some launch when launch.Kind = LaunchKind.TorchRun ->
             raise (
                 DistributedException
                     $"torchrun started {launch.Size} processes, whose ranks speak NCCL; this version speaks MPI. Start the same command with mpirun -n {launch.Size}."
             )
         | Some launch ->
             LibTorch.Load() |> ignore
             Mpi.Join launch :> ICollective)

/// How many processes the launcher has started.
let size = lazy (launch.Value |> Option.map _.Size |> Option.defaultValue 1)

/// Whether this one trains along, and neither reads nor writes a store.
let isFollower =
    lazy (launch.Value |> Option.exists (fun launch -> launch.Rank > 0))

/// All of them; joined when they are first asked for.
let all () = joined.Value

/// Threads of this process, if the user has not said: the cores are shared by the ranks of a machine.
let threads (executor: Executor) =
    match executor.Threads, launch.Value with
    | None, Some launch when String.IsNullOrEmpty(Environment.GetEnvironmentVariable "OMP_NUM_THREADS") ->
        Some(max 1 (Environment.ProcessorCount / launch.LocalSize))
    | threads, _ -> threads

[<Literal>]
let private Over = ""

let private tell (text: string) =
    all().Barrier()
    all().FromFirst text

/// Tells the others that this run is to be trained now. They make the same training, and take its steps with this process.
let announce run =
    if size.Value > 1 then
        tell (Run.toJson run) |> ignore

/// Trains along whatever rank 0 trains, until it has done what `lead` was to do.
let private follow (along: Run -> unit) =
    let mutable isOver = false

    while not isOver do
        match tell Over with
        | Over -> isOver <- true
        | text ->
            match Run.ofJson text with
            | Ok run -> along run
            | Error why ->
                all().Abort $"Rank 0 trains a run that cannot be read here: {why} All ranks must run the same version."

/// Trains on all ranks: what is the training's own failure, on every rank alike, is raised; whatever else goes wrong on one of them ends all.
let abortOnFailure action =
    try
        action ()
    with error when
        size.Value > 1
        && not (error :? SimCLR.Core.Training.TrainingFailedException)
        && not (error :? SimCLR.Core.Training.TrainingInterruptedException) ->
        all().Abort $"{error.GetType().Name}: {error.Message}"
        reraise ()

let mutable private depth = 0

/// Does something on rank 0 that may train; the other ranks train along with `along`, and have the result of `otherwise`.
let lead (along: Run -> unit) (otherwise: unit -> 'result) (action: unit -> 'result) =
    if size.Value = 1 then
        action ()
    elif isFollower.Value then
        abortOnFailure (fun () -> follow along)
        otherwise ()
    else
        // A library that does not belong to the launcher is told before anything else is done.
        all () |> ignore
        depth <- depth + 1

        try
            action ()
        finally
            depth <- depth - 1

            if depth = 0 then
                tell Over |> ignore
