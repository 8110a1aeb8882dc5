/// Worker processes of a sweep. A worker is this very command once more, with a variable that tells it so: the locks of the store
/// share the runs out, so that nothing has to be sent between the processes.
module internal SimCLR.Workers

open System
open System.Diagnostics
open System.IO
open System.Threading
open SimCLR.Core.Runtime

[<Literal>]
let private Variable = "SIMCLR_WORKER"

[<Literal>]
let private Visible = "CUDA_VISIBLE_DEVICES"

/// The GPUs of those numbers among the ones that are visible to this process (all, unless a variable of the system or a cluster's
/// queue names some): what a worker is to see. Fails where there is no such number.
let gpusAmong (visible: string) (numbers: string list) =
    let names = visible.Split(',', StringSplitOptions.RemoveEmptyEntries)

    let named (text: string) =
        match Int32.TryParse text with
        | true, number when number >= 0 && names.Length = 0 -> text.Trim()
        | true, number when number >= 0 && number < names.Length -> names[number].Trim()
        | true, _ when names.Length > 0 ->
            raise (
                ArgumentException
                    $"--gpus has '{text}', but {Visible} shows this process {names.Length} GPU(s): use 0 to {names.Length - 1}."
            )
        | _ -> raise (ArgumentException $"--gpus has '{text}': use numbers with commas between them, for example 0,1.")

    List.map named numbers

/// The same among those that this process sees.
let gpus numbers =
    gpusAmong
        (Environment.GetEnvironmentVariable Visible
         |> Option.ofObj
         |> Option.defaultValue "")
        numbers

/// The number of the process that this one is a worker of.
let private parent =
    match
        Int32.TryParse(
            Environment.GetEnvironmentVariable Variable
            |> Option.ofObj
            |> Option.defaultValue ""
        )
    with
    | true, number -> Some number
    | _ -> None

/// Whether this process is a worker.
let isWorker = parent.IsSome

/// The variable that tells a process that it is one of a cluster's tasks.
[<Literal>]
let TaskVariable = "SIMCLR_TASK"

/// How long a task of a cluster waits for runs that others compute, None in any other process. It is to hold no GPU for nothing: its cluster begins
/// again what dies. But what another machine had that went down is to be taken, and that is free a minute later.
let patience =
    if String.IsNullOrEmpty(Environment.GetEnvironmentVariable TaskVariable) then
        None
    else
        Some(TimeSpan.FromSeconds 75.0)

/// Calls an action once when the process that this one is a worker of has ended, however it ended.
let whenOrphaned (action: unit -> unit) =
    let watch () =
        while ProcessControl.ParentId = Option.toNullable parent do
            Thread.Sleep 500

        action ()

    if isWorker && ProcessControl.ParentId.HasValue then
        Thread(watch, IsBackground = true).Start()

/// The exit code of a process whose GPU cannot be used any more: another process can go on.
[<Literal>]
let DeviceLostCode = 3

/// Exit codes of a worker that has done its part: all runs done, some failed, or it was asked to stop.
let private orderly = set [ 0; 1; 130; 143 ]

/// The exit code of a worker that cannot begin: another would not either.
[<Literal>]
let private CannotBegin = 2

let private command () =
    let arguments = Environment.GetCommandLineArgs() |> List.ofArray

    match Environment.ProcessPath |> Option.ofObj with
    | Some path when Path.GetFileNameWithoutExtension path = "dotnet" -> path, arguments
    | Some path -> path, List.tail arguments
    | None -> "dotnet", arguments

/// Observers are told one thing at a time.
let private gate = obj ()

/// A worker, what it wrote to standard error, and the cell that it is at.
type private Worker =
    {
        Process: Process
        Said: Collections.Concurrent.ConcurrentQueue<string>
        mutable Cell: Cell option
    }

/// Nothing is said of damage: the processes that compute say it.
let private silenced executor =
    { executor with
        Executor.Observer = Observer.silent
    }

/// Tells what a worker has told, as if it were done here.
let private tell (executor: Executor) number worker message =
    let leave result =
        worker.Cell <- None
        executor.Observer result

    match message, worker.Cell with
    | Relay.Message.Noted text, _ -> Executor.note executor $"worker {number}: {text}"
    | Relay.Message.Began(number, total, cell), _ ->
        worker.Cell <- Some cell
        executor.Observer(Event.Began(number, total, cell))
    | Relay.Message.Stepped stage, Some cell -> executor.Observer(Event.Stepped(cell.Run, stage))
    | Relay.Message.Measured figures, Some cell -> executor.Observer(Event.Measured(cell.Run, figures))
    | Relay.Message.Interrupted checkpoint, Some cell -> leave (Event.Interrupted(cell, checkpoint))
    | Relay.Message.Ended failure, Some cell ->
        let result =
            match failure with
            | Some failure -> Some(Error failure)
            | None ->
                Executor.known (silenced executor) cell.Run
                |> Option.orElseWith (fun () -> Unstored.tryFind cell.Run executor.Store)

        match result with
        | Some result ->
            leave (
                Event.Ended
                    {
                        Cell = cell
                        Result = result
                        Stored = false
                    }
            )
        | None -> leave (Event.Interrupted(cell, None))
    | _, None -> ()

let private start (executor: Executor) (count: int) (threads: int) (gpus: string list) number =
    let path, arguments = command ()

    let info =
        ProcessStartInfo(path, arguments, RedirectStandardError = true, RedirectStandardOutput = true)

    info.Environment[Variable] <- string Environment.ProcessId
    info.Environment["OMP_NUM_THREADS"] <- string threads
    info.Environment[SimCLR.Core.Images.ImageFolder.SharersVariable] <- string count

    if not gpus.IsEmpty then
        info.Environment[Visible] <- gpus[number % gpus.Length]

    let worker =
        {
            Process = new Process(StartInfo = info)
            Said = Collections.Concurrent.ConcurrentQueue()
            Cell = None
        }

    let tell message =
        lock gate (fun () -> tell executor number worker message)

    let hear (line: string | null) =
        match line with
        | null -> ()
        | line when String.IsNullOrWhiteSpace line -> ()
        | line ->
            worker.Said.Enqueue line
            tell (Relay.Message.Noted line)

    let read (line: string | null) =
        line |> Option.ofObj |> Option.bind Relay.tryRead |> Option.iter tell

    worker.Process.ErrorDataReceived.Add(fun data -> hear data.Data)
    worker.Process.OutputDataReceived.Add(fun data -> read data.Data)
    worker.Process.Start() |> ignore
    worker.Process.BeginErrorReadLine()
    worker.Process.BeginOutputReadLine()
    worker

let private unfinished executor runs =
    runs |> List.filter (Executor.isKnown (silenced executor) >> not)

/// Counts how often processes died without having come further, by what they had.
type private Deaths(executor: Executor) =
    let last = Collections.Generic.Dictionary<string, string * int>()

    let count key marker =
        let times =
            match last.TryGetValue key with
            | true, (before, times) when before = marker -> times + 1
            | _ -> 1

        last[key] <- (marker, times)
        times

    /// The run that a process had when it died: it is taken up again, or has failed when that happened too often with nothing new stored of it. False: it
    /// had none, and that has happened too often.
    member _.Add(runs: Run list, worker: Process) =
        lock last (fun () ->
            let store = executor.Store
            let unfinished = unfinished executor runs

            match
                unfinished
                |> List.tryFind (fun run -> Store.lastProcess run store = Some worker.Id)
            with
            | None -> count "" $"{unfinished.Length}" < Tries.Patience
            | Some run ->
                if count (Run.hash run) (Store.stateOf run store) >= Tries.Patience then
                    Store.saveDeath
                        run
                        {
                            Reason = "worker died"
                            Detail =
                                $"Processes that computed it ended {Tries.Patience} times without coming further, the last with code {worker.ExitCode} "
                                + "(137: killed, often for lack of memory; 139: a crash of native code). Try again with --retry-failed, with fewer workers if memory was short."
                        }
                        store

                true)

/// Runs so many workers until they have ended, and puts another in the place of one that dies, as long as there are runs to do and it is of use.
/// Fails with what a worker said that could not begin.
let run (executor: Executor) count threads gpus (cancellation: CancellationToken) (grid: Grid) =
    let runs = Grid.runs grid

    if executor.RetryFailed then
        runs |> List.iter (fun run -> Store.forgetFailure run executor.Store)

    let executor = { executor with RetryFailed = false }
    let begin' = start executor count threads gpus
    let deaths = Deaths executor
    let workers = Array.init count begin'
    let mutable problem: string option = None

    let stopAll () =
        for worker in workers do
            if not worker.Process.HasExited then
                ProcessControl.AskToEnd worker.Process

    use _stop = cancellation.Register(fun () -> stopAll ())

    let giveUp what =
        lock deaths (fun () ->
            if problem.IsNone then
                problem <- Some what
                stopAll ())

    let rec attend number =
        let worker = workers[number]
        worker.Process.WaitForExit()
        let code = worker.Process.ExitCode

        // What it was at when it died.
        lock gate (fun () -> tell executor number worker (Relay.Message.Interrupted None))

        if code = CannotBegin then
            giveUp (worker.Said |> Seq.tryLast |> Option.defaultValue "It said nothing.")
        elif not (orderly.Contains code) then
            if not (deaths.Add(runs, worker.Process)) then
                giveUp
                    $"Workers ended {Tries.Patience} times before they had a run, the last with code {code}: {Seq.tryLast worker.Said |> Option.defaultValue String.Empty}"
            elif
                problem.IsNone
                && not cancellation.IsCancellationRequested
                && not (unfinished executor runs).IsEmpty
            then
                workers[number] <- begin' number
                attend number

    Array.init count (fun number ->
        Thread((fun () -> attend number), IsBackground = true)
        |> fun thread ->
            thread.Start()
            thread)
    |> Array.iter _.Join()

    match problem with
    | Some what -> raise (InvalidOperationException $"The workers cannot go on. {what}")
    | None -> ()
