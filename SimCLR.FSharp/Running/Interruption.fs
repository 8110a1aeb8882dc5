namespace SimCLR

open System
open System.Runtime.InteropServices
open System.Threading
open SimCLR.Core.Runtime

/// Listens to Ctrl-C and SIGTERM while it lives: the first cancels the token, a second one ends the process at once. A worker leaves
/// Ctrl-C, which a terminal sends to it too, to its parent.
type internal Interruption(isWorker: bool) =
    let source = new CancellationTokenSource()
    let mutable code = 0

    let stop number =
        if source.IsCancellationRequested then
            // Where bars are shown it is hidden.
            if not (isWorker || Console.IsErrorRedirected) then
                eprintf "\u001b[?25h"

            ProcessControl.ExitNow(128 + number)

        code <- 128 + number

        if not isWorker then
            eprintfn "\nStopping after this step; once more to stop at once."

        source.Cancel()

    let listen signal number =
        PosixSignalRegistration.Create(
            signal,
            fun context ->
                context.Cancel <- true

                if not (isWorker && signal = PosixSignal.SIGINT) then
                    stop number
        )

    let registrations = [ listen PosixSignal.SIGINT 2; listen PosixSignal.SIGTERM 15 ]

    /// The same as SIGTERM.
    member _.Stop() =
        if not source.IsCancellationRequested then
            stop 15

    /// Cancelled by the first signal.
    member _.Token = source.Token

    /// 130 after Ctrl-C, 143 after SIGTERM; 0 before.
    member _.ExitCode = code

    interface IDisposable with
        member _.Dispose() =
            // A registration that nobody holds is finalized, and listens no more.
            registrations |> List.iter _.Dispose()
            source.Dispose()
