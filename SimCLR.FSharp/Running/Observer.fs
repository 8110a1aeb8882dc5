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

/// Is told what happens. What it does takes its time from the training; what it raises fails the run.
type Observer = Event -> unit

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

    let private clock (time: TimeSpan) =
        if time.TotalHours >= 1.0 then
            time.ToString @"h\:mm\:ss"
        else
            time.ToString @"m\:ss"

    let private bar width fraction =
        let full = int (Math.Round(fraction * float width))
        String('━', full) + String('─', width - full)

    let private line (stage: Stage) =
        let point = stage.Point
        let fraction = float point.Step / float stage.TotalSteps
        let name = if stage.Of = "" then "" else $"{stage.Of}  "

        $"{name}{bar 24 fraction} {fraction, 4:P0}  epoch {point.Epoch, 5:F1}  loss {point.Loss:F3}  {point.ImagesPerSecond:N0} images/s  ETA {clock stage.Remaining}"

    /// What a cell came to, in a line.
    let describe (result: CellResult) =
        let said = if result.Stored then "stored already: " else ""

        match result.Result with
        | Ok outcome ->
            let failures =
                [ for label, failure in outcome.Failures -> $"; {label}: {failure.Reason}" ]
                |> String.concat ""

            $"{said}linear {outcome.LinearTop1:P1} (untrained {outcome.LinearTop1Untrained:P1})  k-NN {outcome.KnnTop1:P1}  "
            + $"loss {outcome.FinalLoss:F3}  {outcome.ImagesPerSecond:N0} images/s  {outcome.Seconds:F0} s{failures}"
        | Error failure -> $"{said}FAILED, {failure.Reason}: {failure.Detail}"

    /// A progress bar per run on standard error: rewritten in place on a terminal, a line every quarter elsewhere.
    let console () : Observer =
        let error = Console.Error
        let terminal = not Console.IsErrorRedirected
        let mutable prefix = ""
        let mutable quarter = 0
        let mutable training = ""

        let rewrite (text: string) =
            let width =
                (try
                    Console.WindowWidth
                 with :? IO.IOException ->
                     120)
                |> max 40

            error.Write("\r" + text.PadRight(width - 1).Substring(0, width - 1))

        let finish (text: string) =
            if terminal then
                rewrite $"{prefix}  {text}"
                error.WriteLine()
            else
                error.WriteLine $"{prefix}  {text}"

            prefix <- ""

        let step (stage: Stage) =
            if stage.Of <> training then
                training <- stage.Of
                quarter <- 0

            let now = int (4L * stage.Point.Step / stage.TotalSteps)

            if terminal then
                rewrite $"{prefix}  {line stage}"
            elif now > quarter then
                quarter <- now
                error.WriteLine $"{prefix}  {line stage}"

        function
        | Event.Noted text ->
            // Not behind the bar.
            if terminal && prefix <> "" then
                error.WriteLine()

            error.WriteLine text
        | Event.Began(number, total, cell) ->
            prefix <- $"[{number}/{total}] {Grid.label cell}"
            quarter <- 0
            training <- ""

            if terminal then
                rewrite prefix
        | Event.Stepped(_, stage) -> step stage
        | Event.Ended result -> finish (describe result)
        | Event.Interrupted(_, Some step) -> finish $"interrupted; it goes on from the checkpoint of step {step}"
        | Event.Interrupted(_, None) -> finish "interrupted"
        | Event.Planned _
        | Event.Measured _ -> ()
