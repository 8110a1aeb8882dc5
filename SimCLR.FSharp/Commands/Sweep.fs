namespace SimCLR

open System
open System.IO
open System.Threading
open SimCLR.Core.Runtime
open Argu

/// Sweeps as a terminal asks for them: arguments, execution, tables, report.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Sweep =

    let private fail message = wrongValue message

    let private parseOrStop name standard arguments =
        try
            SweepRequest.parse name standard arguments
        with
        | :? ArguParseException as error when error.ErrorCode = ErrorCode.HelpText ->
            printfn "%s" error.Message
            exit 0
        | :? ArgumentException as error -> SweepEnding.stop 2 error.Message
        | :? ArguParseException as error -> SweepEnding.stop 2 error.Message

    /// Reads a script's arguments: the recipe that fits preset and data, with what the arguments change. Prints the usage and ends
    /// the script where they ask for it or are wrong.
    let fromArgs name arguments = parseOrStop name Preset.run arguments

    /// The same with a recipe that the script adapts to the preset; the arguments change it after that.
    let adapted (adapt: Preset -> Run -> Run) name arguments =
        parseOrStop name (fun preset images -> Preset.run preset images |> adapt preset) arguments

    /// Images of a script for the larger presets, where the arguments name none: those of the paper are of ImageNet.
    let private preferring (own: Images) preset images =
        match preset with
        | Preset.Gpu
        | Preset.Paper -> images |> Option.orElse (Some own)
        | Preset.Standard
        | Preset.Smoke
        | Preset.Cpu -> images

    /// The same for a script whose experiment is of other images than ImageNet: with --preset gpu and paper those, where the arguments name none.
    let adaptedOn images (adapt: Preset -> Run -> Run) name arguments =
        parseOrStop
            name
            (fun preset asked -> Preset.run preset (preferring images preset asked) |> adapt preset)
            arguments

    /// The same with the script's own run as what the arguments change, where no preset is asked for; with --preset gpu and paper all of its images.
    let ofRun (run: Run) name arguments =
        let standard preset images =
            if preset = Preset.Standard then
                images |> Option.fold (fun run images -> Run.withImages images run) run
            else
                Preset.run preset (preferring { run.Images with TrainLimit = None } preset images)

        parseOrStop name standard arguments

    /// Sets published figures beside ours in the report, and says whether their order agrees:
    /// Sweep.beside (Comparison.means Metric.linearTop1 Paper.table5Top1).
    let beside comparison (sweep: Sweep) =
        { sweep with
            Beside = sweep.Beside @ [ comparison ]
        }

    /// With more columns in the tables: Sweep.withColumns [ Metric.measured (Measurement.fineTune 0.1) "top-1" ].
    let withColumns metrics (sweep: Sweep) =
        { sweep with
            Columns = sweep.Columns @ metrics
        }

    /// With a plot of its own in the report.
    let withPlot title make (sweep: Sweep) =
        { sweep with
            Plots = sweep.Plots @ [ title, make ]
        }

    /// Tells an observer of that name what happens, in the process of the script, also where workers compute.
    let observedBy name observer (sweep: Sweep) =
        { sweep with
            Observers = sweep.Observers @ [ name, observer ]
        }

    /// With trainings that collapse going on to their end, for an experiment whose outcome that is.
    let continueCollapsed (sweep: Sweep) =
        { sweep with
            Executor =
                { sweep.Executor with
                    ContinueCollapsed = true
                }
        }

    /// Processes that compute a grid.
    let private workers (sweep: Sweep) grid =
        WorkerCount.resolve sweep.Workers sweep.Preset sweep.Executor sweep.Gpus grid

    /// Whether worker processes compute: also a single one, if it is to have a certain GPU.
    let private isShared (sweep: Sweep) grid =
        workers sweep grid > 1 || not sweep.Gpus.IsEmpty

    /// What the paper's preset does otherwise than the paper.
    let private said (sweep: Sweep) grid =
        if sweep.Preset = Preset.Paper then
            Plan.deviations grid
        else
            []

    let private saying lines (executor: Executor) =
        lines |> List.iter (Executor.note executor)
        executor

    /// The executor with all that watches: the sweep's observers, event files, the page of the sweep in progress, and, where this process computes,
    /// an estimate after the first steps. A worker tells the process that started it, which watches for all.
    let private watched (sweep: Sweep) (before: CellResult list) (grid: Grid) =
        let executor = sweep.Executor

        let guarded (name, observer) =
            Observer.guarded name (Executor.note executor) observer

        let report =
            LiveReport(sweep.Out, SweepReport.title sweep, executor.Store, before, grid, sweep.Columns)

        if Workers.isWorker then
            executor
        else
            let observers =
                [
                    yield! sweep.Observers

                    if sweep.TensorBoard then
                        "TensorBoard", TensorBoard.observer (SweepReport.eventsFolder sweep)

                    "plan", SweepReport.plan sweep before grid.Axes
                    "report", report.Observe
                ]

            { executor with
                Observer = Observer.all (executor.Observer :: List.map guarded observers)
            }
            |> saying (said sweep grid)
            |> Plan.announced (workers sweep grid) grid

    /// Lets worker processes compute, and tells what they tell.
    let private share (sweep: Sweep) (executor: Executor) cancellation grid =
        // One process downloads; several would be in each other's way.
        if executor.Download then
            GridImages.load cancellation grid executor

        let workers = workers sweep grid

        let threads =
            executor.Threads
            |> Option.defaultValue (max 1 (Environment.ProcessorCount / workers))

        if workers > 1 then
            Executor.note executor $"{workers} processes share them, threads of each: {threads} (--workers, --threads)."

        executor.Observer(Event.Planned grid.Cells)

        try
            Execution.tellStored grid executor
            Workers.run executor workers threads sweep.Gpus cancellation grid
        with _ ->
            executor.Observer Event.Finished
            reraise ()

    /// The script's grid with the axes that the arguments add, its runs as the preset executes them.
    let private adjusted (sweep: Sweep) grid =
        sweep.Adjust grid |> Grid.map (Preset.fitted sweep.Preset)

    /// Executes a grid, after what a search had asked for before it.
    let private executeAfter (before: CellResult list) (interruption: Interruption) (sweep: Sweep) grid =
        let grid = adjusted sweep grid

        match Executor.problems grid sweep.Executor @ Preflight.unwritable sweep.Out with
        | [] -> ()
        | wrong -> fail (String.concat Environment.NewLine wrong)

        CustomCheck.forgetFailures sweep.Executor.Store (Grid.runs grid)
        // Found once: it asks all runs.
        let sweep =
            { sweep with
                Workers = WorkerCount.Fixed(workers sweep grid)
            }

        let executor = watched sweep before grid
        use _shared = if isShared sweep grid then Unstored.share () else null

        // What the workers have come to has been told, and what has failed is not tried again.
        let executor =
            if isShared sweep grid && not (Execution.unknown grid executor).IsEmpty then
                share sweep executor interruption.Token grid

                { executor with
                    RetryFailed = false
                    Observer = Observer.ofNew executor.Observer
                }
            else
                executor

        if interruption.ExitCode <> 0 then
            executor.Observer Event.Finished
            Execution.stored grid executor
        else
            Execution.execute interruption.Token executor grid

    /// Executes a grid as the sweep says and gives its results; prints no table, writes no final report, and does not exit. Fails with
    /// all that is wrong before anything starts. Ctrl-C ends it with what is finished.
    let execute (sweep: Sweep) (grid: Grid) : Results =
        use interruption = new Interruption(Workers.isWorker || Ranks.isFollower.Value)

        Ranks.lead
            (Execution.along interruption.Token sweep.Executor)
            (fun () -> Execution.stored (adjusted sweep grid) (Execution.silenced sweep.Executor))
            (fun () -> executeAfter [] interruption sweep grid)

    /// Writes the report of results into the sweep's folder, with tables, plots, pictures and sweep.json; the path of its page. Prints nothing. Of several
    /// ranks, the first writes it.
    let report (sweep: Sweep) results =
        if Ranks.isFollower.Value then
            Path.Combine(sweep.Out, "report.html")
        else
            SweepReport.report sweep results

    /// Says what would be run and what it costs.
    let private plan (grid: Grid) (sweep: Sweep) =
        let grid = adjusted sweep grid
        said sweep grid |> List.iter (printfn "%s")
        let lines, counted, seconds = Plan.describe grid sweep.Executor
        lines |> List.iter (printfn "%s")
        printfn $"\n{counted}"

        let without =
            if Grid.runs grid |> List.forall _.Evaluation.Measurements.IsEmpty then
                ""
            else
                " without further measurements"

        let shared =
            match workers sweep grid with
            | 1 -> ""
            | number -> $" in one process; {number} share it"

        printfn $"Estimated: {Plan.hours sweep.Executor seconds}{without}{shared}. Nothing was trained (--dry-run)."

    /// Says what `first` would cost, or executes, prints and writes; the exit code, and what is said of it.
    let private take (sweep: Sweep) (first: unit -> Grid) (execute: Interruption -> Results) =
        if Ranks.size.Value > 1 && isShared sweep (first ()) then
            fail
                $"The launcher started {Ranks.size.Value} processes that compute each run together, and --workers or --gpus share the runs out: use one of both."

        let led token =
            Ranks.lead (Execution.along token sweep.Executor) (fun () -> 0, "")

        // A plan leaves nothing behind that is to be finished: a signal ends it at once.
        if sweep.Executor.DryRun then
            led CancellationToken.None (fun () ->
                plan (first ()) sweep
                0, "")
        else
            use interruption = new Interruption(Workers.isWorker || Ranks.isFollower.Value)

            led interruption.Token (fun () ->
                Workers.whenOrphaned interruption.Stop
                let results = execute interruption

                let left =
                    if sweep.Executor.WaitsFor.IsNone || interruption.ExitCode <> 0 then
                        0
                    else
                        Grid.size (adjusted sweep (first ())) - results.Cells.Length

                if left > 0 then
                    eprintfn "%d runs are being computed by other tasks; the last of them writes the report." left
                    0, ""
                else
                    if not results.Cells.IsEmpty && not Workers.isWorker then
                        SweepReport.finish sweep results

                    SweepEnding.ofResults interruption.ExitCode results)

    /// Executes the grid, prints its tables, writes its report, and ends the process through `exit` unless all went well: 1 where a run or a
    /// measurement failed, 2 where something was wrong, 130 after Ctrl-C and 143 after SIGTERM, which end the run in progress with a
    /// checkpoint.
    let mainWith exit (sweep: Sweep) (grid: Grid) =
        let executor = sweep.Executor

        let sweep =
            { sweep with
                Executor =
                    { executor with
                        WaitsFor = executor.WaitsFor |> Option.orElse Workers.patience
                    }
            }

        SweepEnding.through exit (fun () ->
            take sweep (fun () -> grid) (fun interruption -> executeAfter [] interruption sweep grid))

    /// The last line of a script: executes the grid, prints its tables, writes its report, and exits with a code that says how it went.
    let main (sweep: Sweep) grid = mainWith exit sweep grid

    /// The last line of a script that searches: as Sweep.main, with the cells that the search asks for. A dry run says what it asks for first.
    let search (sweep: Sweep) (search: Search) =
        let first () =
            let grid = Search.first search

            if (sweep.Adjust grid).Axes <> grid.Axes then
                fail "--vary adds no axis to a search; the script says what is searched."

            grid

        SweepEnding.through exit (fun () ->
            take sweep first (fun interruption ->
                first () |> ignore
                let sweep = { sweep with Adjust = id }

                search
                |> Search.drive (fun before -> executeAfter before.Cells interruption sweep)))
