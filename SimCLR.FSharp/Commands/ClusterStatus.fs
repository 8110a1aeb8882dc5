/// How far the sweeps of a store have come, whoever computes them.
module internal SimCLR.ClusterStatus

open System
open System.IO

/// What there is to say of a run.
[<RequireQualifiedAccess>]
type State =
    | Done
    /// Why its training failed, or a measurement of it.
    | Failed of string
    /// Who has it, and how far it is.
    | Running of string
    | Waiting of string

let private kinds = [ "done"; "failed"; "running"; "waiting" ]

let private kindOf state =
    match state with
    | State.Done -> "done"
    | State.Failed _ -> "failed"
    | State.Running _ -> "running"
    | State.Waiting _ -> "waiting"

let private reasonOf state =
    match state with
    | State.Done -> ""
    | State.Failed why
    | State.Running why
    | State.Waiting why -> why

let private progress (run: Run) store =
    match List.tryLast (Store.curve (Run.training run) store) with
    | Some point -> $"epoch {point.Epoch:F0} of {run.Epochs}"
    | None -> "before its first epoch"

/// The number of the process and the name of its machine, as locks have it.
let private told (holder: string) =
    match holder.Split(' ', 2) with
    | [| number; machine |] -> $"on {machine}, process {number}"
    | _ -> holder

/// What is known of a run.
let stateOf store run =
    let folder = Store.folderOf run store

    match Store.tryFigures ignore run store, Store.tryFailure run store with
    | Some outcome, _ when outcome.Failures.IsEmpty -> State.Done
    | Some outcome, _ ->
        State.Failed(
            String.concat
                "; "
                [
                    for label, failure in outcome.Failures -> $"{label}: {failure.Reason}: {failure.Detail}"
                ]
        )
    | None, Some failure -> State.Failed $"{failure.Reason}: {failure.Detail}"
    | None, None when not (Directory.Exists folder) -> State.Waiting "not begun"
    | None, None ->
        match StoreFolder.holder folder with
        | Some holder when Store.isTrained run store -> State.Running $"{told holder}: trained, is being measured"
        | Some holder -> State.Running $"{told holder}: {progress run store}"
        | None when Store.isTrained run store -> State.Waiting "trained, not measured"
        | None -> State.Waiting $"was left {progress run store}; goes on from its checkpoint"

/// The folders of sweeps beside a store.
let private sweepsBeside store =
    match Option.ofObj (Path.GetDirectoryName store.Folder) with
    | Some parent when Directory.Exists parent -> Directory.GetDirectories parent |> Array.sort |> List.ofArray
    | _ -> []

let private plans store folders =
    match folders with
    | [] ->
        [
            for folder in sweepsBeside store do
                match SweepFile.tryRead folder with
                | Some plan when (SweepFile.store folder plan).Folder = store.Folder -> plan
                | _ -> ()
        ]
    | _ ->
        [
            for folder in folders do
                match SweepFile.tryRead folder with
                | Some plan -> plan
                | None ->
                    CommandLine.fail
                        $"{folder} has neither {SweepFile.PlanName} nor {SweepFile.Name}: name the folder of a sweep that has begun, for example results/temperature."
        ]

let private label (cell: SweepCell) =
    cell.Coordinates
    |> List.map (fun (axis, value) -> $"{axis} {value}")
    |> String.concat ", "

/// The hash by which `./simclr runs` finds it: a run is found once it was taken to its end, and before that its training.
let private hashIn store (cell: SweepCell) =
    if File.Exists(StoreFolder.ofRun cell.Run store) then
        cell.Hash
    else
        cell.TrainingHash

/// Lines of a sweep: how many runs are in which state, then those that are not done, each with its reason; alike ones that have not begun are counted.
let private describe store (plan: SweepFile) =
    let cells =
        plan.Cells
        |> List.distinctBy _.Hash
        |> List.map (fun cell -> cell, stateOf store cell.Run)

    let count kind =
        cells |> List.filter (snd >> kindOf >> (=) kind) |> List.length

    let begun, notBegun =
        cells
        |> List.filter (fun (_, state) -> state <> State.Done)
        |> List.partition (fun (_, state) -> state <> State.Waiting "not begun")

    [
        let counts = [ for kind in kinds -> $"{count kind} {kind}" ] |> String.concat ", "
        $"{plan.Name}: {cells.Length} runs: {counts}"

        for cell, state in
            begun
            |> List.sortBy (fun (_, state) -> List.findIndex ((=) (kindOf state)) kinds) do
            $"  {kindOf state, -8}{(hashIn store cell).Substring(0, 8)}  {label cell}: {reasonOf state}"

        if not notBegun.IsEmpty then
            let names =
                notBegun |> List.truncate 3 |> List.map (fst >> label) |> String.concat "; "

            let more = if notBegun.Length > 3 then "; ..." else ""
            $"  waiting {notBegun.Length} not begun: {names}{more}"
    ]

/// All there is to say, in lines. Fails where no sweep is known.
let lines store folders =
    match plans store folders with
    | [] ->
        CommandLine.fail
            $"No sweep beside {store.Folder} says which runs it is of: it writes {SweepFile.PlanName} when its first process begins. Name another store with --store, or the folders of sweeps."
    | plans -> List.collect (describe store) plans
