/// The networks of a grid's trainings, while its cells need them.
module internal SimCLR.GridNetworks

open System

/// Takes networks that are not to be kept out of the store, once the last cell of a training has ended: cells that differ only in their
/// evaluation measure the same ones. They stay where nothing was computed here, or something failed that can be tried again.
let dropper (grid: Grid) (executor: Executor) =
    let remaining =
        Collections.Generic.Dictionary(dict (Grid.runs grid |> List.countBy Run.trainingHash))

    let isWhole (result: CellResult) =
        match result.Result with
        | Ok outcome -> outcome.Failures.IsEmpty
        | Error _ -> false

    let ended = Collections.Generic.Dictionary<string, CellResult list>()

    fun (result: CellResult) ->
        let run = result.Cell.Run
        let training = Run.trainingHash run

        let results =
            match ended.TryGetValue training with
            | true, others -> result :: others
            | _ -> [ result ]

        ended[training] <- results
        remaining[training] <- remaining[training] - 1

        if remaining[training] = 0 then
            ended.Remove training |> ignore

            if List.forall isWhole results && not (List.forall _.Stored results) then
                try
                    // Another sweep that has the training may be about to measure it.
                    match Store.tryLock run executor.Store with
                    | Some held ->
                        use _held = held
                        RunNetworks.drop executor run
                    | None -> ()
                with error when Failing.isOfDisk error ->
                    Executor.note executor $"An encoder that was not to be kept stays: {error.Message}"
