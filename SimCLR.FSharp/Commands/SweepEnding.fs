namespace SimCLR

open System
open System.IO

/// How a sweep ends the process: its exit code, and what is said of it in words, without a stack.
module internal SweepEnding =

    /// Ends the script with that code; what is wrong is said in words, without a stack.
    let stop code (message: string) =
        if not Ranks.isFollower.Value then
            eprintfn "%s" message

        exit code

    /// The exit code of a sweep that has ended, and what is said of it.
    let ofResults interrupted (results: Results) =
        if interrupted <> 0 then
            interrupted, "Interrupted. What is finished is stored; the same command goes on from there."
        elif results.Cells |> List.exists _.Result.IsError then
            1, "Some runs failed; the table says which."
        elif
            Results.outcomes results
            |> List.exists (snd >> _.Failures >> List.isEmpty >> not)
        then
            1, "Some measurements failed; the table says which. --retry-failed takes them again, without training."
        else
            0, ""

    /// Ends the process through `exit` by the code that an action comes to, or by that of what it failed of; it goes on where all went well.
    let through (exit: int -> unit) action =
        let code, message =
            try
                action ()
            with
            | Failing.DeviceLost message ->
                Workers.DeviceLostCode,
                $"The GPU cannot be used any more by this process: {message} What is finished is stored; the same command goes on from there."
            | :? ArgumentException as error -> 2, error.Message
            | :? SimCLR.Core.Images.ImageSourceException as error -> 2, error.Message
            | :? IOException
            | :? UnauthorizedAccessException
            | :? InvalidOperationException as error -> 2, error.Message

        if code <> 0 then
            // Ranks that were started alike say the same.
            if not Ranks.isFollower.Value then
                eprintfn "%s" message

            exit code
