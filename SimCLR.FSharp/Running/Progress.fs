namespace SimCLR

open System
open SimCLR.Core.Training

/// What a sweep tells while it runs.
type Progress =
    /// Something in words.
    abstract Note: string -> unit
    /// A run begins: its number, of how many, and its coordinates in words.
    abstract Begin: number: int * total: int * title: string -> unit
    /// A logging interval of the run has passed.
    abstract Step: TrainingProgress -> unit
    /// The run has ended with that line.
    abstract End: string -> unit

[<RequireQualifiedAccess>]
module Progress =

    /// Says nothing.
    let silent =
        { new Progress with
            member _.Note _ = ()
            member _.Begin(_, _, _) = ()
            member _.Step _ = ()
            member _.End _ = ()
        }

    let private clock (time: TimeSpan) =
        if time.TotalHours >= 1.0 then
            time.ToString @"h\:mm\:ss"
        else
            time.ToString @"m\:ss"

    let private bar width fraction =
        let full = int (Math.Round(fraction * float width))
        String('━', full) + String('─', width - full)

    let private line (step: TrainingProgress) =
        let fraction = float step.Step / float step.TotalSteps

        $"{bar 24 fraction} {fraction, 4:P0}  epoch {step.Epoch, 5:F1}  loss {step.Loss:F3}  {step.ImagesPerSecond:N0} images/s  ETA {clock step.Remaining}"

    /// A progress bar per run on standard error: rewritten in place on a terminal, a line every quarter elsewhere.
    let console () =
        let error = Console.Error
        let terminal = not Console.IsErrorRedirected
        let mutable prefix = ""
        let mutable quarter = 0

        let rewrite (text: string) =
            let width =
                (try
                    Console.WindowWidth
                 with :? IO.IOException ->
                     120)
                |> max 40

            error.Write("\r" + text.PadRight(width - 1).Substring(0, width - 1))

        { new Progress with
            member _.Note text =
                // Not behind the bar.
                if terminal && prefix <> "" then
                    error.WriteLine()

                error.WriteLine text

            member _.Begin(number, total, title) =
                prefix <- $"[{number}/{total}] {title}"
                quarter <- 0

                if terminal then
                    rewrite prefix

            member _.Step step =
                let now = int (4L * step.Step / step.TotalSteps)

                if terminal then
                    rewrite $"{prefix}  {line step}"
                elif now > quarter then
                    quarter <- now
                    error.WriteLine $"{prefix}  {line step}"

            member _.End text =
                if terminal then
                    rewrite $"{prefix}  {text}"
                    error.WriteLine()
                else
                    error.WriteLine $"{prefix}  {text}"

                prefix <- ""
        }
