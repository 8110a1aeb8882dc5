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

/// Whether this process is one.
let isWorker =
    not (String.IsNullOrEmpty(Environment.GetEnvironmentVariable Variable))

/// Exit codes of a worker that has done its part: all runs done, some failed, or it was asked to stop.
let private orderly = set [ 0; 1; 130; 143 ]

let private command () =
    let arguments = Environment.GetCommandLineArgs() |> List.ofArray

    match Environment.ProcessPath |> Option.ofObj with
    | Some path when Path.GetFileNameWithoutExtension path = "dotnet" -> path, arguments
    | Some path -> path, List.tail arguments
    | None -> "dotnet", arguments

let private start (progress: Progress) (threads: int) (gpus: string list) number =
    let path, arguments = command ()

    let info =
        ProcessStartInfo(path, arguments, RedirectStandardError = true, RedirectStandardOutput = true)

    info.Environment[Variable] <- string number
    info.Environment["OMP_NUM_THREADS"] <- string threads

    if not gpus.IsEmpty then
        info.Environment[Visible] <- gpus[number % gpus.Length]

    let worker = new Process(StartInfo = info)

    let tell (line: string | null) =
        match line with
        | null -> ()
        | line when String.IsNullOrWhiteSpace line -> ()
        | line -> lock progress (fun () -> progress.Note $"worker {number}: {line}")

    worker.ErrorDataReceived.Add(fun data -> tell data.Data)
    worker.OutputDataReceived.Add(fun _ -> ())
    worker.Start() |> ignore
    worker.BeginErrorReadLine()
    worker.BeginOutputReadLine()
    worker

/// The run that a worker had when it died counts as failed.
let private blame executor (runs: Run list) (worker: Process) =
    let store = executor.Store

    for run in runs do
        let unfinished =
            Option.isNone (Executor.tryFind ignore executor run)
            && Option.isNone (Store.tryFailure run store)

        if unfinished && Store.lastProcess run store = Some worker.Id then
            let failure =
                {
                    Reason = "worker died"
                    Detail =
                        $"The process that computed it ended with code {worker.ExitCode} "
                        + "(137: killed, often for lack of memory; 139: a crash of native code). Try again with --retry-failed, with fewer workers if memory was short."
                }

            Store.saveFailure run failure store

let private unfinished executor runs =
    runs
    |> List.exists (fun run ->
        Option.isNone (Executor.tryFind ignore executor run)
        && Option.isNone (Store.tryFailure run executor.Store))

/// Runs so many workers until they have ended, and puts another in the place of one that dies, as long as there are runs to do.
let run (executor: Executor) count threads gpus (cancellation: CancellationToken) (grid: Grid) =
    let runs = Grid.runs grid

    if executor.RetryFailed then
        runs |> List.iter (fun run -> Store.forgetFailure run executor.Store)

    let begin' = start executor.Progress threads gpus
    let workers = Array.init count begin'

    use _stop =
        cancellation.Register(fun () -> workers |> Array.iter ProcessControl.AskToEnd)

    let rec attend number =
        workers[number].WaitForExit()

        if not (orderly.Contains workers[number].ExitCode) then
            blame executor runs workers[number]

            if not cancellation.IsCancellationRequested && unfinished executor runs then
                workers[number] <- begin' number
                attend number

    Array.init count (fun number ->
        Thread((fun () -> attend number), IsBackground = true)
        |> fun thread ->
            thread.Start()
            thread)
    |> Array.iter _.Join()
