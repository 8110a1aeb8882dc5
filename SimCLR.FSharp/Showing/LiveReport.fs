namespace SimCLR

open System
open System.Diagnostics
open System.IO
open SimCLR.Core.Runtime

/// The page of a sweep in progress: it is written again whenever a cell has ended, and reloads itself in a browser.
[<Sealed>]
type internal LiveReport(folder: string, title: string, store: Store, grid: Grid, columns: Metric list) =
    // At most a twentieth of the time is spent on writing it.
    let share = 20.0
    let refreshSeconds = 10
    let clock = Stopwatch.StartNew()
    let ended = Collections.Generic.Dictionary<string, CellResult>()
    let mutable next = TimeSpan.Zero

    let key (cell: Cell) = Grid.label cell

    let write () =
        let before = clock.Elapsed

        let results: Results =
            {
                Axes = grid.Axes
                Cells =
                    [
                        for cell in grid.Cells do
                            match ended.TryGetValue(key cell) with
                            | true, result -> result
                            | _ -> ()
                    ]
            }

        let report =
            { Report.ofColumns columns title store results with
                Subtitle =
                    $"In progress: {results.Cells.Length} of {grid.Cells.Length} runs. This page is loaded again every {refreshSeconds} seconds."
                Refresh = Some refreshSeconds
            }

        Directory.CreateDirectory folder |> ignore
        AtomicFile.WriteText(Path.Combine(folder, "report.html"), Report.toHtml report)
        next <- clock.Elapsed + (clock.Elapsed - before) * share

    /// Takes results in, and writes the page if one of them is new and it is time.
    member _.Add(results: CellResult list) =
        lock ended (fun () ->
            let before = ended.Count

            for result in results do
                ended[key result.Cell] <- result

            if ended.Count > before && clock.Elapsed >= next then
                write ())

    /// Sees the cells that this process computes.
    member report.Observe: Observer =
        function
        | Event.Ended result -> report.Add [ result ]
        | _ -> ()
