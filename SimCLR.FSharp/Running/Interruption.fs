namespace SimCLR

open System
open System.Runtime.InteropServices
open System.Threading
open SimCLR.Core.Runtime

/// Listens to Ctrl-C, SIGTERM and SIGUSR2, by which clusters tell that time is up, while it lives: the first cancels the token, a second one ends the
/// process at once. A worker leaves Ctrl-C, which a terminal sends to it too, to its parent.
type internal Interruption(isWorker: bool) =
    let source = new CancellationTokenSource()
    let mutable code = 0

    /// SIGUSR2, for which .NET has no name.
    let timeUp = if OperatingSystem.IsMacOS() then 31 else 12

    /// Signals that follow each other closely are heard at the same time, and in any order.
    let gate = obj ()

    let hear number =
        lock gate (fun () ->
            // Of a cluster that tells by SIGUSR2 that time is up, SIGTERM beside it says nothing new. A worker hears its parent, and whoever told that, too.
            let isNew =
                not isWorker && number <> timeUp && not (number = 15 && code = 128 + timeUp)

            if not source.IsCancellationRequested then
                code <- 128 + number

                if not isWorker then
                    eprintfn "\nStopping after this step; once more to stop at once."

                source.Cancel()
            elif isNew then
                // Where bars are shown it is hidden.
                if not Console.IsErrorRedirected then
                    eprintf "\u001b[?25h"

                ProcessControl.ExitNow(128 + number)
            elif number = timeUp && code = 128 + 15 then
                code <- 128 + timeUp)

    let listen signal number =
        PosixSignalRegistration.Create(
            signal,
            fun context ->
                context.Cancel <- true

                if not (isWorker && signal = PosixSignal.SIGINT) then
                    hear number
        )

    let registrations =
        [
            listen PosixSignal.SIGINT 2
            listen PosixSignal.SIGTERM 15

            if not (OperatingSystem.IsWindows()) then
                listen (enum<PosixSignal> timeUp) timeUp
        ]

    /// As if a signal of that number came.
    member _.Hear(number: int) = hear number

    /// The same as SIGTERM.
    member _.Stop() =
        if not source.IsCancellationRequested then
            hear 15

    /// Cancelled by the first signal.
    member _.Token = source.Token

    /// 128 and the signal's number: 130 after Ctrl-C, 143 after SIGTERM, 140 after SIGUSR2; 0 before.
    member _.ExitCode = code

    interface IDisposable with
        member _.Dispose() =
            // A registration that nobody holds is finalized, and listens no more.
            registrations |> List.iter _.Dispose()
            source.Dispose()
