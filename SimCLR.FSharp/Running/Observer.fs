namespace SimCLR

open System

/// How far a training has come.
[<RequireQualifiedAccess>]
type Stage =
    {
        /// The label of the measurement that trains; empty for the run's own training.
        Of: string
        Point: CurvePoint
        TotalSteps: int64
        /// Estimated time to the end of this training.
        Remaining: TimeSpan
    }

/// What happens while a grid is executed.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Event =
    /// Something in words.
    | Noted of string
    /// The cells that are to be executed, those that are stored among them.
    | Planned of Cell list
    /// A cell begins: its number, and of how many.
    | Began of number: int * total: int * Cell
    /// A logging interval has passed in the training of a run, or of one of its measurements.
    | Stepped of Run * Stage
    /// A measurement of a run has been taken.
    | Measured of Run * Figure list
    /// A cell has ended.
    | Ended of CellResult
    /// A cell was interrupted; the step of the checkpoint that it goes on from, if there is one.
    | Interrupted of Cell * checkpoint: int64 option
    /// Nothing is left to begin; so many cells are being computed by other processes, which are waited for.
    | Waiting of int
    /// All cells have ended, or the execution was interrupted.
    | Finished

/// Is told what happens. What it does takes its time from the training; what it raises fails the run.
type Observer = Event -> unit

/// Observers, alone and several as one.
[<RequireQualifiedAccess>]
module Observer =

    /// Does nothing.
    let silent: Observer = ignore

    /// Tells several, in order.
    let all (observers: Observer list) : Observer =
        fun event -> observers |> List.iter (fun observer -> observer event)

    /// Tells another observer until that raises something, which is told once in its place: what is watched goes on.
    let guarded (name: string) (warn: string -> unit) (observer: Observer) : Observer =
        let mutable failed = false

        fun event ->
            if not failed then
                try
                    observer event
                with error ->
                    failed <- true

                    warn
                        $"The observer '{name}' is told nothing any more, since it raised {error.GetType().Name}: {error.Message}"

    /// Tells another observer of cells that are computed, and not of those that were stored already.
    let internal ofNew (observer: Observer) : Observer =
        let mutable began = None

        function
        | Event.Began _ as event -> began <- Some event
        | Event.Ended { Stored = true } -> began <- None
        | Event.Planned _ -> ()
        | event ->
            began |> Option.iter observer
            began <- None
            observer event

    /// Accuracies, or what is measured in their place where images have no labels.
    let private accuracies (outcome: Outcome) =
        let rank = outcome.Figure "RankMe h"

        if Double.IsNaN outcome.LinearTop1 && not (Double.IsNaN rank) then
            let before, alignment =
                outcome.Figure "RankMe, untrained h", outcome.Figure "h alignment"

            $"RankMe {rank:F1} (untrained {before:F1})  alignment {alignment:F3}  uniformity "
            + $"""{outcome.Figure "h uniformity":F3}  """
        else
            $"linear {Statistics.percent outcome.LinearTop1} %% (untrained {Statistics.percent outcome.LinearTop1Untrained} %%)  k-NN {Statistics.percent outcome.KnnTop1} %%  "

    /// What a cell came to, in a line.
    let describe (result: CellResult) =
        let said = if result.Stored then "stored already: " else ""

        match result.Result with
        | Ok outcome ->
            let failures =
                [ for label, failure in outcome.Failures -> $"; {label}: {failure.Reason}" ]
                |> String.concat ""

            $"{said}{accuracies outcome}"
            + $"loss {outcome.FinalLoss:F3}  {outcome.ImagesPerSecond:N0} images/s  {outcome.Seconds:F0} s{failures}"
        | Error failure -> $"{said}FAILED, {failure.Reason}: {failure.Detail}"
