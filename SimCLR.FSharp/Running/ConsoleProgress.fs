namespace SimCLR

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open System.Threading
open System.Threading.Tasks
open Spectre.Console

/// Shows how far runs are.
type private IRunsView =
    abstract Write: text: string -> unit
    /// So many cells are to be executed.
    abstract Plan: count: int -> unit
    abstract Begin: title: string * Run -> unit
    abstract Step: Run * Stage -> unit
    /// A run is shown no more; it has ended, unless it was interrupted.
    abstract End: Run * text: string * ended: bool * stored: bool -> unit
    abstract Close: unit -> unit

module private RunText =

    let clock (time: TimeSpan) =
        if time.TotalHours >= 1.0 then
            $"{int time.TotalHours}:{time.Minutes:D2}:{time.Seconds:D2}"
        else
            $"{time.Minutes}:{time.Seconds:D2}"

    let status (stage: Stage) =
        let point = stage.Point
        $"epoch {point.Epoch, 5:F1}  loss {point.Loss:F3}  {point.ImagesPerSecond:N0} images/s  ETA {clock stage.Remaining}"

/// Lines for who reads them later: one for every quarter of a training, and one for what a run came to.
[<Sealed>]
type private LinesView(writer: TextWriter) =
    /// By the run's hash: its title, the training that it is in, and how many quarters of that are told.
    let running = Dictionary<string, string * string * int>()

    interface IRunsView with
        member _.Write text = writer.WriteLine text
        member _.Plan _ = ()

        member _.Begin(title, run) = running[Run.hash run] <- (title, "", 0)

        member _.Step(run, stage) =
            match running.TryGetValue(Run.hash run) with
            | true, (title, training, told) ->
                let quarter = int (4L * stage.Point.Step / stage.TotalSteps)
                let told = if training = stage.Of then told else 0

                if quarter > told then
                    let name = if stage.Of = "" then "" else $"{stage.Of}  "
                    writer.WriteLine $"{title}  {name}{25 * quarter, 3} %%  {RunText.status stage}"

                running[Run.hash run] <- (title, stage.Of, max told quarter)
            | _ -> ()

        member _.End(run, text, _, _) =
            match running.TryGetValue(Run.hash run) with
            | true, (title, _, _) -> writer.WriteLine $"{title}  {text}"
            | _ -> writer.WriteLine text

            running.Remove(Run.hash run) |> ignore

        member _.Close() = running.Clear()

/// A bar for every run that is being computed, by this process or its workers, and one for the sweep; what has ended stands above them.
[<Sealed>]
type private BarsView(console: IAnsiConsole) =
    let status =
        { new ProgressColumn() with
            override _.Render(_, task, _) = Text(string task.Tag)
        }

    let columns: ProgressColumn array =
        [|
            TaskDescriptionColumn(Alignment = Justify.Left)
            ProgressBarColumn(Width = 24)
            PercentageColumn()
            status
        |]

    let running = Dictionary<string, string * ProgressTask>()
    let clock = Stopwatch()
    let mutable shown: (ProgressContext * ManualResetEventSlim * Thread) option = None
    let mutable sweep: ProgressTask option = None
    let mutable computed = 0

    let context () =
        match shown with
        | Some(context, _, _) -> context
        | None ->
            let started = TaskCompletionSource<ProgressContext>()
            let closing = new ManualResetEventSlim()

            // Spectre.Console shows bars for as long as a function runs.
            let show () =
                try
                    Progress(console, AutoClear = true, RefreshRate = TimeSpan.FromSeconds 0.25)
                        .Columns(columns)
                        .Start(fun context ->
                            started.SetResult context
                            closing.Wait())
                with error ->
                    started.TrySetException error |> ignore

            let thread = Thread(show, IsBackground = true)
            thread.Start()
            let context = started.Task.GetAwaiter().GetResult()
            shown <- Some(context, closing, thread)
            context

    let say (task: ProgressTask) (text: string) = task.Tag <- text

    let add title =
        let title = Markup.Escape title

        let task =
            match sweep with
            | Some all -> context().AddTaskBefore(title, all, true, 1.0)
            | None -> context().AddTask(title, true, 1.0)

        say task ""
        task

    let tellSweep () =
        match sweep with
        | None -> ()
        | Some all ->
            let part = running.Values |> Seq.sumBy (fun (_, task) -> min 1.0 task.Value)
            let done' = float computed + part

            let remaining =
                if done' > 0.0 then
                    $"  ETA {RunText.clock (clock.Elapsed * ((all.MaxValue - all.Value - part) / done'))}"
                else
                    ""

            say all $"{all.Value:F0} of {all.MaxValue:F0} runs{remaining}"

    interface IRunsView with
        member _.Write text = console.WriteLine text

        member _.Plan count =
            if count > 1 && sweep.IsNone then
                let all = add "sweep"
                all.MaxValue <- float count
                sweep <- Some all
                computed <- 0
                clock.Reset()
                tellSweep ()

        member _.Begin(title, run) =
            clock.Start()
            running[Run.hash run] <- (title, add title)

        member _.Step(run, stage) =
            match running.TryGetValue(Run.hash run) with
            | true, (title, task) ->
                task.Description <- Markup.Escape(if stage.Of = "" then title else $"{title}: {stage.Of}")
                task.Value <- float stage.Point.Step / float stage.TotalSteps
                say task (RunText.status stage)
                tellSweep ()
            | _ -> ()

        member _.End(run, text, ended, stored) =
            match running.TryGetValue(Run.hash run) with
            | true, (title, task) ->
                running.Remove(Run.hash run) |> ignore
                context().RemoveTask task |> ignore
                console.WriteLine $"{title}  {text}"
            | _ -> console.WriteLine text

            if ended then
                sweep
                |> Option.iter (fun all -> all.Value <- min all.MaxValue (all.Value + 1.0))

                if not stored then
                    computed <- computed + 1

                tellSweep ()

        member _.Close() =
            shown
            |> Option.iter (fun (_, closing, thread) ->
                closing.Set()
                thread.Join())

            shown <- None
            sweep <- None
            running.Clear()

/// Tells on the console what happens: bars with the time that is left on a terminal, lines elsewhere.
[<RequireQualifiedAccess>]
module ConsoleProgress =

    let private observe (view: IRunsView) : Observer =
        function
        | Event.Noted text -> view.Write text
        | Event.Planned cells -> view.Plan cells.Length
        | Event.Began(number, total, cell) -> view.Begin($"[{number}/{total}] {Grid.label cell}", cell.Run)
        | Event.Stepped(run, stage) -> view.Step(run, stage)
        | Event.Measured _ -> ()
        | Event.Ended result -> view.End(result.Cell.Run, Observer.describe result, true, result.Stored)
        | Event.Interrupted(cell, Some step) ->
            view.End(cell.Run, $"interrupted; it goes on from the checkpoint of step {step}", false, false)
        | Event.Interrupted(cell, None) -> view.End(cell.Run, "interrupted", false, false)
        | Event.Waiting count -> view.Write $"Waiting for {count} runs that other processes have begun."
        | Event.Finished -> view.Close()

    /// On a console of Spectre.Console where that is a terminal, as lines to the writer elsewhere.
    let internal on (console: Lazy<IAnsiConsole>) (writer: TextWriter) : Observer =
        let view: Lazy<IRunsView> =
            lazy
                if Terminal.isLive console.Value then
                    BarsView console.Value :> IRunsView
                else
                    LinesView writer :> IRunsView

        fun event -> observe view.Value event

    /// On standard error.
    let observer () : Observer =
        on (lazy Terminal.error ()) Console.Error
