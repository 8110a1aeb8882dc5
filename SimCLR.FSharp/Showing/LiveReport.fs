namespace SimCLR

open System
open System.Diagnostics
open System.IO
open SimCLR.Core.Runtime

/// The page of a sweep in progress, of a grid and of what a search had asked for before it: it is written again whenever a cell has ended, and reloads
/// itself in a browser.
[<Sealed>]
type internal LiveReport
    (folder: string, title: string, store: Store, before: CellResult list, grid: Grid, columns: Metric list) =
    // At most a twentieth of the time is spent on writing it.
    let share = 20.0
    let refreshSeconds = 10
    let clock = Stopwatch.StartNew()
    let ended = Collections.Generic.Dictionary<string, CellResult>()
    let mutable next = TimeSpan.Zero

    let key (cell: Cell) = Grid.label cell

    let write () =
        let start = clock.Elapsed

        let results: Results =
            {
                Axes = grid.Axes
                Cells =
                    [
                        yield! before

                        for cell in grid.Cells do
                            match ended.TryGetValue(key cell) with
                            | true, result -> result
                            | _ -> ()
                    ]
            }

        let report =
            { Report.ofColumns columns title store results with
                Subtitle =
                    $"In progress: {results.Cells.Length} of {before.Length + grid.Cells.Length} runs. This page is loaded again every {refreshSeconds} seconds."
                Refresh = Some refreshSeconds
            }

        Directory.CreateDirectory folder |> ignore
        AtomicFile.WriteText(Path.Combine(folder, "report.html"), Report.toHtml report)
        next <- clock.Elapsed + (clock.Elapsed - start) * share

    /// Sees the cells that have ended, and writes the page if it is time.
    member _.Observe: Observer =
        function
        | Event.Ended result ->
            lock ended (fun () ->
                if ended.TryAdd(key result.Cell, result) && clock.Elapsed >= next then
                    write ())
        | _ -> ()
