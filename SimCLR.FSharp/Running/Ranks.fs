/// The processes that a launcher (mpirun, mpiexec, srun, torchrun) has started to compute together. Rank 0 does all that one process would: it alone looks into the
/// store, writes and tells. When it trains or measures, it tells the others which run, and they do so along.
module internal SimCLR.Ranks

open System
open SimCLR.Core.Distributed
open SimCLR.Core.Training

let private launch = lazy (Launch.Detect() |> Option.ofObj)

let private joined: Lazy<ICollective> =
    lazy
        (match launch.Value with
         | None -> Alone.Instance :> ICollective
         | Some launch -> launch.Join())

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

/// What rank 0 asks of the others.
[<RequireQualifiedAccess>]
type Work =
    /// A training, and whether it goes on where it collapses: rank 0 knows the store.
    | Train of run: Run * continuesCollapsed: bool
    /// Measurements of the run's networks, before the training or after it, which rank 0 hands over.
    | Measure of Run

[<Literal>]
let private Over = ""

let private tell (text: string) =
    all().Barrier()
    all().FromFirst text

/// Reads what rank 0 has told; where that cannot be, the ranks are not of one version.
let private read<'value> text : 'value =
    match Json.read<'value> text with
    | Ok value -> value
    | Error why ->
        let message =
            $"Rank 0 asks for what cannot be read here: {why} All ranks must run the same version."

        all().Abort message
        raise (DistributedException message)

let private trains, private trainsOn, private measures, private representations =
    "train ", "train on ", "measure ", "representations"

/// Tells the others what is to be done now. They do the same, step by step, with this process.
let announce work =
    if size.Value > 1 then
        match work with
        | Work.Train(run, false) -> trains + Run.toJson run
        | Work.Train(run, true) -> trainsOn + Run.toJson run
        | Work.Measure run -> measures + Run.toJson run
        |> tell
        |> ignore

/// Does along what rank 0 tells of, until it says that it is over.
let private follow (along: string -> unit) =
    let mutable isOver = false

    while not isOver do
        match tell Over with
        | Over -> isOver <- true
        | text -> along text

let private ofText (text: string) =
    if text.StartsWith trainsOn then
        Work.Train(read<Run>(text.Substring trainsOn.Length), true)
    elif text.StartsWith trains then
        Work.Train(read<Run>(text.Substring trains.Length), false)
    else
        Work.Measure(read<Run>(text.Substring measures.Length))

/// Of rank 0: measures networks, each measurement together with the others: before it they must be told of it (`join`).
let measure (networks: Networks) (action: unit -> 'result) =
    if size.Value > 1 then
        networks.TakeFirst(all ())

    try
        action ()
    finally
        if size.Value > 1 then
            tell Over |> ignore

/// Of rank 0: tells the others which measurement follows; None: the representations of the test images.
let join (task: EvaluationTask option) =
    if size.Value > 1 then
        task
        |> Option.map Json.write
        |> Option.defaultValue representations
        |> tell
        |> ignore

/// Of the others: takes rank 0's measurements of networks along.
let measureAlong (networks: Networks) (along: EvaluationTask option -> unit) =
    networks.TakeFirst(all ())

    follow (function
        | text when text = representations -> along None
        | text -> along (Some(read<EvaluationTask> text)))

/// Does something with the others that may fail on one of them, on every rank alike.
let together (work: ICollective -> 'result) = JointWork.Do(all (), work)

/// Trains on all ranks: what is the training's own failure, on every rank alike, is raised; whatever else goes wrong on one of them ends all.
let abortOnFailure action =
    try
        action ()
    with error when
        size.Value > 1
        && not (error :? TrainingFailedException)
        && not (error :? TrainingInterruptedException) ->
        all().Abort $"{error.GetType().Name}: {error.Message}"
        reraise ()

let mutable private depth = 0

/// Does something on rank 0 that may train and measure; the other ranks do so along with `along`, and have the result of `otherwise`.
let lead (along: Work -> unit) (otherwise: unit -> 'result) (action: unit -> 'result) =
    if size.Value = 1 then
        action ()
    elif isFollower.Value then
        abortOnFailure (fun () -> follow (ofText >> along))
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
