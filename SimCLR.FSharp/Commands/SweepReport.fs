/// What a sweep leaves behind: tables on the console, and its folder with the report.
module internal SimCLR.SweepReport

open System.IO
open SimCLR.Core.Runtime

let title (sweep: Sweep) = $"SimCLR: {sweep.Name}"

/// Where event files lie.
let eventsFolder (sweep: Sweep) = Path.Combine(sweep.Out, "tensorboard")

/// Published figures beside ours; what the smoke preset computes is judged by nobody.
let private comparisons (sweep: Sweep) results =
    [
        for compare in sweep.Beside do
            let comparison = compare results

            if sweep.Preset = Preset.Smoke then
                comparison |> Comparison.unjudged "figures of the smoke preset mean nothing"
            else
                comparison
    ]

/// What the encoder of the sweep's first run saw. A picture is no reason to lose a report: images that are gone are told of. Its path.
let private writeViews (sweep: Sweep) (results: Results) =
    let run =
        results.Cells
        |> List.tryHead
        |> Option.map _.Cell.Run
        |> Option.defaultValue sweep.Baseline

    let path = Path.Combine(sweep.Out, "views.png")

    try
        Executor.writeViewSheet path run sweep.Executor
        Some path
    with :? SimCLR.Core.Images.ImageSourceException as error ->
        Executor.note sweep.Executor $"There is no sheet of views: {error.Message}"
        None

let private reportOf (sweep: Sweep) comparisons (results: Results) =
    let report =
        Report.ofColumns sweep.Columns (title sweep) sweep.Executor.Store results
        |> Report.beside comparisons

    { report with
        Embedding = Embedding.ofBest sweep.Out results sweep.Executor
        ViewSheet = writeViews sweep results
        Plots = report.Plots @ [ for title, make in sweep.Plots -> title, make results ]
    }

/// A line for every run that has an outcome: every leaf of its value, every figure, hashes, and what it was executed with.
let private writeRuns (sweep: Sweep) (results: Results) =
    let table =
        RunTable
            [
                for cell, outcome in Results.outcomes results do
                    StoredRun.ofOutcome sweep.Executor.Store cell.Run outcome
            ]

    AtomicFile.Write(
        Path.Combine(sweep.Out, "runs.csv"),
        fun (stream: Stream) ->
            use writer = new StreamWriter(stream, leaveOpen = true)
            table.WriteCsv writer
    )

/// Writes all of it, with those comparisons; the path of the page.
let private write (sweep: Sweep) comparisons (results: Results) =
    let report = reportOf sweep comparisons results
    let verdicts = comparisons |> List.map Comparison.verdict
    let page = Report.write sweep.Out report

    SweepFile.ofResults sweep.Name sweep.Out sweep.Executor.Store verdicts results
    |> SweepFile.write sweep.Out

    writeRuns sweep results

    if sweep.TensorBoard then
        TensorBoard.write (eventsFolder sweep) results

    if not verdicts.IsEmpty then
        AtomicFile.WriteText(Path.Combine(sweep.Out, "order.md"), String.concat "\n" verdicts + "\n")

    page

/// Writes the report, with tables, plots, pictures, runs.csv and sweep.json; the path of its page. Prints nothing.
let report (sweep: Sweep) results =
    write sweep (comparisons sweep results) results

/// Writes which runs a sweep is of, beside its report, before the first is done: also those that a search had asked for before.
let plan (sweep: Sweep) (before: CellResult list) (axes: string list) : Observer =
    function
    | Event.Planned cells ->
        [ for result in before -> result.Cell ] @ cells
        |> SweepFile.ofCells sweep.Name sweep.Out sweep.Executor.Store axes
        |> SweepFile.writePlan sweep.Out
    | _ -> ()

/// Told before anything is written, which a full disk would prevent.
let finish (sweep: Sweep) (results: Results) =
    let comparisons = comparisons sweep results

    let report =
        Report.ofColumns sweep.Columns (title sweep) sweep.Executor.Store results
        |> Report.beside comparisons

    let console = Terminal.output ()

    for table in report.Tables do
        printfn ""
        ConsoleTable.write console table

    printfn $"\nReport: {Path.GetFullPath(write sweep comparisons results)}"
